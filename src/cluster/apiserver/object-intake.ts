// From a request's body to an object that fits its kind: what is unknown is reported or dropped,
// what has the wrong shape is refused in Kubernetes' words.
import { isJsonObject } from "../../lib/json.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import type { KubeObject, ObjectMeta } from "../../resources/object.ts";
import { badRequest, invalidObject } from "../api-status.ts";
import type { ApiProblem } from "../api-status.ts";
import { decodeProblem } from "../schema/decode-words.ts";
import { duplicateKeys } from "../schema/duplicate-keys.ts";
import { objectSchema } from "../schema/object-schema.ts";
import type { Resource } from "../resource-catalog.ts";
import { prune } from "../schema/schema-unknown.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export type IntakeOptions = {
  readonly resource: Resource;
  readonly validation: FieldValidation;
  readonly warn: (text: string) => void;
  /** The JSON text of the object, where there is one. */
  readonly text?: string | undefined;
  /** Whether the object came out of a patch: problems are then problems of the patch. */
  readonly isPatched?: boolean;
};

/** Throws 400 (422 for a patch) unless the value is an object of this kind and version. */
export function intake(
  value: Readonly<Record<string, unknown>>,
  options: IntakeOptions,
): KubeObject {
  const { resource, validation } = options;
  requireKind(resource, value);
  const problems = validation === "Ignore" ? [] : repeatedFields(value, options.text);
  const pruned = prune(objectSchema(resource), value, {
    dropsNull: !resource.custom,
    onUnknown: (path) => problems.push(`unknown field "${path}"`),
  }) as Readonly<Record<string, unknown>>;
  const misfit = resource.custom
    ? decodeProblem(objectMetaSchema, pruned["metadata"], "ObjectMeta", "metadata")
    : decodeProblem(objectSchema(resource), pruned, resource.kind.kind);
  if (misfit !== undefined) throw refusal(misfit, options);
  if (problems.length > 0 && validation === "Strict")
    throw refusal(`strict decoding error: ${problems.join(", ")}`, options);
  if (validation === "Warn") problems.forEach(options.warn);
  const metadata = isJsonObject(pruned["metadata"]) ? pruned["metadata"] : {};
  const { kind } = resource;
  return {
    ...pruned,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: keptMetadata(metadata),
  };
}

function requireKind({ kind }: Resource, value: Readonly<Record<string, unknown>>): void {
  const apiVersion = apiVersionOf(kind);
  const given = {
    apiVersion: value["apiVersion"] ?? apiVersion,
    kind: value["kind"] ?? kind.kind,
  };
  if (given.kind !== kind.kind)
    throw badRequest(
      `the kind in the data (${JSON.stringify(given.kind)}) does not match the expected kind (${kind.kind})`,
    );
  if (given.apiVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${JSON.stringify(given.apiVersion)}) does not match the expected API version (${apiVersion})`,
    );
}

function repeatedFields(value: unknown, text: string | undefined): string[] {
  if (text === undefined) return [];
  return duplicateKeys(text, value).map((path) => `duplicate field "${path}"`);
}

function refusal(problem: string, { resource, isPatched }: IntakeOptions): ApiProblem {
  const { kind, version } = resource.kind;
  if (!isPatched)
    return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`);
  // Upstream quotes the whole patch, in which a reader does not find the field.
  return invalidObject({ group: "", kind: "" }, "", [
    { reason: "FieldValueInvalid", field: "patch", message: problem },
  ]);
}

/**
 * Without what this server does not keep. Metadata is a Go struct for custom kinds too, so null means
 * absent in it. An empty name is one that was not given.
 */
function keptMetadata(metadata: Readonly<Record<string, unknown>>): ObjectMeta {
  const { selfLink: _selfLink, ...rest } = metadata;
  const dropNull = { dropsNull: true, onUnknown: () => {} };
  const kept = prune(objectMetaSchema, rest, dropNull) as Readonly<Record<string, unknown>>;
  return { name: "", ...kept };
}
