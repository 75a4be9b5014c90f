// Tells whoever waits for a query when a round of samples that can change its result is complete:
// every live target that feeds one of its selectors has reported for this instant, or the deadline has
// passed. Which target feeds which query is worked out when a series appears and when somebody
// subscribes; a report then touches only the queries that it concerns. docs/metrics.md has the rules.
import type { Clock } from "../lib/clock.ts";
import { stackOf } from "../lib/error-text.ts";
import { labelValue, metricNameLabel, type Labels } from "../metrics/labels.ts";
import type { Expr } from "../promql/ast.ts";
import type { Round, RoundSink, RoundStart, RoundTarget } from "./round.ts";
import {
  instantAt,
  mayFeed,
  missingFrom,
  selects,
  watchedQuery,
  newProducer,
  waitsFor,
  type OpenRound,
  type Producer,
  type WatchedQuery,
} from "./watched-query.ts";

export type RoundsOptions = {
  readonly clock: Clock;
  /** Told when a subscriber fails. */
  readonly log?: (line: string) => void;
};

export type RoundCounts = {
  readonly subscriptions: number;
  readonly targets: number;
  /** Rounds that subscribers were told of. */
  readonly completed: number;
  /** Of these, those in which some target was missing. */
  readonly incomplete: number;
};

/** A producer's own timeout may come a little late; it knows more than we do. */
const graceMs = 50;

export class Rounds implements RoundSink {
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  readonly #producers = new Map<RoundTarget, Producer>();
  readonly #queries = new Set<WatchedQuery>();
  /** The queries by the names in their selectors; undefined is for those that may be any. */
  readonly #queriesByName = new Map<string | undefined, Set<WatchedQuery>>();
  readonly #producersByName = new Map<string, Set<Producer>>();
  readonly #deadlines = new Set<OpenRound>();
  #completed = 0;
  #incomplete = 0;

  constructor({ clock, log }: RoundsOptions) {
    this.#clock = clock;
    this.#log = log ?? (() => {});
  }

