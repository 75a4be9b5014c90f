// The patch formats of the API, told apart by content type, each as a function from an object to
// the object that the client wants. Server-side apply, which needs to know the client, has files of
// its own.
import fastJsonPatch from "fast-json-patch";
import type { Operation } from "fast-json-patch";
import { isJsonObject, isTooDeep, jsonDepthMax } from "../../lib/json.ts";
import { ApiProblem, badRequest, unsupportedMediaType } from "../api-status.ts";
import { mergePatch } from "./merge-patch.ts";
import { objectSchema } from "../schema/object-schema.ts";
import type { Resource } from "../resource-catalog.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** Both limits are upstream's. */
const operationsMax = 10_000;
const copiedMax = 3 * 1024 * 1024;

export type PatchFunction = (object: object) => unknown;

/** Throws 415 for a format that the resource does not take, 400 for a body that is no such patch. */
export function patchFunction(
  contentType: string,
  body: unknown,
  resource: Resource,
): PatchFunction {
  switch (contentType) {
    case "application/merge-patch+json":
      requireObject(body);
      return (object) => mergePatch(object, body);
    case "application/strategic-merge-patch+json": {
      if (resource.custom) throw unknownFormat(resource);
      requireObject(body);
      const schema = objectSchema(resource);
      return (object) => strategicMerge(schema, object, body);
    }
    case "application/json-patch+json":
      if (!Array.isArray(body)) throw badRequest("a JSON patch is a list of operations");
      if (body.length > operationsMax)
        throw new ApiProblem(
          413,
          "RequestEntityTooLarge",
          `Request entity too large: The allowed maximum operations in a JSON patch is ${operationsMax}, got ${body.length}`,
        );
      return (object) => jsonPatch(object, body as readonly Operation[]);
    default:
      throw unknownFormat(resource);
  }
}

function unknownFormat({ custom }: Resource): ApiProblem {
  const accepted = [
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(custom ? [] : ["application/strategic-merge-patch+json"]),
    "application/apply-patch+yaml",
  ];
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

/** RFC 6902. The library changes what it is given, so it gets a copy of its own. */
function jsonPatch(object: object, operations: readonly Operation[]): unknown {
  try {
    let patched: unknown = JSON.parse(JSON.stringify(object));
    let copied = 0;
    for (const operation of operations) {
      copied += copiedLength(patched, operation);
      if (copied > copiedMax)
        throw new Error(
          `Unable to copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${copiedMax}`,
        );
      patched = fastJsonPatch.applyOperation(patched, operation, true).newDocument;
    }
    // Each part of it was shallow enough; what they make together need not be.
    if (isTooDeep(patched))
      throw new Error(`the patched object is nested more than ${jsonDepthMax} levels deep`);
    return patched;
  } catch (error) {
    const detail = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new ApiProblem(
      422,
      "Invalid",
      `the server rejected our request due to an error in our request: ${detail}`,
    );
  }
}

/** How much a copy adds: a patch that copies its own copies would double the object again and again. */
function copiedLength(document: unknown, operation: Operation): number {
  if (!isJsonObject(operation) || operation.op !== "copy") return 0;
  const value: unknown = fastJsonPatch.getValueByPointer(document, operation.from);
  return JSON.stringify(value)?.length ?? 0;
}

function requireObject(body: unknown): asserts body is Readonly<Record<string, unknown>> {
  if (!isJsonObject(body)) throw badRequest("the patch is not a JSON object");
}
