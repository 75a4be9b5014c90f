// Whose share of the store a series takes: that of its service. A pod whose labels explode fills the
// share of its own service, and the others go on.
import { nameLetters } from "../lib/random.ts";
import { labelValue, type Labels } from "./labels.ts";

export type LimitGroup = {
  readonly name: string;
  seriesCount: number;
  /** What the series count against the limit: more than one each where labels are long. */
  places: number;
  sampleCount: number;
  /** Refusals by reason. */
  readonly refused: Map<string, number>;
  /** Samples dropped before their window was over. */
  evicted: number;
};

/**
 * `namespace/workload` of the pod that the labels name, as far as they do; else the job; else "". The
 * workload is the pod's name without what controllers append: `-<hash>-<5 letters>` of a Deployment,
 * `-<5 letters>` of a DaemonSet or Job, `-<number>` of a StatefulSet.
 */
export function limitGroupOf(labels: Labels): string {
  const pod = labelValue(labels, "pod");
  if (pod === "") return labelValue(labels, "job");
  const workload = pod.replace(generatedSuffix, "");
  const namespace = labelValue(labels, "namespace");
  return namespace === "" ? workload : `${namespace}/${workload}`;
}

const generatedSuffix = new RegExp(`(?:(?:-[${nameLetters}]{6,10})?-[${nameLetters}]{5}|-\\d+)$`);
