// The patch formats of the API, told apart by content type, each as a function from an object to
// the object that the client wants. Server-side apply, which needs to know the client, has files of
// its own.
import fastJsonPatch from "fast-json-patch";
import type { Operation } from "fast-json-patch";
import { isJsonObject } from "../../lib/json.ts";
import { ApiProblem, badRequest, unsupportedMediaType } from "../api-status.ts";
import { mergePatch } from "./merge-patch.ts";
import { objectSchema } from "../schema/object-schema.ts";
import type { Resource } from "../resource-catalog.ts";
import { strategicMerge } from "./strategic-merge.ts";

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
    const copy: unknown = JSON.parse(JSON.stringify(object));
    return fastJsonPatch.applyPatch(copy, operations, true).newDocument;
  } catch (error) {
    const detail = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new ApiProblem(
      422,
      "Invalid",
      `the server rejected our request due to an error in our request: ${detail}`,
    );
  }
}

function requireObject(body: unknown): asserts body is Readonly<Record<string, unknown>> {
  if (!isJsonObject(body)) throw badRequest("the patch is not a JSON object");
}