  /**
   * Calls the listener at the end of each round of the query, from the next instant on. A query that
   * no target feeds has a round at each instant at which anything is measured: time alone may change
   * what it means. The returned function ends that.
   */
  subscribe(expr: Expr, listener: (round: Round) => void): () => void {
    const query = watchedQuery(expr, listener);
    this.#queries.add(query);
    for (const { name } of query.selectors) addTo(this.#queriesByName, name, query);
    for (const [index, { name }] of query.selectors.entries()) {
      const among = name === undefined ? this.#producers.values() : this.#producersByName.get(name);
      for (const producer of among ?? [])
        for (const labels of seriesOf(producer, name)) this.#feed(producer, query, index, labels);
    }
    for (const producer of this.#producers.values()) this.#hope(producer, query);
    return () => this.#unsubscribe(query);
  }

  begin({ atMs, deadlineMs, intervalMs, targets }: RoundStart): void {
    const round: OpenRound = { deadlineMs, open: 0, cancelDeadline: () => {} };
    const concerned = new Set<WatchedQuery>();
    const asked = targets.map((target) => this.#producerOf(target));
    for (const producer of asked) {
      if (producer.round) this.#settle(producer, "no answer before the next round");
      producer.atMs = atMs;
      producer.intervalMs = intervalMs;
      producer.round = round;
      round.open++;
      for (const query of producer.queries.keys()) concerned.add(query);
      for (const query of producer.hopes) concerned.add(query);
    }
    for (const query of this.#queries)
      if (query.feeders.size === 0 || concerned.has(query)) this.#open(query, atMs, intervalMs);
    if (round.open > 0) this.#setDeadline(round, asked);
  }

  reported(target: RoundTarget, atMs: number, error?: string): void {
    const producer = this.#producers.get(target);
    if (producer?.round && producer.atMs === atMs) this.#settle(producer, error);
  }

  gone(target: RoundTarget): void {
    const producer = this.#producers.get(target);
    if (!producer) return;
    this.#producers.delete(target);
    for (const name of producer.series.keys()) removeFrom(this.#producersByName, name, producer);
    const waiting = queriesWaitingFor(producer);
    this.#leaveRound(producer);
    for (const query of producer.queries.keys()) {
      query.feeders.delete(producer);
      for (const { feeders } of query.selectors) feeders.delete(producer);
    }
    for (const query of producer.hopes) query.hopefuls.delete(producer);
    for (const query of waiting) this.#countDown(query);
  }

  seriesAdded(target: RoundTarget, labels: Labels): void {
    const producer = this.#producerOf(target);
    producer.ended.delete(labels);
    const name = labelValue(labels, metricNameLabel);
    const series = producer.series.get(name);
    if (series?.has(labels)) return;
    if (series) series.add(labels);
    else {
      producer.series.set(name, new Set([labels]));
      addTo(this.#producersByName, name, producer);
    }
    for (const key of [name, undefined])
      for (const query of this.#queriesByName.get(key) ?? [])
        for (const [index, selector] of query.selectors.entries())
          if (selector.name === key) this.#feed(producer, query, index, labels);
  }

  /** It takes effect with the next report that brings samples: a failure ends series for a while only. */
  seriesEnded(target: RoundTarget, labels: Labels): void {
    this.#producers.get(target)?.ended.add(labels);
  }

  /** Ends what waits; nobody is told of it. */
  close(): void {
    for (const round of this.#deadlines) round.cancelDeadline();
  }

  counts(): RoundCounts {
    return {
      subscriptions: this.#queries.size,
      targets: this.#producers.size,
      completed: this.#completed,
      incomplete: this.#incomplete,
    };
  }

  #producerOf(target: RoundTarget): Producer {
    const known = this.#producers.get(target);
    if (known) return known;
    const producer = newProducer(target.labels);
    this.#producers.set(target, producer);
    for (const query of this.#queries) this.#hope(producer, query);
    return producer;
  }

  #hope(producer: Producer, query: WatchedQuery): void {
    if (producer.isKnown || !mayFeed(producer.labels, query)) return;
    producer.hopes.add(query);
    query.hopefuls.add(producer);
  }

  /** Takes a series into account if the selector selects it. */
  #feed(producer: Producer, query: WatchedQuery, index: number, labels: Labels): void {
    const selector = query.selectors[index];
    if (!selector || !selects(selector, labels)) return;
    const waited = waitsFor(query, producer);
    bump(selector.feeders, producer, 1);
    bump(producer.queries, query, 1);
    query.feeders.add(producer);
    // Its samples are in the store and its report is about to come, so the open round has it, too.
    if (!waited && waitsFor(query, producer)) query.pending++;
  }

  #starve(producer: Producer, labels: Labels): void {
    const name = labelValue(labels, metricNameLabel);
    const series = producer.series.get(name);
    if (!series?.delete(labels)) return;
    if (series.size === 0) {
      producer.series.delete(name);
      removeFrom(this.#producersByName, name, producer);
    }
    for (const query of producer.queries.keys())
      for (const selector of query.selectors) {
        if (selector.name !== undefined && selector.name !== name) continue;
        if (!selects(selector, labels)) continue;
        bump(selector.feeders, producer, -1);
        bump(producer.queries, query, -1);
        if (!producer.queries.has(query)) query.feeders.delete(producer);
      }
  }

  #unsubscribe(query: WatchedQuery): void {
    query.isOpen = false;
    this.#queries.delete(query);
    for (const { name } of query.selectors) removeFrom(this.#queriesByName, name, query);
    for (const producer of query.feeders) producer.queries.delete(query);
    for (const producer of query.hopefuls) producer.hopes.delete(query);
  }

  /** Opens the query's round for this instant, if it is one of the query's instants. */
  #open(query: WatchedQuery, atMs: number, begunMs: number): void {
    if (query.atMs === atMs && !query.isOpen) return; // It has been told already.
    const intervalMs = query.feeders.size === 0 ? begunMs : instantAt(query, atMs);
    if (intervalMs === undefined) return;
    // What a slow target has held up ends where the next round begins.
    if (query.isOpen && query.atMs !== atMs) this.#complete(query);
    query.atMs = atMs;
    query.isOpen = true;
    query.intervalMs = intervalMs;
    query.pending = 0;
    query.mayMiss = false;
    const look = (producer: Producer): void => {
      if (producer.error !== undefined) query.mayMiss = true;
      if (waitsFor(query, producer)) query.pending++;
    };
    for (const producer of query.feeders) look(producer);
    for (const producer of query.hopefuls) if (!query.feeders.has(producer)) look(producer);
    if (query.pending === 0) this.#complete(query);
  }

  /** The end of a producer's part in its round. */
  #settle(producer: Producer, error: string | undefined): void {
    const waiting = queriesWaitingFor(producer);
    producer.error = error;
    if (error === undefined) this.#know(producer);
    else if (!producer.isKnown) producer.isPrompt &&= isPrompt(producer, this.#clock.nowMs());
    this.#leaveRound(producer);
    for (const query of waiting) {
      query.mayMiss ||= error !== undefined;
      this.#countDown(query);
    }
  }

  #leaveRound(producer: Producer): void {
    const { round } = producer;
    producer.round = undefined;
    if (round && --round.open === 0) round.cancelDeadline();
  }

  #setDeadline(round: OpenRound, asked: readonly Producer[]): void {
    const cancel = this.#clock.after(round.deadlineMs + graceMs - this.#clock.nowMs(), () => {
      for (const producer of asked)
        if (producer.round === round) this.#settle(producer, "no answer within the round");
    });
    round.cancelDeadline = () => {
      this.#deadlines.delete(round);
      cancel();
    };
    this.#deadlines.add(round);
  }

  /** It has given samples, so what it feeds is no longer a guess. */
  #know(producer: Producer): void {
    producer.isKnown = true;
    for (const labels of producer.ended) this.#starve(producer, labels);
    producer.ended.clear();
    for (const query of producer.hopes) query.hopefuls.delete(producer);
    producer.hopes.clear();
  }

