// Runs the scripts of `scripts/`: data, queries and expected results in a small line language, a
// part of the one that Prometheus tests itself with. The scripts are of our own writing.
//
//   load 30s                      samples every 30 s, from time 0
//     up{pod="a"} 1+2x3 _ stale   1 3 5 7, none, the end of the series
//   clear
//   eval instant at 1m sum(up)    then the expected samples, in any order, or one scalar
//     {} 4
//   eval instant at 1m up + up
//     expect fail msg: text       or only `expect fail`
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parseDuration } from "../lib/duration.ts";
import { formatLabels, labelsOf, metricNameLabel, type Labels } from "../metrics/labels.ts";
import { SeriesStore } from "../metrics/series-store.ts";
import type { VectorSelector } from "./ast.ts";
import { evaluateInstant } from "./evaluate.ts";
import { parseNumber } from "./literals.ts";
import { parseQuery } from "./parse.ts";
import type { Value } from "./value.ts";

const folder = new URL("./scripts/", import.meta.url);
const scripts = readdirSync(folder).filter((name) => name.endsWith(".test-script"));

test("there are scripts", () => assert.ok(scripts.length >= 5));

for (const name of scripts)
  test(`script ${name}`, async (t) => {
    const blocks = blocksOf(readFileSync(new URL(name, folder), "utf8"));
    let store = new SeriesStore();
    for (const { lineNumber, head, body } of blocks) {
      const evaluation = /^eval instant at (\S+) (.*)$/.exec(head);
      const load = /^load (\S+)$/.exec(head);
      if (head === "clear") store = new SeriesStore();
      else if (load) loadSeries(store, durationMs(load[1]), body);
      else if (evaluation) {
        const [, at, query = ""] = evaluation;
        await t.test(`${lineNumber}: ${query}`, () =>
          checkEvaluation(store, durationMs(at), query, body),
        );
      } else assert.fail(`${name}:${lineNumber}: unknown command ${head}`);
    }
  });

type Block = {
  readonly lineNumber: number;
  readonly head: string;
  readonly body: readonly string[];
};

/** A command starts at the margin; the indented lines after it belong to it. */
function blocksOf(text: string): readonly Block[] {
  const blocks: { lineNumber: number; head: string; body: string[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (/^\s/.test(line)) blocks.at(-1)?.body.push(line.trim());
    else blocks.push({ lineNumber: index + 1, head: line.trim(), body: [] });
  }
  return blocks;
}

function durationMs(text = ""): number {
  const duration = text === "0" ? 0 : parseDuration(text);
  assert.ok(duration !== undefined, `no duration: ${text}`);
  return duration;
}

function loadSeries(store: SeriesStore, stepMs: number, lines: readonly string[]): void {
  for (const line of lines) {
    const { labels, rest } = splitSeries(line);
    for (const [index, value] of sequence(rest).entries()) {
      if (value === "stale") store.appendStale(labels, index * stepMs);
      else if (value !== "_") assert.equal(store.append(labels, index * stepMs, value), "appended");
    }
  }
}

/** `a+bxn` is a, a+b, … n more times; `axn` repeats; `_xn` is n gaps. */
function sequence(text: string): readonly (number | "_" | "stale")[] {
  return text.split(/\s+/).flatMap((item): readonly (number | "_" | "stale")[] => {
    if (item === "_" || item === "stale") return [item];
    const gaps = /^_x(\d+)$/.exec(item);
    if (gaps) return Array.from({ length: Number(gaps[1]) }, () => "_" as const);
    const run = /^(-?[\d.]+)(?:([+-][\d.]+))?x(\d+)$/.exec(item);
    if (!run) return [numberOf(item)];
    const [first, step] = [Number(run[1]), Number(run[2] ?? 0)];
    return Array.from({ length: Number(run[3]) + 1 }, (_, index) => first + index * step);
  });
}

function numberOf(text: string): number {
  const value = parseNumber(text);
  assert.ok(value !== undefined, `no number: ${text}`);
  return value;
}

function splitSeries(line: string): { readonly labels: Labels; readonly rest: string } {
  const [, series = "", rest = ""] = /^([^\s{]*(?:\{.*\})?)\s+(.*)$/.exec(line) ?? [];
  if (series === "{}") return { labels: {}, rest };
  const parsed = parseQuery(series);
  assert.ok(
    parsed.kind === "parsed" && parsed.expr.kind === "vectorSelector",
    `no series: ${line}`,
  );
  return { labels: labelsFrom(parsed.expr), rest };
}

function labelsFrom({ name, matchers }: VectorSelector): Labels {
  const named = name === undefined ? [] : ([[metricNameLabel, name]] as const);
  return labelsOf([...named, ...matchers.map(({ label, value }) => [label, value] as const)]);
}

function checkEvaluation(
  store: SeriesStore,
  atMs: number,
  query: string,
  body: readonly string[],
): void {
  const fails = body.map((line) => /^expect fail(?: msg: ?(.*))?$/.exec(line)).find(Boolean);
  const evaluate = (): Value => {
    const parsed = parseQuery(query);
    if (parsed.kind === "malformed")
      throw new Error(parsed.diagnostics.map(({ message }) => message).join("; "));
    return evaluateInstant(parsed.expr, store, atMs).value;
  };
  if (fails) {
    assert.throws(evaluate, (error: Error) => error.message.includes(fails[1] ?? ""));
    return;
  }
  assert.deepEqual(linesOf(evaluate()), body.map(normalized).toSorted());
}

// Numbers are compared to ten digits: sums of binary fractions differ in the last.
const shortened = (value: number): string => String(Number(value.toPrecision(10)));

function linesOf(value: Value): readonly string[] {
  if (value.kind === "scalar") return [shortened(value.value)];
  return value.samples
    .map((sample) => `${formatLabels(sample.labels)} ${shortened(sample.value)}`)
    .toSorted();
}

function normalized(line: string): string {
  if (!line.includes(" ")) return shortened(numberOf(line));
  const { labels, rest } = splitSeries(line);
  return `${formatLabels(labels)} ${shortened(numberOf(rest))}`;
}
