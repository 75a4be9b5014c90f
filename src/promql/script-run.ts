// Carries out a test script against our evaluator. What differs from what the script wants comes back
// as data, to be printed by whoever ran it.
import { formatDuration } from "../lib/duration.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import { walk, type AtModifier, type Expr } from "./ast.ts";
import { formatDiagnostics } from "./diagnostic.ts";
import { evaluateInstant, evaluateRange } from "./evaluate.ts";
import { compareAnnotations, compareResult, pointsAtSteps } from "./script-compare.ts";
import type { Difference, ScriptResult } from "./script-compare.ts";
import type { NotedSeries } from "./script-series.ts";
import type { Evaluation, Load, Script, Steps, Wanted } from "./script.ts";
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
export const newStore = (): SeriesStore => new SeriesStore({ windowMs: 1000 * 365 * 86_400_000 });

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
        failures.push(...loadInto(store, command));
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

/** One failure for each series of which samples were refused. */
export function loadInto(store: SeriesStore, { stepMs, series }: Load): readonly ScriptFailure[] {
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

/**
 * As promqltest does, an instant query is asked in other ways too, which must give the same: as the
 * middle step of a range query, and at other times with the time of its selectors fixed by `@`.
 */
function checkEvaluation(evaluation: Evaluation, store: SeriesStore): Difference | undefined {
  const { parsed, query, wanted, time } = evaluation;
  if (parsed.kind === "malformed")
    return checkFailure(wanted, formatDiagnostics(query, parsed.diagnostics));
  const { expr } = parsed;
  if (time.kind === "range") return check(wanted, () => askRange(expr, store, time));
  for (const { how, ask } of waysToAsk(expr, store, time.atMs, wanted)) {
    const difference = check(wanted, ask);
    if (difference) return { ...difference, problem: how + difference.problem };
  }
  return undefined;
}

type Asking = { readonly how: string; readonly ask: () => Answer };

function* waysToAsk(
  expr: Expr,
  store: SeriesStore,
  atMs: number,
  wanted: Wanted,
): Iterable<Asking> {
  // What has no steps, or an order, or fails at once, has no middle step.
  const hasSteps = !wanted.fail && !wanted.ordered && !wanted.steps && wanted.text === undefined;
  yield { how: "", ask: () => askInstant(expr, store, atMs, wanted) };
  if (hasSteps && !dependsOnEnds(expr))
    yield { how: "in a range query: ", ask: () => askMiddle(expr, store, atMs, wanted) };
  const fixed = fixedAt(expr, atMs);
  if (!fixed) return;
  for (const otherMs of otherTimes(atMs)) {
    const how = `fixed by @ and asked at ${formatDuration(otherMs)}`;
    yield { how: `${how}: `, ask: () => askInstant(fixed, store, otherMs, wanted) };
    if (hasSteps)
      yield {
        how: `${how} in a range query: `,
        ask: () => askMiddle(fixed, store, otherMs, wanted),
      };
  }
}

type Answer = {
  readonly result: ScriptResult;
  /** Those of the middle step alone are not known. */
  readonly annotations?: {
    readonly warnings: readonly string[];
    readonly infos: readonly string[];
  };
};

function check(wanted: Wanted, ask: () => Answer): Difference | undefined {
  let answer: Answer;
  try {
    answer = ask();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return checkFailure(wanted, error.message);
  }
  if (wanted.fail)
    return { problem: "it does not fail", wanted: [wanted.fail.text], got: ["no failure"] };
  const difference = compareResult(wanted, answer.result);
  if (difference || !answer.annotations) return difference;
  const { warnings, infos } = answer.annotations;
  return (
    compareAnnotations(
      "warning",
      { patterns: wanted.warnings, none: wanted.noWarnings },
      warnings,
    ) ?? compareAnnotations("info", { patterns: wanted.infos, none: wanted.noInfos }, infos)
  );
}

function checkFailure(wanted: Wanted, message: string): Difference | undefined {
  if (!wanted.fail) return { problem: "it fails", wanted: [], got: [message] };
  if (wanted.fail.matches(message)) return undefined;
  return { problem: "another failure", wanted: [wanted.fail.text], got: [message] };
}

function askInstant(expr: Expr, store: SeriesStore, atMs: number, { steps }: Wanted): Answer {
  const { value, warnings, infos } = evaluateInstant(expr, store, atMs);
  return { result: resultOf(value, steps), annotations: { warnings, infos } };
}

function askRange(expr: Expr, store: SeriesStore, steps: Steps): Answer {
  const { value, warnings, infos } = evaluateRange(expr, store, steps);
  return { result: resultOf(value, steps), annotations: { warnings, infos } };
}

/** One step before and one after; what is there at `atMs` is the result of an instant query. */
function askMiddle(expr: Expr, store: SeriesStore, atMs: number, { scalar }: Wanted): Answer {
  const steps = { startMs: atMs - 60_000, endMs: atMs + 60_000, stepMs: 60_000 };
  const { value } = evaluateRange(expr, store, steps);
  const series: NotedSeries[] = [];
  for (const { labels, timesMs, values } of value.series) {
    const point = values[timesMs.indexOf(atMs)];
    if (point !== undefined) series.push({ labels, points: [point] });
  }
  const [only] = series;
  const result: ScriptResult =
    scalar === undefined
      ? { kind: "vector", series }
      : { kind: "scalar", value: Number(only?.points[0] ?? NaN) };
  return { result };
}

function resultOf(value: Value, steps: Steps | undefined): ScriptResult {
  switch (value.kind) {
    case "scalar":
      return value;
    case "string":
      return { kind: "string", text: value.value };
    case "vector":
      return {
        kind: "vector",
        series: value.samples.map(({ labels, value: point }) => ({ labels, points: [point] })),
      };
    case "matrix":
      return matrixResult(value.series, steps);
  }
}

/** Without steps, which a script has to name for a matrix, the samples are at times of their own. */
function matrixResult(matrix: readonly MatrixSeries[], steps: Steps | undefined): ScriptResult {
  const series: NotedSeries[] = [];
  for (const { labels, timesMs, values } of matrix) {
    const points = steps && pointsAtSteps(timesMs, values, steps);
    if (!points) return { kind: "unplaced", labels, timesMs: [...timesMs] };
    series.push({ labels, points });
  }
  return { kind: "matrix", series };
}

/** Some of the times at which a query that is fixed in time must give the same. */
function otherTimes(atMs: number): readonly number[] {
  return atMs === 0 ? [-1000, 1000] : [-10 * atMs, 0, Math.round(atMs / 5), 10 * atMs];
}

/**
 * The query with every selector, and every subquery as a whole, fixed at `atMs`, unless it is fixed
 * already. Undefined for one that asks for the time in another way.
 */
function fixedAt(expr: Expr, atMs: number): Expr | undefined {
  let asksForTime = false;
  walk(expr, (node) => {
    if (node.kind === "call" && timeDependent.has(node.name)) asksForTime = true;
  });
  return asksForTime ? undefined : withTimes(expr, atMs);
}

function withTimes(expr: Expr, atMs: number): Expr {
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "vectorSelector":
    case "subquery":
      // What is inside of a fixed subquery moves with its steps.
      return { ...expr, at: fixedTime(expr.at, atMs) };
    case "rangeSelector":
      return { ...expr, selector: { ...expr.selector, at: fixedTime(expr.selector.at, atMs) } };
    case "unary":
      return { ...expr, expr: withTimes(expr.expr, atMs) };
    case "binary":
      return { ...expr, left: withTimes(expr.left, atMs), right: withTimes(expr.right, atMs) };
    case "aggregation": {
      const { parameter } = expr;
      const inner = { ...expr, expr: withTimes(expr.expr, atMs) };
      return parameter ? { ...inner, parameter: withTimes(parameter, atMs) } : inner;
    }
    case "call":
      return { ...expr, args: expr.args.map((arg) => withTimes(arg, atMs)) };
  }
}

const timeDependent: ReadonlySet<string> = new Set(
  [
    "time timestamp predict_linear".split(" "),
    "minute hour day_of_week day_of_month day_of_year days_in_month month year".split(" "),
  ].flat(),
);

function fixedTime(at: AtModifier | undefined, atMs: number): AtModifier {
  return at?.kind === "time" ? at : { kind: "time", timeMs: atMs };
}

/** `@ start()` and `@ end()` are other times in a range query. */
function dependsOnEnds(expr: Expr): boolean {
  let depends = false;
  walk(expr, (node) => {
    if (node.kind !== "vectorSelector" && node.kind !== "subquery") return;
    if (node.at && node.at.kind !== "time") depends = true;
  });
  return depends;
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