  #countDown(query: WatchedQuery): void {
    if (!query.isOpen) return;
    query.pending--;
    if (query.pending === 0) this.#complete(query);
  }

  #complete(query: WatchedQuery): void {
    query.isOpen = false;
    const { atMs, intervalMs } = query;
    const missing = query.mayMiss || query.pending > 0 ? missingFrom(query) : noneMissing;
    this.#completed++;
    if (missing.length > 0) this.#incomplete++;
    try {
      query.listener({ atMs, completedAtMs: this.#clock.nowMs(), intervalMs, missing });
    } catch (error) {
      // A fault of one subscriber is none of the others', nor of whoever reported.
      this.#log(`a subscriber of rounds failed: ${stackOf(error)}`);
    }
  }
}

const noneMissing: Round["missing"] = [];

/** Whether it failed early enough not to hold up anyone. */
const isPrompt = ({ atMs, round }: Producer, nowMs: number): boolean =>
  round !== undefined && nowMs - atMs < (round.deadlineMs - atMs) / 2;

function queriesWaitingFor(producer: Producer): readonly WatchedQuery[] {
  const waiting: WatchedQuery[] = [];
  for (const query of producer.queries.keys()) if (waitsFor(query, producer)) waiting.push(query);
  for (const query of producer.hopes)
    if (!producer.queries.has(query) && waitsFor(query, producer)) waiting.push(query);
  return waiting;
}

function* seriesOf({ series }: Producer, name: string | undefined): Iterable<Labels> {
  if (name !== undefined) yield* series.get(name) ?? [];
  else for (const labels of series.values()) yield* labels;
}

function addTo<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const members = index.get(key);
  if (members) members.add(value);
  else index.set(key, new Set([value]));
}

function removeFrom<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const members = index.get(key);
  members?.delete(value);
  if (members?.size === 0) index.delete(key);
}

function bump<K>(counts: Map<K, number>, key: K, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
