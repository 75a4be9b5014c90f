// The annotation in which client-side apply keeps what it applied last. `kubectl apply --server-side`
// takes such objects over: what they hold as the annotation says is kubectl's own, and the annotation
// follows, so that one may go back.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import { annotationBytesMax } from "../../resources/metadata-validation.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Resource } from "../resource-catalog.ts";
import { differenceOf, fieldsOf } from "./field-difference.ts";
import { difference, emptySet } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The fields that the live object holds just as client-side apply left them. */
export function fieldsOfLastApplied(
  schema: Schema,
  { kind }: Resource,
  live: KubeObject,
): FieldSet {
  const applied = parse(live.metadata.annotations?.[lastApplied]);
  if (!isJsonObject(applied) || applied["apiVersion"] !== apiVersionOf(kind)) return emptySet;
  const { changed, removed } = differenceOf(schema, applied, live);
  return difference(difference(fieldsOf(schema, applied), changed), removed);
}

/** The object with the annotation brought up to date, where it has one. */
export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const { [lastApplied]: old, ...others } = object.metadata.annotations ?? {};
  if (old === undefined) return object;
  const { [lastApplied]: _own, ...annotations } = applied.metadata.annotations ?? {};
  const { annotations: _all, ...metadata } = applied.metadata;
  const hasAnnotations = Object.keys(annotations).length > 0;
  const configuration = {
    ...applied,
    metadata: hasAnnotations ? { annotations, ...metadata } : metadata,
  };
  const text = `${JSON.stringify(configuration)}\n`;
  if (text === old) return object;
  // One that does not fit is of no use to anybody.
  const fits = text.length < annotationBytesMax;
  const next = fits ? { ...others, [lastApplied]: text } : others;
  return { ...object, metadata: { ...object.metadata, annotations: next } };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null") as unknown;
  } catch {
    return undefined;
  }
}
