// A query that somebody waits for: which producers of samples feed it, and how far its present round
// has come. It only keeps the account; when a round opens and who is told, rounds.ts says.
import assert from "node:assert/strict";
import { labelValue, metricNameLabel, type Labels } from "../metrics/labels.ts";
import { compileMatcher, matchesAll, type CompiledMatcher } from "../metrics/matcher.ts";
import { selectorsOf, type Expr, type VectorSelector } from "../promql/ast.ts";
import type { MissingTarget, Round } from "./round.ts";

/** A target, with what is known of it. */
export type Producer = {
  readonly labels: Labels;
  intervalMs: number;
  /** The instant that it is, or was last, asked for; NaN before the first. */
  atMs: number;
  /** The round that it has been asked for and has not reported for yet. */
  round: OpenRound | undefined;
  /** Why its last report brought no samples. */
  error: string | undefined;
  /** Whether it has given samples once. */
  isKnown: boolean;
  /** Whether it is worth waiting for though nobody knows its series: it answers, if only that it cannot. */
  isPrompt: boolean;
  /** Its series by the metric's name. */
  readonly series: Map<string, Set<Labels>>;
  readonly ended: Set<Labels>;
  /** The queries that it feeds, with the number of matches. */
  readonly queries: Map<WatchedQuery, number>;
  /** The queries that it may feed, for all that its labels tell; none once its series are known. */
  readonly hopes: Set<WatchedQuery>;
};

export type OpenRound = {
  readonly deadlineMs: number;
  /** How many of its targets have not reported. */
  open: number;
  cancelDeadline: () => void;
};

export type WatchedSelector = {
  /** Undefined where the selector names no metric, or several. */
  readonly name: string | undefined;
  readonly matchers: readonly CompiledMatcher[];
  /** The producers of series that match, with the number of these series. */
  readonly feeders: Map<Producer, number>;
};

export type WatchedQuery = {
  readonly selectors: readonly WatchedSelector[];
  readonly listener: (round: Round) => void;
  /** The producers that feed any of the selectors. */
  readonly feeders: Set<Producer>;
  /** The producers that may feed it: their series are not known yet. */
  readonly hopefuls: Set<Producer>;
  /** The instant of the open round, or of the last one; NaN before the first. */
  atMs: number;
  isOpen: boolean;
  intervalMs: number;
  /** How many producers the open round waits for. */
  pending: number;
  /** Whether some producer may be missing; spares the search for it in all other rounds. */
  mayMiss: boolean;
};

export function watchedQuery(expr: Expr, listener: (round: Round) => void): WatchedQuery {
  return {
    selectors: selectorsOf(expr).map(watchedSelector),
    listener,
    feeders: new Set(),
    hopefuls: new Set(),
    atMs: Number.NaN,
    isOpen: false,
    intervalMs: 0,
    pending: 0,
    mayMiss: false,
  };
}

export function newProducer(labels: Labels): Producer {
  return {
    labels,
    intervalMs: 0,
    atMs: Number.NaN,
    round: undefined,
    error: undefined,
    isKnown: false,
    isPrompt: true,
    series: new Map(),
    ended: new Set(),
    queries: new Map(),
    hopes: new Set(),
  };
}

function watchedSelector({ name, matchers }: VectorSelector): WatchedSelector {
  const compiled = matchers.map((matcher) => {
    const result = compileMatcher(matcher);
    assert.ok(result.kind === "compiled", "the parser has compiled every matcher before");
    return result.matcher;
  });
  const named = compiled.find(({ label, op }) => label === metricNameLabel && op === "=")?.value;
  return { name: name ?? named, matchers: compiled, feeders: new Map() };
}

/** `labels` are those of a series; its name has been compared already where the selector has one. */
export const selects = ({ matchers }: WatchedSelector, labels: Labels): boolean =>
  matchesAll(matchers, labels);

/**
 * Whether a target may have series that the query selects, as far as its own labels tell: they are on
 * all of its series. What they do not have, a page may.
 */
export function mayFeed(targetLabels: Labels, { selectors }: WatchedQuery): boolean {
  return selectors.some(({ matchers }) =>
    matchers.every(({ label, accepts }) => {
      const value = labelValue(targetLabels, label);
      return value === "" || accepts(value);
    }),
  );
}

/**
 * The time between the query's instants if `atMs` is one of them, else undefined. The instants of a
 * selector are those of its slowest targets: between these, some of its samples are older than others,
 * and what moved from one replica to another would be counted twice. The instants of the query are
 * those of any of its selectors, so that a slow side (what kind of GPU a pod has) does not hold up a
 * fast one (what it has to do).
 */
export function instantAt({ selectors }: WatchedQuery, atMs: number): number | undefined {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { feeders } of selectors) {
    let slowestMs = 0;
    let isDue = false;
    for (const producer of feeders.keys()) {
      if (producer.intervalMs < slowestMs) continue;
      if (producer.intervalMs > slowestMs) isDue = false;
      slowestMs = producer.intervalMs;
      isDue ||= producer.atMs === atMs;
    }
    if (isDue) shortestMs = Math.min(shortestMs, slowestMs);
  }
  return shortestMs === Number.POSITIVE_INFINITY ? undefined : shortestMs;
}

/** Whether the query's open round ends only after this producer's report. */
export function waitsFor(query: WatchedQuery, producer: Producer): boolean {
  return (
    query.isOpen &&
    producer.round !== undefined &&
    query.atMs === producer.atMs &&
    (producer.queries.has(query) || (producer.isPrompt && producer.hopes.has(query)))
  );
}

/** Who gave nothing for the round, whether asked for this instant or before it. */
export function missingFrom(query: WatchedQuery): readonly MissingTarget[] {
  const { feeders, hopefuls, atMs } = query;
  const missing: MissingTarget[] = [];
  const look = (producer: Producer, isKnown: boolean): void => {
    const isLate = producer.round !== undefined && producer.atMs === atMs;
    const error = producer.error ?? (isLate ? "no answer yet" : undefined);
    if (error !== undefined) missing.push({ labels: producer.labels, error, isKnown });
  };
  for (const producer of feeders) look(producer, true);
  for (const producer of hopefuls) if (!feeders.has(producer)) look(producer, false);
  return missing;
}
