// Why a decision is what it is, as data, and the one place that puts it into words. Events,
// conditions, the log and the screen all show these sentences unchanged; they hold no running
// times ("for 12 s"), so that an unchanged reason stays the same text.
import { formatTimestamp } from "../lib/timestamp.ts";
import type { Decision } from "./decide.ts";
import type { RateRule } from "./policy.ts";

export type Reason =
  /** The arithmetic: `value` / `target` (× `pods` for Value) = `quotient`, rounded up to `count`. */
  | {
      readonly kind: "target";
      readonly trigger: string;
      readonly query?: string;
      readonly metricType: "AverageValue" | "Value";
      readonly value: number;
      readonly target: number;
      readonly pods?: number;
      readonly quotient: number;
      readonly count: number;
    }
  | {
      readonly kind: "withinTolerance";
      readonly trigger: string;
      readonly metricType: "AverageValue" | "Value";
      readonly value: number;
      readonly target: number;
      readonly ratio: number;
      readonly allowed: number;
      readonly count: number;
    }
  /** `count` is what the trigger wants once the missing samples are counted as said. */
  | {
      readonly kind: "missingSamples";
      readonly trigger: string;
      readonly pods: readonly string[];
      readonly countedAs: "target" | "zero";
      readonly count: number;
    }
  /** Value multiplies by Ready pods; that so few are ready does not turn growth into shrinking. */
  | { readonly kind: "notReady"; readonly ready: number; readonly count: number }
  | { readonly kind: "idle"; readonly trigger: string }
  /** Another trigger wanted less; the largest wish wins. */
  | { readonly kind: "outvoted"; readonly trigger: string; readonly count: number }
  | {
      readonly kind: "noData";
      readonly trigger: string;
      readonly detail: string;
      readonly sinceMs: number;
    }
  /** Others want less, but a trigger without data might not. */
  | { readonly kind: "shrinkBlocked"; readonly wish: number; readonly triggers: readonly string[] }
  | { readonly kind: "awaitingAgreement"; readonly wish: number }
  | {
      readonly kind: "agreed";
      readonly wish: number;
      readonly before: number;
      readonly count: number;
    }
  | {
      readonly kind: "stabilised";
      readonly direction: "up" | "down";
      readonly wish: number;
      readonly windowMs: number;
      /** The highest (down) or lowest (up) recommendation inside the window. */
      readonly bound: number;
    }
  | {
      readonly kind: "rateLimited";
      readonly direction: "up" | "down";
      readonly wish: number;
      readonly limit: number;
      readonly rates: readonly RateRule[];
    }
  | { readonly kind: "directionDisabled"; readonly direction: "up" | "down"; readonly wish: number }
  | { readonly kind: "min"; readonly wish: number; readonly min: number }
  | { readonly kind: "max"; readonly wish: number; readonly max: number }
  /** The count was outside its bounds, whatever the metrics say. */
  | { readonly kind: "outOfBounds"; readonly min: number; readonly max: number }
  | {
      readonly kind: "capped";
      readonly wish: number;
      readonly resource: string;
      readonly pods: number;
      readonly running: number;
    }
  | {
      readonly kind: "activated";
      readonly trigger: string;
      readonly value: number;
      readonly activation: number;
    }
  | { readonly kind: "inactive" }
  | { readonly kind: "cooldown"; readonly untilMs: number }
  | { readonly kind: "cooledDown"; readonly cooldownMs: number };

