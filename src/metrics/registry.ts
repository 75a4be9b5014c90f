// The metrics that a program of ours keeps of itself, and their exposition. Names, types and labels
// are fixed when a metric is made; only values change after.
import assert from "node:assert/strict";
import { writeHeader, writeNumber, writeSample, type WrittenType } from "./exposition-writer.ts";

export type MetricOptions<Label extends string> = {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
};

export type HistogramOptions<Label extends string> = MetricOptions<Label> & {
  /** Upper bounds, ascending; +Inf is added. */
  readonly buckets: readonly number[];
};

/** A value for each of the metric's label names. */
export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

export class Registry {
  readonly #families = new Map<string, Family>();

  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label> {
    return this.#register(options, "gauge", new Gauge<Label>(options));
  }

  /** `name` is given without `_total`; it is exposed with it. */
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    const name = options.name.replace(/_total$/, "") + "_total";
    return this.#register(
      { ...options, name },
      "counter",
      new Counter<Label>({ ...options, name }),
    );
  }

  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
    return this.#register(options, "histogram", new Histogram<Label>(options));
  }

  /** The whole page, families in the order of their making. */
  render(): string {
    let page = "";
    for (const [name, { help, type, metric }] of this.#families)
      page += writeHeader(name, type, help) + metric.render();
    return page;
  }

  #register<M extends Metric>(
    { name, help, labelNames = [] }: MetricOptions<string>,
    type: WrittenType,
    metric: M,
  ): M {
    assert.match(name, /^[A-Za-z_:][\w:]*$/, "metric name");
    for (const label of labelNames) assert.match(label, /^(?!__)[A-Za-z_]\w*$/, "label name");
    assert.ok(!this.#families.has(name), `metric ${name} is registered twice`);
    this.#families.set(name, { help, type, metric });
    return metric;
  }
}

type Metric = { render(): string };
type Family = { readonly help: string; readonly type: WrittenType; readonly metric: Metric };

/** The series of one metric by their label values; a metric without labels has its one from the start. */
class Children<Label extends string, State> {
  readonly #labelNames: readonly Label[];
  readonly #initial: () => State;
  readonly #states = new Map<
    string,
    { readonly values: readonly string[]; readonly state: State }
  >();

  constructor(labelNames: readonly Label[], initial: () => State) {
    this.#labelNames = labelNames;
    this.#initial = initial;
    if (labelNames.length === 0) this.#add("", []);
  }

  at(labels: LabelValues<Label> | undefined): State {
    if (this.#labelNames.length === 0) return this.#states.get("")?.state ?? this.#add("", []);
    const values = this.#labelNames.map((name) => {
      const value = labels?.[name];
      assert.ok(value !== undefined, `label ${name} is missing`);
      return value;
    });
    const key = JSON.stringify(values);
    return this.#states.get(key)?.state ?? this.#add(key, values);
  }

  remove(labels: LabelValues<Label>): void {
    this.#states.delete(JSON.stringify(this.#labelNames.map((name) => labels[name])));
  }

  render(write: (pairs: readonly (readonly [string, string])[], state: State) => string): string {
    let text = "";
    for (const { values, state } of this.#states.values()) {
      const pairs = this.#labelNames.map((name, index) => [name, values[index] ?? ""] as const);
      text += write(pairs, state);
    }
    return text;
  }

  #add(key: string, values: readonly string[]): State {
    const state = this.#initial();
    this.#states.set(key, { values, state });
    return state;
  }
}

export class Gauge<Label extends string = never> {
  readonly #name: string;
  readonly #children: Children<Label, { value: number }>;

  constructor({ name, labelNames = [] }: MetricOptions<Label>) {
    this.#name = name;
    this.#children = new Children(labelNames, () => ({ value: 0 }));
  }

  set(value: number, labels?: LabelValues<Label>): void {
    this.#children.at(labels).value = value;
  }

  add(difference: number, labels?: LabelValues<Label>): void {
    this.#children.at(labels).value += difference;
  }

  /** Takes the series off the page. */
  remove(labels: LabelValues<Label>): void {
    this.#children.remove(labels);
  }

  render(): string {
    return this.#children.render((pairs, { value }) => writeSample(this.#name, pairs, value));
  }
}

export class Counter<Label extends string = never> {
  readonly #name: string;
  readonly #children: Children<Label, { value: number }>;

  constructor({ name, labelNames = [] }: MetricOptions<Label>) {
    this.#name = name;
    this.#children = new Children(labelNames, () => ({ value: 0 }));
  }

  /** An increase of 0 puts a labelled series on the page before anything happened. */
  add(increase: number, labels?: LabelValues<Label>): void {
    assert.ok(increase >= 0, "a counter never falls");
    this.#children.at(labels).value += increase;
  }

  render(): string {
    return this.#children.render((pairs, { value }) => writeSample(this.#name, pairs, value));
  }
}

type Distribution = { readonly counts: number[]; sum: number; count: number };

export class Histogram<Label extends string = never> {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #children: Children<Label, Distribution>;

  constructor({ name, labelNames = [], buckets }: HistogramOptions<Label>) {
    this.#name = name;
    this.#bounds = buckets.filter((bound) => bound !== Infinity);
    assert.ok(
      this.#bounds.every((bound, index) => index === 0 || bound > (this.#bounds[index - 1] ?? NaN)),
      "bucket bounds ascend",
    );
    assert.ok(!labelNames.some((label) => label === "le"), "le is the bucket's own label");
    const size = this.#bounds.length + 1;
    this.#children = new Children(labelNames, () => ({
      counts: Array.from({ length: size }, () => 0),
      sum: 0,
      count: 0,
    }));
  }

  observe(value: number, labels?: LabelValues<Label>): void {
    const state = this.#children.at(labels);
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = index < 0 ? this.#bounds.length : index;
    state.counts[bucket] = (state.counts[bucket] ?? 0) + 1;
    state.sum += value;
    state.count++;
  }

  /** Puts a labelled series with nothing in it on the page. */
  touch(labels?: LabelValues<Label>): void {
    this.#children.at(labels);
  }

  render(): string {
    return this.#children.render((pairs, { counts, sum, count }) => {
      let text = "";
      let cumulative = 0;
      for (const [index, inBucket] of counts.entries()) {
        cumulative += inBucket;
        const le = writeNumber(this.#bounds[index] ?? Infinity);
        text += writeSample(`${this.#name}_bucket`, [...pairs, ["le", le]], cumulative);
      }
      text += writeSample(`${this.#name}_sum`, pairs, sum);
      return text + writeSample(`${this.#name}_count`, pairs, count);
    });
  }
}
