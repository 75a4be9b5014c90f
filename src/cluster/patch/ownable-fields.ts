// Which fields of a write can have an owner at all: not those that identify the object or that the
// server sets, and not the ones that a write to this subresource leaves alone.
import type { Resource } from "../resource-catalog.ts";
import { emptySet, isEmptySet } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";

const unowned: readonly string[] = [
  ".",
  "f:name",
  "f:namespace",
  "f:uid",
  "f:resourceVersion",
  "f:generation",
  "f:creationTimestamp",
  "f:selfLink",
  "f:clusterName",
  "f:managedFields",
];

export function ownableFields(
  fields: FieldSet,
  { kind }: Resource,
  subresource: string | undefined,
): FieldSet {
  const { "f:status": status, "f:metadata": metadata, ...rest } = fields;
  if (subresource === "status") return status ? { "f:status": status } : emptySet;
  const { "f:apiVersion": _apiVersion, "f:kind": _kind, ...main } = rest;
  const ownMetadata = Object.entries(metadata ?? {}).filter(
    ([element]) => !unowned.includes(element),
  );
  const owned: FieldSet = {
    ...(ownMetadata.length > 0 && { "f:metadata": Object.fromEntries(ownMetadata) }),
    ...main,
    ...(status && kind.subresources?.status !== true && { "f:status": status }),
  };
  return isEmptySet(owned) ? emptySet : owned;
}
