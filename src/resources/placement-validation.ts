// What is wrong with what a pod wants of its node, in Kubernetes' words: tolerations, affinity, spread.
import { duplicate, invalid, notSupported, required, type Cause } from "./cause.ts";
import { labelKeyProblems, labelValueProblems } from "./label-syntax.ts";
import { validateSelector } from "./metadata-validation.ts";
import type {
  NodeRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
} from "./pod.ts";

export function validatePlacement(spec: PodSpec, field: string): readonly Cause[] {
  const { affinity = {}, tolerations = [] } = spec;
  const wanted = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const hard = "requiredDuringSchedulingIgnoredDuringExecution";
  return [
    ...tolerations.flatMap((toleration, index) =>
      validateToleration(toleration, `${field}.tolerations[${index}]`),
    ),
    ...(wanted
      ? validateTerms(
          wanted.nodeSelectorTerms,
          `${field}.affinity.nodeAffinity.${hard}.nodeSelectorTerms`,
        )
      : []),
    ...(["podAffinity", "podAntiAffinity"] as const).flatMap((name) =>
      (affinity[name]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
        (term, index) => validatePodTerm(term, `${field}.affinity.${name}.${hard}[${index}]`),
      ),
    ),
    ...validateSpread(spec, `${field}.topologySpreadConstraints`),
  ];
}

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function validateToleration(toleration: Toleration, field: string): readonly Cause[] {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
  const causes: Cause[] = (key === "" ? [] : labelKeyProblems(key)).map((problem) =>
    invalid(`${field}.key`, key, problem),
  );
  if (key === "" && operator !== "Exists")
    causes.push(
      invalid(
        `${field}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  if (tolerationSeconds !== undefined && effect !== "NoExecute")
    causes.push(
      invalid(
        `${field}.effect`,
        effect,
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    );
  if (operator === "Exists" && value !== "")
    causes.push(
      invalid(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'"),
    );
  else if (operator === "Equal" || operator === "")
    causes.push(
      ...labelValueProblems(value).map((problem) => invalid(`${field}.operator`, value, problem)),
    );
  else if (operator !== "Exists")
    causes.push(notSupported(`${field}.operator`, operator, ["Equal", "Exists"]));
  if (effect !== "" && !effects.includes(effect))
    causes.push(notSupported(`${field}.effect`, effect, effects));
  return causes;
}

function validateTerms(terms: readonly NodeSelectorTerm[], field: string): readonly Cause[] {
  if (terms.length === 0) return [required(field, "must have at least one node selector term")];
  return terms.flatMap(({ matchExpressions = [], matchFields = [] }, index) => [
    ...matchExpressions.flatMap((expression, at) =>
      validateRequirement(expression, `${field}[${index}].matchExpressions[${at}]`),
    ),
    ...matchFields.flatMap((expression, at) =>
      validateFieldRequirement(expression, `${field}[${index}].matchFields[${at}]`),
    ),
  ]);
}

function validateRequirement(
  { key, operator, values = [] }: NodeRequirement,
  field: string,
): readonly Cause[] {
  const causes = labelKeyProblems(key).map((problem) => invalid(`${field}.key`, key, problem));
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length > 0) return causes;
      return [
        ...causes,
        required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"),
      ];
    case "Exists":
    case "DoesNotExist":
      if (values.length === 0) return causes;
      return [
        ...causes,
        invalid(
          `${field}.values`,
          values,
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
      ];
    case "Gt":
    case "Lt":
      if (values.length === 1) return causes;
      return [
        ...causes,
        required(
          `${field}.values`,
          "must be specified single value when `operator` is 'Lt' or 'Gt'",
        ),
      ];
    default:
      return [...causes, invalid(`${field}.operator`, operator, "not a valid selector operator")];
  }
}

function validateFieldRequirement(
  { key, operator, values = [] }: NodeRequirement,
  field: string,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (operator !== "In" && operator !== "NotIn")
    causes.push(invalid(`${field}.operator`, operator, "not a valid selector operator"));
  else if (values.length !== 1)
    causes.push(
      required(
        `${field}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (key !== "metadata.name")
    causes.push(invalid(`${field}.key`, key, "not a valid field selector key"));
  return causes;
}

function validatePodTerm(term: PodAffinityTerm, field: string): readonly Cause[] {
  const { topologyKey, labelSelector, namespaceSelector } = term;
  return [
    ...validateSelector(labelSelector, `${field}.labelSelector`),
    ...validateSelector(namespaceSelector, `${field}.namespaceSelector`),
    ...(topologyKey === ""
      ? [required(`${field}.topologyKey`, "can not be empty")]
      : labelKeyProblems(topologyKey).map((problem) =>
          invalid(`${field}.topologyKey`, topologyKey, problem),
        )),
  ];
}

const unsatisfiable = ["DoNotSchedule", "ScheduleAnyway"];

function validateSpread(
  { topologySpreadConstraints = [] }: PodSpec,
  field: string,
): readonly Cause[] {
  const seen = new Set<string>();
  return topologySpreadConstraints.flatMap((constraint, index) => {
    const at = `${field}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable } = constraint;
    const causes: Cause[] = [];
    if (maxSkew <= 0) causes.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
    if (topologyKey === "") causes.push(required(`${at}.topologyKey`, "can not be empty"));
    if (!unsatisfiable.includes(whenUnsatisfiable))
      causes.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, unsatisfiable));
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) causes.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    return causes;
  });
}
