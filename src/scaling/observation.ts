// What a decision is made from: one round's readings of every trigger, and the state of the target
// at that moment. Plain data; whoever observes fills it in, and nothing here asks anybody.

/** What one trigger said in this round. */
export type Reading = ValueReading | NoDataReading;

export type ValueReading = {
  readonly kind: "value";
  /** The metric's name as KEDA has it: `s0-prometheus`. */
  readonly trigger: string;
  readonly query?: string;
  /** The sum over the query's series (AverageValue) or its single value (Value), unrounded. */
  readonly value: number;
  /** Above zero. */
  readonly target: number;
  readonly metricType: "AverageValue" | "Value";
  /** The trigger is active when its value is strictly above this. */
  readonly activation: number;
  /**
   * Ready, non-terminating pods of the target that have no sample in this round, by name. Their
   * older samples must not be part of `value`.
   */
  readonly missingPods: readonly string[];
  /** How many series `value` was made from. */
  readonly series: number;
  /** NaN made by fresh samples (0/0, an idle histogram): nothing happens, which counts as zero. */
  readonly idle?: boolean;
};

/** Absent, stale or failing. It is not zero: the count is held. */
export type NoDataReading = {
  readonly kind: "noData";
  readonly trigger: string;
  /** A clause such as `the query returned no series`. */
  readonly detail: string;
};

export type Observation = {
  readonly nowMs: number;
  /** When the ScaledObject was created. */
  readonly createdAtMs: number;
  /** The count that the target's scale asks for. */
  readonly specReplicas: number;
  /** The count of pods that exist. */
  readonly statusReplicas: number;
  readonly readyReplicas: number;
  readonly readings: readonly Reading[];
  /**
   * The aligned scrape round that the readings belong to. Growing then takes the agreement of two
   * successive rounds. Leave it out for servers that are polled: their rounds lie far apart, so
   * agreement would cost a whole polling interval, and none is asked.
   */
  readonly round?: { readonly atMs: number; readonly intervalMs: number };
  /** Pods of the target that no node has room for, and the resource that is short. */
  readonly unschedulable?: { readonly pods: number; readonly resource: string };
};
