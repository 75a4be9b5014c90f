// What the tutorial shows, as lines of text. Rendering is a function of what is known; whoever owns
// the terminal decides when and where to draw.
import { percentile, type LoadResult } from "./load.ts";

export type Sample = {
  readonly atMs: number;
  readonly inFlight: number;
  readonly wanted: number;
  readonly ready: number;
};

export type TutorialView = {
  readonly elapsedMs: number;
  readonly phase: string;
  readonly now: Sample;
  readonly maxReplicas: number;
  readonly history: readonly Sample[];
  /** Decisions with their reasons, and what else happened, oldest first. */
  readonly happenings: readonly { readonly atMs: number; readonly text: string }[];
};

export type TutorialOutcome = {
  readonly load: LoadResult;
  readonly history: readonly Sample[];
  /** Undefined where it did not happen. The metric changes as the load starts. */
  readonly metricToScaleMs: number | undefined;
  /**
   * From the end of the round that called for the change: what Dunlin itself takes. Undefined, too, where
   * another Prometheus was polled.
   */
  readonly roundToScaleMs: number | undefined;
  readonly loadToThirdReadyMs: number | undefined;
};

/**
 * The live screen: at most `rows` lines of at most `columns` characters. A terminal that does not know
 * its size, or is too narrow to be read, is drawn for as if it were usable.
 */
export function screen(view: TutorialView, width: number, height: number): readonly string[] {
  const columns = width >= 40 ? width : 80;
  const rows = height > 0 ? height : 24;
  const { now, maxReplicas } = view;
  const head = [
    `Dunlin tutorial                                            ${seconds(view.elapsedMs)}`,
    "",
    `  ${view.phase}`,
    "",
    `  requests in flight  ${bar(now.inFlight, 12)} ${now.inFlight}`,
    `  replicas wanted     ${bar(now.wanted, maxReplicas)} ${now.wanted}`,
    `  replicas ready      ${bar(now.ready, maxReplicas)} ${now.ready}`,
    "",
    "  replicas over time",
    ...chart(view.history, Math.min(columns - 14, 72), maxReplicas).map((line) => `  ${line}`),
    "",
    "  what was decided, and why",
  ];
  const room = Math.max(0, rows - head.length - 1);
  const told = view.happenings.flatMap((each) => wrapped(happening(each), columns));
  return [...head.map((line) => line.slice(0, columns)), ...lastOf(told, room)];
}

function lastOf<T>(items: readonly T[], count: number): readonly T[] {
  return count === 0 ? [] : items.slice(-count);
}

/** Breaks between words; what goes on stands under the text, not under its time. */
function wrapped(line: string, columns: number): readonly string[] {
  const indent = " ".repeat(11);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(" ", columns);
    const end = space > indent.length ? space : columns;
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

export function happening({
  atMs,
  text,
}: {
  readonly atMs: number;
  readonly text: string;
}): string {
  return `  ${seconds(atMs).padStart(7)}  ${text}`;
}

export function summary(outcome: TutorialOutcome, maxReplicas: number): readonly string[] {
  const { load } = outcome;
  const sorted = load.latenciesMs.toSorted((a, b) => a - b);
  const total = [...load.outcomes.values()].reduce((sum, count) => sum + count, 0);
  const errors = total - (load.outcomes.get("200") ?? 0);
  const kinds = [...load.outcomes].filter(([outcome]) => outcome !== "200");
  const at = (share: number): string => duration(percentile(sorted, share));
  return [
    "Summary",
    `  requests            ${total} in ${seconds(load.durationMs)}, ${errors} errors` +
      (kinds.length > 0
        ? ` (${kinds.map(([kind, count]) => `${kind}: ${count}`).join(", ")})`
        : ""),
    `  latency             p50 ${at(0.5)}  p90 ${at(0.9)}  p99 ${at(0.99)}  max ${at(1)}`,
    `  metric changes → /scale written   ${duration(outcome.metricToScaleMs)}` +
      (outcome.roundToScaleMs === undefined
        ? ""
        : ` (of it ${duration(outcome.roundToScaleMs)} after the round that called for it)`),
    `  load step → third pod Ready       ${duration(outcome.loadToThirdReadyMs)}`,
    "",
    "  replicas over time (█ ready, ░ wanted)",
    ...chart(outcome.history, 72, maxReplicas).map((line) => `  ${line}`),
  ];
}

/** One row per replica, the highest first; time runs to the right, squeezed into `width` columns. */
function chart(history: readonly Sample[], width: number, maxReplicas: number): readonly string[] {
  const [first] = history;
  const last = history.at(-1);
  if (!first || !last || width < 10) return [];
  const spanMs = Math.max(last.atMs - first.atMs, 1);
  const columns: (Sample | undefined)[] = Array.from({ length: width });
  for (const sample of history)
    columns[Math.min(width - 1, Math.floor(((sample.atMs - first.atMs) / spanMs) * width))] =
      sample;
  const rows: string[] = [];
  for (let replica = maxReplicas; replica >= 1; replica--) {
    let known: Sample = first;
    const cells = columns.map((sample) => {
      known = sample ?? known;
      return known.ready >= replica ? "█" : known.wanted >= replica ? "░" : " ";
    });
    rows.push(`${replica} │${cells.join("").trimEnd()}`);
  }
  rows.push(`  └${"─".repeat(width)} ${seconds(spanMs)}`);
  return rows;
}

function bar(value: number, limit: number): string {
  return "■".repeat(Math.min(value, limit)).padEnd(limit, "·").padEnd(12);
}

function seconds(timeMs: number): string {
  return `${(timeMs / 1000).toFixed(1)} s`;
}

function duration(timeMs: number | undefined): string {
  if (timeMs === undefined) return "–";
  return timeMs < 1000 ? `${timeMs.toFixed(0)} ms` : `${(timeMs / 1000).toFixed(2)} s`;
}
