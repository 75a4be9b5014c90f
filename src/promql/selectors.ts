// Reads what selectors ask for: the store's series, and of each the sample that counts at a step.
import assert from "node:assert/strict";
import { metricNameLabel } from "../metrics/labels.ts";
import { compileMatcher, type CompiledMatcher } from "../metrics/matcher.ts";
import type { TimeShift, VectorSelector } from "./ast.ts";
import type { Context } from "./context.ts";
import { addRow, draftFrame, finishFrame, nextOffset, type Frame } from "./frame.ts";
import { timeAt, type Grid } from "./grid.ts";

/** What the store is asked for: the name and the matchers, compiled once per selector. */
export function matchersOf(selector: VectorSelector): readonly CompiledMatcher[] {
  let compiled = compiledMatchers.get(selector);
  if (!compiled) compiledMatchers.set(selector, (compiled = compileMatchers(selector)));
  return compiled;
}

// A query that is asked every second keeps its tree.
const compiledMatchers = new WeakMap<VectorSelector, readonly CompiledMatcher[]>();

function compileMatchers({ name, matchers }: VectorSelector): readonly CompiledMatcher[] {
  const named =
    name === undefined ? [] : [{ label: metricNameLabel, op: "=", value: name } as const];
  return [...named, ...matchers].map((matcher) => {
    const compiled = compileMatcher(matcher);
    assert.ok(compiled.kind === "compiled", "the parser has compiled every matcher before");
    return compiled.matcher;
  });
}

/** The time that a selector looks at from a step: `@` replaces the step's, the offset shifts it. */
export function lookTimes(
  { at, offsetMs }: TimeShift,
  grid: Grid,
  { startMs, endMs }: Context,
): (step: number) => number {
  if (!at) return (step) => timeAt(grid, step) - offsetMs;
  const fixedMs = at.kind === "time" ? at.timeMs : at.kind === "start" ? startMs : endMs;
  return () => fixedMs - offsetMs;
}

/** `measure` says what is wanted of each sample: its value, or its time in seconds. */
export function selectInstant(
  selector: VectorSelector,
  grid: Grid,
  context: Context,
  measure: "value" | "time" = "value",
): Frame {
  const { store, lookbackMs, buffer, budget } = context;
  const { count } = grid;
  const lookMs = lookTimes(selector, grid, context);
  const [firstMs, lastMs] = [lookMs(0), lookMs(count - 1)];
  const matchers = matchersOf(selector);
  const found =
    count === 0 ? [] : store.select(matchers, firstMs - lookbackMs, lastMs, budget.work);
  const draft = draftFrame(found.length, count, context);
  const write = (index: number, timeMs: number, value: number): void => {
    draft.values[index] = measure === "value" ? value : timeMs / 1000;
    draft.present[index] = 1;
  };
  for (const series of found) {
    const offset = nextOffset(draft);
    if (count > 1) {
      const samples = series.readRun(firstMs - lookbackMs, lastMs, buffer);
      context.budget.work(samples);
      let next = 0;
      for (let step = 0; step < count; step++) {
        const atMs = lookMs(step);
        while (next < samples && (buffer.timesMs[next] ?? NaN) <= atMs) next++;
        if (next === 0 || buffer.stale[next - 1] === 1) continue;
        const timeMs = buffer.timesMs[next - 1] ?? NaN;
        if (timeMs > atMs - lookbackMs)
          write(offset + step, timeMs, buffer.values[next - 1] ?? NaN);
      }
    } else {
      const sample = series.at(firstMs, lookbackMs);
      if (sample) write(offset, sample.timeMs, sample.value);
    }
    addRow(draft, series.labels);
  }
  return finishFrame(draft);
}
