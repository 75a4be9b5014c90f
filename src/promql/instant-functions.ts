// Functions of values at one instant: mathematics on each sample, and the passage between scalars
// and vectors.
import { noLabels, withoutName } from "../metrics/labels.ts";
import type { Scalar, Value, Vector, VectorSample } from "./value.ts";

export type InstantFunction = (args: readonly Value[], atMs: number) => Value;

export const instantFunctions: ReadonlyMap<string, InstantFunction> = new Map([
  ...mathematics({
    abs: Math.abs,
    ceil: Math.ceil,
    exp: Math.exp,
    floor: Math.floor,
    ln: Math.log,
    log2: Math.log2,
    log10: Math.log10,
    sqrt: Math.sqrt,
    sgn: Math.sign,
    round: (value, to = 1) => roundTo(value, to),
    clamp_min: (value, least = NaN) => Math.max(value, least),
    clamp_max: (value, most = NaN) => Math.min(value, most),
  }),
  ["clamp", clamp],
  ["scalar", scalarOf],
  ["vector", vectorOf],
  ["time", (_: readonly Value[], atMs: number): Value => scalar(atMs / 1000)],
  ["pi", (): Value => scalar(Math.PI)],
]);

const scalar = (value: number): Scalar => ({ kind: "scalar", value });

type Mathematics = (value: number, parameter?: number) => number;

function mathematics(
  functions: Readonly<Record<string, Mathematics>>,
): readonly (readonly [string, InstantFunction])[] {
  return Object.entries(functions).map(([name, apply]) => [
    name,
    ([vector, parameter]) => {
      const given = parameter === undefined ? undefined : numberOf(parameter);
      return mapSamples(samplesOf(vector), (value) => apply(value, given));
    },
  ]);
}

function mapSamples(samples: readonly VectorSample[], apply: (value: number) => number): Vector {
  return {
    kind: "vector",
    samples: samples.map(({ labels, value, timeMs }) => ({
      labels: withoutName(labels),
      value: apply(value),
      timeMs,
    })),
  };
}

/** An empty range (least above most) gives an empty vector. */
function clamp([vector, min, max]: readonly Value[]): Value {
  const [least, most] = [numberOf(min), numberOf(max)];
  if (least > most) return { kind: "vector", samples: [] };
  return mapSamples(samplesOf(vector), (value) => Math.max(least, Math.min(most, value)));
}

/** Halves go up. The division by the inverse keeps 0.1 and the like exact, as Prometheus does. */
function roundTo(value: number, to: number): number {
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** NaN unless there is exactly one sample. */
function scalarOf([vector]: readonly Value[]): Value {
  const samples = samplesOf(vector);
  return scalar(samples.length === 1 ? (samples[0]?.value ?? NaN) : NaN);
}

function vectorOf([value]: readonly Value[], atMs: number): Value {
  return {
    kind: "vector",
    samples: [{ labels: noLabels, value: numberOf(value), timeMs: atMs }],
  };
}

// The types were checked before, so what is asked for is there.
const samplesOf = (value: Value | undefined): readonly VectorSample[] =>
  value?.kind === "vector" ? value.samples : [];
const numberOf = (value: Value | undefined): number =>
  value?.kind === "scalar" ? value.value : NaN;
