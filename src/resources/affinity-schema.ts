// The schema of what a pod wants of the place where it runs: affinity to nodes and to other pods.
import { labelSelectorSchema } from "./object-meta-schema.ts";
import { atomic, int32, list, object, string, type Schema } from "./schema.ts";

const nodeRequirement = object(
  { key: string, operator: string, values: list(string) },
  "key",
  "operator",
);

const nodeSelectorTerm = atomic(
  object({
    matchExpressions: list(nodeRequirement),
    matchFields: list(nodeRequirement),
  }),
);

const podAffinityTerm = object(
  {
    labelSelector: labelSelectorSchema,
    topologyKey: string,
    namespaces: list(string),
    namespaceSelector: labelSelectorSchema,
    matchLabelKeys: list(string),
    mismatchLabelKeys: list(string),
  },
  "topologyKey",
);

const podAffinity = object({
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    object({ weight: int32, podAffinityTerm }, "weight", "podAffinityTerm"),
  ),
});

export const affinitySchema: Schema = object({
  nodeAffinity: object({
    requiredDuringSchedulingIgnoredDuringExecution: atomic(
      object({ nodeSelectorTerms: list(nodeSelectorTerm) }, "nodeSelectorTerms"),
    ),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object({ weight: int32, preference: nodeSelectorTerm }, "weight", "preference"),
    ),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
});
