// Calls of functions: each family is applied in its own way.
import assert from "node:assert/strict";
import type { Call } from "./ast.ts";
import type { Context, Result } from "./context.ts";
import { dateFunctions } from "./date-functions.ts";
import {
  addRow,
  draftFrame,
  finishFrame,
  mergeSameLabels,
  nextOffset,
  relabelled,
  withoutNames,
  type Frame,
} from "./frame.ts";
import type { LabelFunction, NumberFunction } from "./function-families.ts";
import { timeAt, type Grid } from "./grid.ts";
import { callOnHistograms } from "./histogram-calls.ts";
import { histogramFunctions } from "./histogram-functions.ts";
import { labelFunctions } from "./label-functions.ts";
import { mathFunctions } from "./math-functions.ts";
import { callOverRange } from "./range-calls.ts";
import { rangeFunctions } from "./range-functions.ts";
import { scalarArguments } from "./scalars.ts";
import { EvaluationError } from "./value.ts";
import { evaluateVector, frameOf, vectorFunctions } from "./vector-functions.ts";

const numberFunctions: ReadonlyMap<string, NumberFunction> = new Map([
  ...mathFunctions,
  ...dateFunctions,
]);

export function evaluateCall(call: Call, grid: Grid, context: Context): Result {
  const { name } = call;
  const ofVector = vectorFunctions.get(name);
  if (ofVector) return ofVector(call, grid, context);
  const ofRange = rangeFunctions.get(name);
  if (ofRange) return callOverRange(call, ofRange, grid, context);
  const ofNumber = numberFunctions.get(name);
  if (ofNumber) return callOnNumbers(call, ofNumber, grid, context);
  const ofHistogram = histogramFunctions.get(name);
  if (ofHistogram) return callOnHistograms(call, ofHistogram, grid, context);
  const ofLabels = labelFunctions.get(name);
  assert.ok(ofLabels, "the parser lets through what is served only");
  return callOnLabels(call, ofLabels, grid, context);
}

/** Without a vector, functions of dates take the time of the evaluation. */
function callOnNumbers(call: Call, apply: NumberFunction, grid: Grid, context: Context): Frame {
  const [vector, ...parameters] = call.args;
  const frame = vector
    ? evaluateVector(vector, grid, context)
    : frameOf(
        Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step) / 1000),
        context,
      );
  const scalars = scalarArguments(parameters, grid, context);
  const { labels, steps, values, present } = frame;
  const draft = draftFrame(labels.length, steps, context);
  for (const [row, each] of labels.entries()) {
    const to = nextOffset(draft);
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] === 0) continue;
      const result = apply(values[from] ?? NaN, ...scalars(step));
      if (result === undefined) continue;
      draft.values[to + step] = result;
      draft.present[to + step] = 1;
    }
    addRow(draft, each);
  }
  return withoutNames(finishFrame(draft), call);
}

function callOnLabels(call: Call, prepare: LabelFunction, grid: Grid, context: Context): Frame {
  const [vector, ...strings] = call.args;
  const prepared = prepare(strings.map((arg) => (arg.kind === "string" ? arg.value : "")));
  if (prepared.kind === "malformed") throw new EvaluationError(prepared.message, call);
  const frame = evaluateVector(vector, grid, context);
  return mergeSameLabels(relabelled(frame, frame.labels.map(prepared.apply)), call);
}
