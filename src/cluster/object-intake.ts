// From a request's body to an object that fits its kind: what is unknown is reported or dropped,
// what has the wrong shape is refused in Kubernetes' words.
import { apiVersionOf } from "../resources/kind.ts";
import type { KubeObject, ObjectMeta } from "../resources/object.ts";
import { isJsonObject } from "../lib/json.ts";
import { badRequest } from "./api-status.ts";
import type { Body } from "./request-body.ts";
import type { Resource } from "./resource-catalog.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** Throws 400 unless the body is an object of this kind and version. */
export function intake(
  resource: Resource,
  body: Readonly<Record<string, unknown>>,
  _validation: FieldValidation,
  _source: Body | undefined,
  _warn: (text: string) => void,
  _patch?: unknown,
): KubeObject {
  const { kind } = resource;
  const apiVersion = apiVersionOf(kind);
  const given = { apiVersion: body["apiVersion"] ?? apiVersion, kind: body["kind"] ?? kind.kind };
  if (given.apiVersion !== apiVersion || given.kind !== kind.kind)
    throw badRequest(
      `the API version in the data (${String(given.apiVersion)}, kind ${String(given.kind)}) does not match the expected API version (${apiVersion}, kind ${kind.kind})`,
    );
  const metadata = isJsonObject(body["metadata"]) ? body["metadata"] : {};
  return {
    ...body,
    apiVersion,
    kind: kind.kind,
    metadata: cleanMetadata(metadata),
  };
}

/** Without what the server does not keep; an empty name is one that was not given. */
function cleanMetadata(metadata: Readonly<Record<string, unknown>>): ObjectMeta {
  const { managedFields: _managedFields, selfLink: _selfLink, ...rest } = metadata;
  const kept = Object.entries(rest).filter(([, value]) => value !== null);
  return { name: "", ...Object.fromEntries(kept) };
}