export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case "target":
      return describeTarget(reason);
    case "withinTolerance": {
      const load = `${figure(reason.value)}${reason.metricType === "Value" ? "" : " in total"}`;
      const goal = `${figure(reason.target)}${reason.metricType === "Value" ? "" : " per replica"}`;
      const share = figure(reason.allowed * 100);
      return `${load} / ${goal} is within ${share} % of ${counted(reason.count, "replica")}`;
    }
    case "missingSamples": {
      const [first = "", ...others] = reason.pods;
      const from = others.length === 0 ? first : `${first} and ${others.length} more`;
      const as = reason.countedAs === "zero" ? "counts as idle" : "counts as on target";
      return `no sample from ${from}, which ${as}: ${reason.count}`;
    }
    case "notReady":
      return `${counted(reason.ready, "pod")} of ${reason.count} ready is no reason to go the other way`;
    case "idle":
      return `${reason.trigger} is NaN because nothing happens, which counts as 0`;
    case "outvoted":
      return `${reason.trigger} alone would want ${reason.count}`;
    case "noData":
      return `${reason.trigger} has had no data since ${formatTimestamp(reason.sinceMs)}: ${reason.detail}`;
    case "shrinkBlocked":
      return `${reason.wish} would do, but nothing shrinks while ${reason.triggers.join(", ")} has no data`;
    case "awaitingAgreement":
      return `growing to ${reason.wish} waits for the next round to agree`;
    case "agreed":
      return `two rounds in a row want ${reason.before} and ${reason.wish}: the smaller counts`;
    case "stabilised":
      return describeStabilised(reason);
    case "rateLimited": {
      const rates = reason.rates.map(describeRate).join(" or ");
      const verb = reason.direction === "up" ? "growing" : "shrinking";
      return `${verb} to ${reason.wish} is limited to ${reason.limit} (${rates})`;
    }
    case "directionDisabled":
      return `scaling ${reason.direction} to ${reason.wish} is disabled by selectPolicy`;
    case "min":
      return `${reason.wish} is below the minimum of ${reason.min}`;
    case "max":
      return `${reason.wish} is above the maximum of ${reason.max}`;
    case "outOfBounds":
      return `the count must lie between ${reason.min} and ${reason.max}`;
    case "capped":
      return `capped by ${reason.resource}: ${reason.wish} wanted, no node has room for more than ${reason.running}`;
    case "activated":
      return `${reason.trigger} is active (${figure(reason.value)} > ${figure(reason.activation)})`;
    case "inactive":
      return "no trigger is active";
    case "cooldown":
      return `no trigger is active; zero from ${formatTimestamp(reason.untilMs)} on`;
    case "cooledDown":
      return `no trigger was active for ${seconds(reason.cooldownMs)}`;
  }
}

/** One line: `scale 1 → 3: 5 in total / 2 per replica = 2.5 → 3`. */
export function describeDecision(decision: Decision): string {
  const what =
    decision.kind === "scale"
      ? `scale ${decision.from} → ${decision.to}`
      : `hold at ${decision.at}`;
  return `${what}: ${decision.because.map(describeReason).join("; ")}`;
}

function describeTarget(reason: Reason & { kind: "target" }): string {
  const { value, target, quotient, count, pods } = reason;
  const result = `${figure(quotient)}${figure(quotient) === String(count) ? "" : ` → ${count}`}`;
  if (reason.metricType === "AverageValue")
    return `${figure(value)} in total / ${figure(target)} per replica = ${result}`;
  const factor = pods === undefined ? "" : ` × ${counted(pods, "pod")}`;
  return `${figure(value)} / ${figure(target)}${factor} = ${result}`;
}

function describeStabilised(reason: Reason & { kind: "stabilised" }): string {
  const window = seconds(reason.windowMs);
  return reason.direction === "down"
    ? `${reason.wish} would do, but ${reason.bound} was wanted in the last ${window}`
    : `${reason.wish} is wanted, but only ${reason.bound} all through the last ${window}`;
}

function describeRate(rate: RateRule): string {
  switch (rate.kind) {
    case "pods":
      return `${counted(rate.pods, "pod")} per ${seconds(rate.periodMs)}`;
    case "percent":
      return `${figure(rate.percent)} % per ${seconds(rate.periodMs)}`;
    case "upTo":
      return `up to ${rate.count}`;
  }
}

/** At most three decimals, or three digits of what is smaller than one. */
function figure(value: number): string {
  return String(Number(Math.abs(value) < 1 ? value.toPrecision(3) : value.toFixed(3)));
}

function seconds(durationMs: number): string {
  return `${figure(durationMs / 1000)} s`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
