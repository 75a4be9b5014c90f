// What this process counts of its own metric side, for the page /metrics of the Prometheus server: a
// Prometheus beside us can watch it. Most is counted by whoever does the work, and read as it is asked.
import { writeHeader, writeSample } from "../metrics/exposition-writer.ts";
import { Registry } from "../metrics/registry.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { ObservedQuery } from "./api-query.ts";

/** A counter's name ends in `_total`. */
export type MetricFamily = {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly {
    readonly labels?: readonly (readonly [name: string, value: string])[];
    readonly value: number;
  }[];
};

export type FamilySource = () => readonly MetricFamily[];

export type OwnMetrics = {
  readonly observeQuery: (query: ObservedQuery) => void;
  /** In the classic text format. */
  page(): string;
};

export function ownMetrics(sources: readonly FamilySource[]): OwnMetrics {
  const registry = new Registry();
  const queries = registry.histogram({
    name: "dunlin_http_query_duration_seconds",
    help: "How long queries over HTTP were evaluated.",
    labelNames: ["type"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2],
  });
  const failures = registry.counter({
    name: "dunlin_http_query_failures_total",
    help: "Queries over HTTP that could not be evaluated, by reason.",
    labelNames: ["reason"],
  });
  for (const type of ["instant", "range"]) queries.touch({ type });
  for (const reason of ["execution", "timeout", "limit"]) failures.add(0, { reason });
  return {
    observeQuery({ type, durationMs, outcome }) {
      queries.observe(durationMs / 1000, { type });
      if (outcome !== "success") failures.add(1, { reason: outcome });
    },
    page: () =>
      registry.render() +
      sources
        .flatMap((read) => read())
        .map(writeFamily)
        .join(""),
  };
}

function writeFamily({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map(({ labels = [], value }) => writeSample(name, labels, value));
  return writeHeader(name, type, help) + lines.join("");
}

/** By the service whose share of the store it is, so that one whose labels explode can be told. */
export function storeFamilies(store: SeriesStore): readonly MetricFamily[] {
  const groups = store.groupCounts();
  const byGroup = (read: (group: (typeof groups)[number]) => number): MetricFamily["samples"] =>
    groups.map((each) => ({ labels: [["group", each.group]], value: read(each) }));
  return [
    {
      name: "dunlin_store_series",
      type: "gauge",
      help: "Series that the store holds, by service.",
      samples: byGroup(({ series }) => series),
    },
    {
      name: "dunlin_store_samples",
      type: "gauge",
      help: "Samples that the store holds, by service.",
      samples: byGroup(({ samples }) => samples),
    },
    {
      name: "dunlin_store_evicted_samples_total",
      type: "counter",
      help: "Samples dropped before their window was over, for want of room, by service.",
      samples: byGroup(({ evicted }) => evicted),
    },
    {
      name: "dunlin_store_refused_samples_total",
      type: "counter",
      help: "Samples that the store refused, by service and reason.",
      samples: groups.flatMap(({ group, refused }) =>
        Object.entries(refused).map(([reason, value]) => ({
          labels: [
            ["group", group],
            ["reason", reason],
          ],
          value,
        })),
      ),
    },
  ];
}

/** All of Dunlin is one process: its parts share these. */
export function processFamilies(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Processor time of this process, in seconds.",
      samples: [{ value: (user + system) / 1e6 }],
    },
    {
      name: "process_resident_memory_bytes",
      type: "gauge",
      help: "Resident memory of this process, in bytes.",
      samples: [{ value: process.memoryUsage.rss() }],
    },
  ];
}
