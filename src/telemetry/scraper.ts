// Scrapes the targets of all jobs in rounds: those of one interval at the same aligned instants, all of
// their samples with the instant's time. A target's samples enter the store when it has answered, and
// then the rounds are told.
import type { CancelTimer } from "../lib/clock.ts";
import { atAlignedInstants } from "./aligned-instants.ts";
import type { HttpGet } from "./http-get.ts";
import type { ScrapeJob } from "./scrape-job.ts";
import { ScrapePool } from "./scrape-pool.ts";
import type { ScrapeContext, ScrapeTarget } from "./scrape-target.ts";
import type { ScrapeView } from "./scrape-view.ts";

/** Who is asked at the same instants, and what may speak against asking each. */
type IntervalGroup = {
  readonly targets: Map<ScrapeTarget, ScrapePool>;
  cancel: CancelTimer | undefined;
  lastAtMs: number;
};

export class Scraper implements Omit<ScrapeView, "configText"> {
  readonly #context: ScrapeContext;
  readonly #pools = new Map<string, ScrapePool>();
  readonly #groups = new Map<number, IntervalGroup>();
  #isRunning = false;

  constructor(context: ScrapeContext) {
    this.#context = context;
  }

  /**
   * Adds a job, which has no targets before its sources are heard. `get` stands in for HTTP with the
   * job's own settings.
   */
  add(job: ScrapeJob, get?: HttpGet): ScrapePool {
    const pool: ScrapePool = new ScrapePool(job, {
      ...this.#context,
      ...(get && { get }),
      onAdded: (target) => this.#groupOf(target.found.intervalMs).targets.set(target, pool),
      onRemoved: (target) => this.#remove(target),
    });
    this.#pools.set(job.name, pool);
    // Also without targets: who waits for the first one waits for instants.
    this.#groupOf(job.intervalMs);
    return pool;
  }

  /** Scrapes from the next aligned instant on, until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#isRunning = true;
    for (const [intervalMs, group] of this.#groups) this.#run(intervalMs, group);
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  pools(): ReturnType<ScrapeView["pools"]> {
    return [...this.#pools.keys()];
  }

  active(): ReturnType<ScrapeView["active"]> {
    return [...this.#targets()].map((target) => target.status);
  }

  dropped(): ReturnType<ScrapeView["dropped"]> {
    return [...this.#pools.values()].flatMap(({ job, dropped }) =>
      dropped.map((discoveredLabels) => ({ scrapePool: job.name, discoveredLabels })),
    );
  }

  droppedCounts(): ReturnType<ScrapeView["droppedCounts"]> {
    return Object.fromEntries(
      [...this.#pools].map(([name, { droppedCount }]) => [name, droppedCount]),
    );
  }

  *metadata(): ReturnType<ScrapeView["metadata"]> {
    for (const { labels: target, metadata } of this.#targets())
      for (const [metric, said] of metadata) yield { target, metric, ...said };
  }

  *#targets(): Iterable<ScrapeTarget> {
    for (const pool of this.#pools.values()) yield* pool.targets;
  }

  #groupOf(intervalMs: number): IntervalGroup {
    let group = this.#groups.get(intervalMs);
    if (!group) {
      group = { targets: new Map(), cancel: undefined, lastAtMs: -Infinity };
      this.#groups.set(intervalMs, group);
      if (this.#isRunning) this.#run(intervalMs, group);
    }
    return group;
  }

  #run(intervalMs: number, group: IntervalGroup): void {
    group.cancel = atAlignedInstants(this.#context.clock, intervalMs, (atMs) =>
      this.#begin(group, atMs, intervalMs),
    );
  }

  #begin(group: IntervalGroup, atMs: number, intervalMs: number): void {
    const { clock, rounds } = this.#context;
    const targets = [...group.targets.keys()];
    for (const target of targets) target.expire();
    if (atMs <= group.lastAtMs) this.#followClock(atMs);
    group.lastAtMs = atMs;
    const timeoutMs = Math.max(0, ...targets.map(({ found }) => found.timeoutMs));
    // Each has all of its timeout, however late the process is: who is told that a target is missing
    // before it has given up would still find its last sample in the store.
    const deadlineMs = Math.max(atMs, clock.nowMs()) + timeoutMs;
    rounds.begin({ atMs, deadlineMs, intervalMs, targets });
    for (const [target, pool] of group.targets) target.scrape(atMs, pool.refusal);
  }

  /** The clock was set back: what is in the store from here on is of a time that comes once more. */
  #followClock(atMs: number): void {
    this.#context.store.dropFrom(atMs);
    for (const group of this.#groups.values()) group.lastAtMs = -Infinity;
  }

  #remove(target: ScrapeTarget): void {
    const { intervalMs } = target.found;
    const group = this.#groups.get(intervalMs);
    group?.targets.delete(target);
    target.end();
    const isOfJob = [...this.#pools.values()].some(({ job }) => job.intervalMs === intervalMs);
    if (group?.targets.size !== 0 || isOfJob) return;
    group.cancel?.();
    this.#groups.delete(intervalMs);
  }

  #stop(): void {
    this.#isRunning = false;
    for (const { cancel } of this.#groups.values()) cancel?.();
    for (const target of this.#targets()) target.abandon();
  }
}
