// Test scripts: data, queries and what they should give, in the line language that Prometheus tests
// itself with (promqltest). Here text becomes commands; script-run.ts carries them out. What the
// language has and we do not is refused by name. docs/promql.md describes it.
import { parseDuration } from "../lib/duration.ts";
import { compileRegexp } from "../metrics/regexp.ts";
import { formatDiagnostics } from "./diagnostic.ts";
import { parseNumber, unquote } from "./literals.ts";
import { parseQuery, type ParseResult } from "./parse.ts";
import { parseSeries, ScriptFault, type NotedSeries } from "./script-series.ts";

export type Script = { readonly commands: readonly Command[] };

export type Command = { readonly kind: "clear"; readonly line: number } | Load | Evaluation;

export type Load = {
  readonly kind: "load";
  readonly line: number;
  readonly stepMs: number;
  readonly series: readonly LoadedSeries[];
};

export type LoadedSeries = NotedSeries & { readonly line: number; readonly text: string };

/** An instant, or the steps of a range query. */
export type EvaluationTime =
  | { readonly kind: "instant"; readonly atMs: number }
  | ({ readonly kind: "range" } & Steps);

export type Steps = { readonly startMs: number; readonly endMs: number; readonly stepMs: number };

export type Evaluation = {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  readonly parsed: ParseResult;
  readonly time: EvaluationTime;
  readonly wanted: Wanted;
};

/** What an evaluation should give. Without a scalar, a text and series it is an empty result. */
export type Wanted = {
  readonly fail?: Pattern;
  /** Each must match one annotation at least, and each annotation one of these; none: no matter. */
  readonly warnings: readonly Pattern[];
  readonly infos: readonly Pattern[];
  readonly noWarnings: boolean;
  readonly noInfos: boolean;
  readonly ordered: boolean;
  readonly scalar?: number;
  readonly text?: string;
  /** The times of the points, where an instant query should give a range vector. */
  readonly steps?: Steps;
  readonly series: readonly NotedSeries[];
};

export type Pattern = { readonly text: string; readonly matches: (message: string) => boolean };

export type Fault = { readonly line: number; readonly message: string };

export type ParsedScript =
  | { readonly kind: "parsed"; readonly script: Script }
  | { readonly kind: "malformed"; readonly faults: readonly Fault[] };

/** Lines are counted from 1. Every command that cannot be understood is told. */
export function parseScript(text: string): ParsedScript {
  const commands: Command[] = [];
  const faults: Fault[] = [];
  for (const lines of commandLines(text)) {
    const reader = { lines, at: 0 };
    try {
      while (reader.at < lines.length) commands.push(parseCommand(reader));
    } catch (error) {
      if (!(error instanceof ScriptFault)) throw error;
      const { number = 0 } = lines[Math.min(reader.at, lines.length) - 1] ?? {};
      faults.push({ line: number, message: error.message });
    }
  }
  return faults.length > 0
    ? { kind: "malformed", faults }
    : { kind: "parsed", script: { commands } };
}

type Line = { readonly number: number; readonly text: string };

/** `at` is the index of the next line; a fault is one of the line before it. */
type Reader = { readonly lines: readonly Line[]; at: number };

/** A blank line or one of comment ends a command; indentation means nothing. */
function commandLines(text: string): readonly (readonly Line[])[] {
  const blocks: Line[][] = [[]];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) blocks.push([]);
    else blocks.at(-1)?.push({ number: index + 1, text: line });
  }
  return blocks.filter((block) => block.length > 0);
}

function parseCommand(reader: Reader): Command {
  const { number: line, text } = nextLine(reader);
  const word = (/^\S+/.exec(text)?.[0] ?? "").toLowerCase();
  if (word === "clear") return { kind: "clear", line };
  if (word.startsWith("load")) return parseLoad(reader, line, text);
  if (word.startsWith("eval")) return parseEval(reader, line, text);
  throw new ScriptFault(`unknown command "${word}"; expected load, clear or eval`);
}

function nextLine(reader: Reader): Line {
  const line = reader.lines[reader.at++];
  if (!line) throw new ScriptFault("unexpected end of the command");
  return line;
}

function parseLoad(reader: Reader, line: number, text: string): Load {
  const [, word, step] = /^(\S+)\s+(\S+)$/.exec(text) ?? [];
  if (word === "load_with_nhcb")
    throw new ScriptFault("load_with_nhcb is not supported: it makes native histograms");
  if (word !== "load" || step === undefined)
    throw new ScriptFault(`expected "load <step>", as "load 30s", got "${text}"`);
  const stepMs = positiveMs(step, "step");
  const series: LoadedSeries[] = [];
  while (reader.at < reader.lines.length) {
    const noted = nextLine(reader);
    series.push({ line: noted.number, text: noted.text, ...parseSeries(noted.text) });
  }
  return { kind: "load", line, stepMs, series };
}

const instantPattern = /^eval(?:_(fail|warn|info|ordered))?\s+instant\s+at\s+(\S+)\s+(.+)$/;
const rangePattern =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/;

