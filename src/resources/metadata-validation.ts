// The rules of metadata that hold for every kind: names, labels, annotations, owners. The wording is
// that of Kubernetes.
import { forbidden, invalid, required, tooLong, type Cause } from "./cause.ts";
import type { Kind } from "./kind.ts";
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
} from "./label-syntax.ts";
import type { LabelSelector, ObjectMeta } from "./object.ts";

/** Upstream's limit on the keys and values of all annotations together. */
export const annotationBytesMax = 262_144;

/** Everything that is wrong with the metadata of an object of this kind, `old` at an update. */
export function validateMetadata(
  kind: Pick<Kind, "group" | "plural">,
  metadata: ObjectMeta,
  old?: ObjectMeta,
): readonly Cause[] {
  return [
    ...validateName(kind, metadata),
    ...validateLabels(metadata.labels, "metadata.labels"),
    ...validateAnnotations(metadata.annotations, "metadata.annotations"),
    ...validateOwners(metadata),
    ...validateFinalizers(metadata, old),
  ];
}

/** A generateName is checked as the name that it becomes, so that a dash may stand at its end. */
function validateName(
  kind: Pick<Kind, "group" | "plural">,
  { name, generateName }: Pick<ObjectMeta, "name" | "generateName">,
): readonly Cause[] {
  const problemsOf = nameRuleOf(kind);
  const prefix = (generateName ?? "").replace(/-$/, "a");
  const causes = (prefix === "" ? [] : problemsOf(prefix)).map((problem) =>
    invalid("metadata.generateName", generateName, problem),
  );
  if (name === "") {
    if (prefix === "") causes.push(required("metadata.name", "name or generateName is required"));
    return causes;
  }
  return [...causes, ...problemsOf(name).map((problem) => invalid("metadata.name", name, problem))];
}

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  field: string,
): readonly Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyProblems(key).map((problem) => invalid(field, key, problem)),
    ...labelValueProblems(value).map((problem) => invalid(field, value, problem)),
  ]);
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): readonly Cause[] {
  const encoder = new TextEncoder();
  let bytes = 0;
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Annotation keys may be in capitals where labels may not.
    for (const problem of labelKeyProblems(key.toLowerCase()))
      causes.push(invalid(field, key, problem));
    bytes += encoder.encode(key).length + encoder.encode(value).length;
  }
  if (bytes > annotationBytesMax) causes.push(tooLong(field, annotationBytesMax));
  return causes;
}

/** What is wrong with the selector of an object; whether it selects anything is not asked here. */
export function validateSelector(
  selector: LabelSelector | undefined,
  field: string,
): readonly Cause[] {
  const expressions = (selector?.matchExpressions ?? []).flatMap((expression, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    const values = expression.values ?? [];
    const wantsValues = expression.operator === "In" || expression.operator === "NotIn";
    const known = ["In", "NotIn", "Exists", "DoesNotExist"].includes(expression.operator);
    return [
      ...labelKeyProblems(expression.key).map((problem) =>
        invalid(`${at}.key`, expression.key, problem),
      ),
      ...(known
        ? []
        : [invalid(`${at}.operator`, expression.operator, "not a valid selector operator")]),
      ...(wantsValues && values.length === 0
        ? [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
        : []),
      ...(known && !wantsValues && values.length > 0
        ? [
            invalid(
              `${at}.values`,
              values,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ]
        : []),
    ];
  });
  return [...validateLabels(selector?.matchLabels, `${field}.matchLabels`), ...expressions];
}

function nameRuleOf({ group, plural }: Pick<Kind, "group" | "plural">) {
  if (group === "" && plural === "namespaces") return dnsLabelProblems;
  if (group === "" && plural === "services") return dns1035LabelProblems;
  return dnsSubdomainProblems;
}

/** Whoever deletes must be able to see the end of it: what is being deleted gets no new finalizers. */
function validateFinalizers(
  { finalizers = [] }: ObjectMeta,
  old: ObjectMeta | undefined,
): readonly Cause[] {
  const field = "metadata.finalizers";
  const misnamed = finalizers.flatMap((name) =>
    labelKeyProblems(name).map((problem) => invalid(field, name, problem)),
  );
  if (old?.deletionTimestamp === undefined) return misnamed;
  const added = finalizers.filter((name) => !old.finalizers?.includes(name));
  if (added.length === 0) return misnamed;
  const list = added.map((name) => JSON.stringify(name)).join(", ");
  return [
    ...misnamed,
    forbidden(
      field,
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ];
}

function validateOwners({ ownerReferences = [] }: ObjectMeta): readonly Cause[] {
  const causes = ownerReferences.flatMap((owner, index) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((key) => owner[key] === "")
      .map((key) => invalid(`metadata.ownerReferences[${index}].${key}`, "", "must not be empty")),
  );
  const controllers = ownerReferences.filter(({ controller }) => controller === true);
  if (controllers.length <= 1) return causes;
  const names = controllers.map(({ kind, name }) => `${kind} ${name}`).join(" and ");
  return [
    ...causes,
    invalid(
      "metadata.ownerReferences",
      controllers.map(({ name }) => name),
      `Only one reference can have Controller set to true. Found "true" in references for ${names}`,
    ),
  ];
}
