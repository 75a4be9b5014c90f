// The functions of the language and what they take, as data; and those of Prometheus that are not
// served here, each with the reason, so that they are refused by name and never mis-evaluated.

export type ValueType = "scalar" | "vector" | "range" | "string";

export type Signature = {
  readonly args: readonly ValueType[];
  /** How many of the last args may be left out. */
  readonly optional: number;
  /** The last arg may be repeated. */
  readonly variadic: boolean;
  readonly returns: ValueType;
};

export function signatureOf(name: string): Signature | undefined {
  return signatures.get(name);
}

/** All that are served, in no order that means anything. */
export function functionNames(): readonly string[] {
  return [...signatures.keys()];
}

/** Why there is no such function; undefined if it is served. */
export function functionRefusal(name: string): string | undefined {
  if (signatures.has(name)) return undefined;
  if (experimental.has(name))
    return `function "${name}" is not enabled: it is experimental in Prometheus and not supported here`;
  if (onNativeHistograms.has(name))
    return `function "${name}" is not supported: it reads native histograms, of which there are none here; a classic histogram has series that end in _bucket, _sum and _count`;
  return `unknown function with name ${JSON.stringify(name)}`;
}

// Those that Prometheus 3 has behind --enable-feature=promql-experimental-functions, and those of its
// duration expressions.
const experimental: ReadonlySet<string> = new Set(
  [
    "double_exponential_smoothing end first_over_time histogram_quantiles info integral mad_over_time",
    "max_of min_of range sort_by_label sort_by_label_desc start start_timestamp step",
    "ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time",
  ].flatMap((names) => names.split(" ")),
);

const onNativeHistograms: ReadonlySet<string> = new Set(
  "histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum".split(" "),
);

type Options = { readonly optional?: number; readonly variadic?: boolean };

const signatures: ReadonlyMap<string, Signature> = new Map([
  ...named("abs ceil exp floor ln log10 log2 sgn sqrt deg rad", ["vector"]),
  ...named("acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh", ["vector"]),
  ...named("absent sort sort_desc timestamp", ["vector"]),
  ...named("absent_over_time avg_over_time changes count_over_time delta deriv", ["range"]),
  ...named("idelta increase irate last_over_time", ["range"]),
  ...named("max_over_time min_over_time present_over_time rate resets", ["range"]),
  ...named("stddev_over_time stdvar_over_time sum_over_time", ["range"]),
  ...named("clamp", ["vector", "scalar", "scalar"]),
  ...named("clamp_max clamp_min", ["vector", "scalar"]),
  ...named("round", ["vector", "scalar"], { optional: 1 }),
  ...named("day_of_month day_of_week day_of_year days_in_month", ["vector"], { optional: 1 }),
  ...named("hour minute month year", ["vector"], { optional: 1 }),
  ...named("predict_linear", ["range", "scalar"]),
  ...named("quantile_over_time", ["scalar", "range"]),
  ...named("histogram_quantile", ["scalar", "vector"]),
  ...named("histogram_fraction", ["scalar", "scalar", "vector"]),
  ...named("label_replace", ["vector", "string", "string", "string", "string"]),
  ...named("label_join", ["vector", "string", "string", "string"], { optional: 1, variadic: true }),
  ...named("scalar", ["vector"], {}, "scalar"),
  ...named("vector", ["scalar"]),
  ...named("pi time", [], {}, "scalar"),
]);

function named(
  names: string,
  args: readonly ValueType[],
  options: Options = {},
  returns: ValueType = "vector",
): readonly (readonly [string, Signature])[] {
  const { optional = 0, variadic = false } = options;
  return names.split(" ").map((name) => [name, { args, optional, variadic, returns }]);
}