function parseEval(reader: Reader, line: number, text: string): Evaluation {
  const instant = instantPattern.exec(text);
  const range = rangePattern.exec(text);
  let time: EvaluationTime;
  if (instant) time = { kind: "instant", atMs: durationMs(instant[2], "time") };
  else if (range) time = { kind: "range", ...parseSteps(range[2], range[3], range[4]) };
  else
    throw new ScriptFault(
      `expected "eval instant at <time> <query>" or "eval range from <time> to <time> step <step> <query>", got "${text}"`,
    );
  const query = instant?.[3] ?? range?.[5] ?? "";
  const modifier = instant?.[1] ?? range?.[1];
  const wanted = parseWanted(reader, modifier, time);
  const parsed = parseQuery(query);
  // A query that does not parse may be just what is tested; otherwise the script is at fault.
  if (parsed.kind === "malformed" && !wanted.fail) {
    reader.at = reader.lines.findIndex(({ number }) => number === line) + 1;
    throw new ScriptFault(`${formatDiagnostics(query, parsed.diagnostics)} in ${query}`);
  }
  return { kind: "eval", line, query, parsed, time, wanted };
}

function parseSteps(from = "", to = "", step = ""): Steps {
  const [startMs, endMs] = [durationMs(from, "time"), durationMs(to, "time")];
  if (endMs < startMs) throw new ScriptFault(`the end (${to}) is before the start (${from})`);
  return { startMs, endMs, stepMs: positiveMs(step, "step") };
}

function durationMs(text = "", what: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new ScriptFault(`expected a duration, as "5m" or "0", as ${what}, got "${text}"`);
  return ms;
}

function positiveMs(text: string, what: string): number {
  const ms = durationMs(text, what);
  if (ms <= 0) throw new ScriptFault(`the ${what} must be greater than 0, got "${text}"`);
  return ms;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

function parseWanted(reader: Reader, modifier: string | undefined, time: EvaluationTime): Wanted {
  const warnings: Pattern[] = modifier === "warn" ? [anyMessage] : [];
  const infos: Pattern[] = modifier === "info" ? [anyMessage] : [];
  const series: NotedSeries[] = [];
  const wanted: Mutable<Wanted> = {
    warnings,
    infos,
    series,
    noWarnings: false,
    noInfos: false,
    ordered: modifier === "ordered",
  };
  if (modifier === "fail") wanted.fail = anyMessage;
  while (reader.at < reader.lines.length) {
    const { text } = nextLine(reader);
    const [, old, oldText = ""] = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text) ?? [];
    const steps = /^expect range vector from (\S+) to (\S+) step (\S+)$/.exec(text);
    const string = /^expect string\s+(.*)$/.exec(text);
    const number = plainNumber(text);
    if (old !== undefined && modifier === "fail") {
      wanted.fail = patternOf(old === "message" ? "msg" : "regex", oldText);
      break;
    } else if (steps) {
      wanted.steps = parseSteps(steps[1], steps[2], steps[3]);
    } else if (string) {
      wanted.text = quotedString(string[1] ?? "");
    } else if (/^expect(?:\s|$)/.test(text)) {
      parseExpect(text, wanted, warnings, infos);
    } else if (number !== undefined) {
      wanted.scalar = number;
      // A scalar is all of a result, as the old form of a failure is; what follows is a command.
      break;
    } else {
      const noted = parseSeries(text);
      if (noted.points.length > 1 && time.kind === "instant" && !wanted.steps)
        throw new ScriptFault(
          'an instant query gives one value per series; for a range vector say "expect range vector from <time> to <time> step <step>"',
        );
      series.push(noted);
    }
  }
  if (wanted.noWarnings && warnings.length > 0)
    throw new ScriptFault("warn and no_warn cannot be expected together");
  if (wanted.noInfos && infos.length > 0)
    throw new ScriptFault("info and no_info cannot be expected together");
  return wanted;
}

const expectPattern = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;

function parseExpect(
  text: string,
  wanted: Mutable<Wanted>,
  warnings: Pattern[],
  infos: Pattern[],
): void {
  const [, what, how, message = ""] = expectPattern.exec(text) ?? [];
  const pattern = how === undefined ? anyMessage : patternOf(how, message.trim());
  if (what === "ordered") wanted.ordered = true;
  else if (what === "warn") warnings.push(pattern);
  else if (what === "info") infos.push(pattern);
  else if (what === "no_warn") wanted.noWarnings = true;
  else if (what === "no_info") wanted.noInfos = true;
  else if (what === "fail" && !wanted.fail) wanted.fail = pattern;
  else if (what === "fail") throw new ScriptFault("a failure can be expected only once");
  else
    throw new ScriptFault(
      `expected "expect <what>" or "expect <what> msg: <text>" or "expect <what> regex: <pattern>", where <what> is fail, warn, no_warn, info, no_info or ordered, got "${text}"`,
    );
}

const anyMessage: Pattern = { text: "any message", matches: () => true };

function patternOf(how: string, text: string): Pattern {
  if (how === "msg") return { text, matches: (message) => message === text };
  const alone = compileRegexp(text);
  if (alone.kind === "malformed") throw new ScriptFault(alone.message);
  // Patterns of matchers match the whole text; here a part that matches is enough.
  const compiled = compileRegexp(`(?s:.*)(?:${text})(?s:.*)`);
  const { regexp } = compiled.kind === "compiled" ? compiled : alone;
  return { text: `/${text}/`, matches: (message) => regexp.test(message) };
}

function quotedString(text: string): string {
  const value = unquote(text);
  if (value === undefined || !/^["'`]/.test(text))
    throw new ScriptFault(`expected a string in quotes, got "${text}"`);
  return value;
}

/** A number and nothing else; durations, which queries may write for numbers, are none here. */
function plainNumber(text: string): number | undefined {
  return /^[+-]?(?:[\d.]|inf$|nan$)/i.test(text) && !/[smhdwy]$/i.test(text)
    ? parseNumber(text)
    : undefined;
}
