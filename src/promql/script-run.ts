// Carries out a test script against our evaluator. What differs from what the script wants comes back
// as data, to be printed by whoever ran it.
import { SeriesStore } from "../metrics/series-store.ts";
import type { Expr } from "./ast.ts";
import { formatDiagnostics } from "./diagnostic.ts";
import { evaluateInstant, evaluateRange } from "./evaluate.ts";
import { compareAnnotations, compareResult } from "./script-compare.ts";
import type { Difference, ScriptResult } from "./script-compare.ts";
import type { Point } from "./script-series.ts";
import type { Evaluation, EvaluationTime, Load, Script, Steps } from "./script.ts";
import { EvaluationError, type MatrixSeries, type Value } from "./value.ts";

export type ScriptFailure = Difference & {
  readonly line: number;
  /** The query, or the series that was to be loaded. */
  readonly subject: string;
};

export type ScriptReport = {
  readonly evaluations: number;
  readonly failures: readonly ScriptFailure[];
};

// Scripts reach over hours of their own time and are small, so nothing is to fall out of the window.
const newStore = (): SeriesStore => new SeriesStore({ windowMs: 1000 * 365 * 86_400_000 });

/** Goes on after a failure: all of them are told. */
export function runScript({ commands }: Script): ScriptReport {
  let store = newStore();
  let evaluations = 0;
  const failures: ScriptFailure[] = [];
  for (const command of commands) {
    switch (command.kind) {
      case "clear":
        store = newStore();
        break;
      case "load":
        failures.push(...load(command, store));
        break;
      case "eval": {
        evaluations++;
        const difference = checkEvaluation(command, store);
        if (difference)
          failures.push({ line: command.line, subject: command.query, ...difference });
      }
    }
  }
  return { evaluations, failures };
}

function load({ stepMs, series }: Load, store: SeriesStore): readonly ScriptFailure[] {
  const failures: ScriptFailure[] = [];
  for (const { labels, points, line, text } of series) {
    const refused: string[] = [];
    for (const [index, point] of points.entries()) {
      if (point === "gap") continue;
      const timeMs = index * stepMs;
      const outcome =
        point === "stale" ? store.appendStale(labels, timeMs) : store.append(labels, timeMs, point);
      // A marker where nothing is to be ended is as good as one.
      if (outcome !== "appended" && point !== "stale")
        refused.push(`${outcome}: the sample at ${timeMs / 1000} s`);
    }
    if (refused.length > 0)
      failures.push({ line, subject: text, problem: "not loaded", wanted: [], got: refused });
  }
  return failures;
}

type Answer = {
  readonly result: ScriptResult;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
};

function checkEvaluation(evaluation: Evaluation, store: SeriesStore): Difference | undefined {
  const { parsed, query, wanted, time } = evaluation;
  let answer: Answer;
  try {
    if (parsed.kind === "malformed")
      return checkFailure(evaluation, formatDiagnostics(query, parsed.diagnostics));
    answer = ask(parsed.expr, store, time, wanted.steps);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return checkFailure(evaluation, error.message);
  }
  if (wanted.fail) {
    const got = ["no failure"];
    return { problem: "it does not fail", wanted: [wanted.fail.text], got };
  }
  return (
    compareResult(wanted, answer.result) ??
    compareAnnotations(
      "warning",
      { patterns: wanted.warnings, none: wanted.noWarnings },
      answer.warnings,
    ) ??
    compareAnnotations("info", { patterns: wanted.infos, none: wanted.noInfos }, answer.infos)
  );
}

function checkFailure({ wanted }: Evaluation, message: string): Difference | undefined {
  if (!wanted.fail) return { problem: "it fails", wanted: [], got: [message] };
  if (wanted.fail.matches(message)) return undefined;
  return { problem: "another failure", wanted: [wanted.fail.text], got: [message] };
}

function ask(expr: Expr, store: SeriesStore, time: EvaluationTime, steps?: Steps): Answer {
  const { value, warnings, infos } =
    time.kind === "range"
      ? evaluateRange(expr, store, time)
      : evaluateInstant(expr, store, time.atMs);
  const grid = time.kind === "range" ? time : steps;
  return { result: resultOf(value, grid), warnings, infos };
}

function resultOf(value: Value, steps: Steps | undefined): ScriptResult {
  switch (value.kind) {
    case "scalar":
      return value;
    case "string":
      return { kind: "string", text: value.value };
    case "vector": {
      const series = value.samples.map(({ labels, value: point }) => ({ labels, points: [point] }));
      return { kind: "vector", series };
    }
    case "matrix": {
      const series = value.series.map((each) => ({
        labels: each.labels,
        points: steps ? pointsAt(each, steps) : [...each.values],
      }));
      return { kind: "matrix", series };
    }
  }
}

/** One point per step; samples that stand at no step come after all of them, so that they are seen. */
function pointsAt({ timesMs, values }: MatrixSeries, { startMs, stepMs }: Steps): readonly Point[] {
  const points: Point[] = [];
  const elsewhere: Point[] = [];
  for (const [index, timeMs] of timesMs.entries()) {
    const step = (timeMs - startMs) / stepMs;
    const value = values[index] ?? NaN;
    if (!Number.isInteger(step) || step < 0) elsewhere.push(value);
    else {
      while (points.length < step) points.push("gap");
      points.push(value);
    }
  }
  return [...points, ...elsewhere];
}

/** As `FILE:LINE: QUERY`, then what is wrong with it, indented. */
export function formatFailure(file: string, failure: ScriptFailure): string {
  const { line, subject, problem, wanted, got } = failure;
  const lines = [`${file}:${line}: ${subject}`, `  ${problem}`];
  lines.push(...listed("wanted", wanted), ...listed("got", got));
  return lines.join("\n");
}

function listed(word: string, items: readonly string[]): readonly string[] {
  const [first = "nothing", ...rest] = items;
  const indent = "  wanted: ".length;
  return [
    `  ${`${word}:`.padEnd(indent - 2)}${first}`,
    ...rest.map((item) => " ".repeat(indent) + item),
  ];
}
