// The targets of one job: what its sources have found, relabelled, without doubles, and who comes and
// goes by that. Prometheus calls this a scrape pool.
import { labelsKey, labelsOf, type Labels } from "../metrics/labels.ts";
import { keepAliveGet, type HttpGet } from "./http-get.ts";
import type { ScrapeJob, TargetGroup } from "./scrape-job.ts";
import { idOf, ScrapeTarget, type ScrapeContext } from "./scrape-target.ts";
import { targetOf, type FoundTarget, type TargetOutcome } from "./target-labels.ts";

export type PoolOptions = ScrapeContext & {
  readonly onAdded: (target: ScrapeTarget) => void;
  readonly onRemoved: (target: ScrapeTarget) => void;
  readonly get?: HttpGet;
};

export class ScrapePool {
  readonly job: ScrapeJob;
  readonly #options: PoolOptions;
  readonly #get: HttpGet;
  readonly #groups = new Map<string, readonly TargetGroup[]>();
  readonly #targets = new Map<string, ScrapeTarget>();
  /** What became of each set of discovered labels: of a thousand, a change concerns a few. */
  #outcomes: ReadonlyMap<string, Outcome> = new Map();
  #dropped: readonly Labels[] = [];
  #droppedCount = 0;
  /** What was last told of targets that are none. */
  #faults = "";

  constructor(job: ScrapeJob, options: PoolOptions) {
    this.job = job;
    this.#options = options;
    this.#get = options.get ?? keepAliveGet(job.http);
  }

  get targets(): Iterable<ScrapeTarget> {
    return this.#targets.values();
  }

  /** Not all of them, where the job limits how many are kept. */
  get dropped(): readonly Labels[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Why no target of this pool may be scraped, if so. */
  get refusal(): string | undefined {
    const limit = this.job.limits.targets;
    if (limit === 0 || this.#targets.size <= limit) return undefined;
    return `target_limit exceeded (number of targets: ${this.#targets.size}, limit: ${limit})`;
  }

  /** Replaces what that source has found. Who was there already goes on as if nothing had happened. */
  set(source: string, groups: readonly TargetGroup[]): void {
    this.#groups.set(source, groups);
    const wanted = new Map<string, FoundTarget>();
    const dropped: Labels[] = [];
    const faults = new Set<string>();
    const outcomes = new Map<string, Outcome>();
    for (const labels of this.#discovered()) {
      const key = labelsKey(labels);
      const known = this.#outcomes.get(key) ?? outcomeOf(labels, this.job);
      outcomes.set(key, known);
      const { outcome, id } = known;
      if (outcome.kind === "target") wanted.set(id, outcome);
      else if (outcome.kind === "dropped") dropped.push(outcome.discoveredLabels);
      else faults.add(`${labels["__address__"] ?? "a target"}: ${outcome.reason}`);
    }
    this.#outcomes = outcomes;
    const { keepDroppedTargets: kept } = this.job.limits;
    this.#dropped = kept > 0 ? dropped.slice(0, kept) : dropped;
    this.#droppedCount = dropped.length;
    this.#tell([...faults].join("; "));
    this.#replace(wanted);
  }

  *#discovered(): Iterable<Labels> {
    for (const groups of this.#groups.values())
      for (const { targets, labels } of groups)
        for (const target of targets) yield labelsOf(Object.entries({ ...labels, ...target }));
  }

  #replace(wanted: ReadonlyMap<string, FoundTarget>): void {
    const { onAdded, onRemoved } = this.#options;
    for (const [id, target] of this.#targets) {
      if (wanted.has(id)) continue;
      this.#targets.delete(id);
      onRemoved(target);
    }
    for (const [id, found] of wanted) {
      if (this.#targets.has(id)) continue;
      const target = new ScrapeTarget(found, this.job, this.#get, this.#options);
      this.#targets.set(id, target);
      onAdded(target);
    }
  }

  #tell(faults: string): void {
    if (faults !== "" && faults !== this.#faults)
      this.#options.log(`job ${this.job.name}: not scraped: ${faults}`);
    this.#faults = faults;
  }
}

/** The id is that of a target; "" where there is none. */
type Outcome = { readonly outcome: TargetOutcome; readonly id: string };

function outcomeOf(labels: Labels, job: ScrapeJob): Outcome {
  const outcome = targetOf(labels, job);
  return { outcome, id: outcome.kind === "target" ? idOf(outcome, job) : "" };
}
