// What the metadata of every object must look like: its name, labels, annotations and owners.
import type { Cause } from "../resources/cause.ts";
import { forbidden, invalid, required } from "../resources/cause.ts";
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
} from "../resources/label-syntax.ts";
import type { ObjectMeta } from "../resources/object.ts";
import type { Resource } from "./resource-catalog.ts";

/** Upstream's limit on all annotations together. */
export const annotationBytesMax = 256 * 1024;

export function metadataCauses(resource: Resource, metadata: ObjectMeta): Cause[] {
  return [
    ...nameCauses(resource, metadata),
    ...labelCauses(metadata.labels ?? {}),
    ...annotationCauses(metadata.annotations ?? {}),
    ...ownerCauses(metadata),
  ];
}

function nameCauses({ storageId }: Resource, { name }: ObjectMeta): readonly Cause[] {
  if (name === "") return [required("metadata.name", "name or generateName is required")];
  const problems =
    storageId === "namespaces"
      ? dnsLabelProblems(name)
      : storageId === "services"
        ? dns1035LabelProblems(name)
        : dnsSubdomainProblems(name);
  return problems.map((problem) => invalid("metadata.name", name, problem));
}

function labelCauses(labels: Readonly<Record<string, string>>): readonly Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...labelKeyProblems(key).map((problem) => invalid("metadata.labels", key, problem)),
    ...labelValueProblems(value).map((problem) => invalid("metadata.labels", value, problem)),
  ]);
}

function annotationCauses(annotations: Readonly<Record<string, string>>): readonly Cause[] {
  let bytes = 0;
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of labelKeyProblems(key.toLowerCase()))
      causes.push(invalid("metadata.annotations", key, problem));
  }
  if (bytes > annotationBytesMax)
    causes.push({
      reason: "FieldValueInvalid",
      field: "metadata.annotations",
      message: `Too long: may not be more than ${annotationBytesMax} bytes`,
    });
  return causes;
}

function ownerCauses({ ownerReferences = [] }: ObjectMeta): readonly Cause[] {
  const controllers = ownerReferences.filter((owner) => owner.controller === true);
  if (controllers.length <= 1) return [];
  const detail = "Only one reference can have Controller set to true";
  return [forbidden("metadata.ownerReferences", detail)];
}
