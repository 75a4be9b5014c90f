// The functions of the language and what they take, as data. It says what a query may contain;
// whether our evaluator can run it is another question (see unsupported.ts).

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

type Options = { readonly optional?: number; readonly variadic?: boolean };

const signatures: ReadonlyMap<string, Signature> = new Map([
  ...named("abs ceil exp floor ln log10 log2 sgn sqrt deg rad", ["vector"]),
  ...named("acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh", ["vector"]),
  ...named("absent sort sort_desc timestamp", ["vector"]),
  ...named("histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum", [
    "vector",
  ]),
  ...named("absent_over_time avg_over_time changes count_over_time delta deriv", ["range"]),
  ...named("first_over_time idelta increase irate last_over_time mad_over_time", ["range"]),
  ...named("max_over_time min_over_time present_over_time rate resets", ["range"]),
  ...named("stddev_over_time stdvar_over_time sum_over_time", ["range"]),
  ...named("ts_of_first_over_time ts_of_last_over_time", ["range"]),
  ...named("ts_of_max_over_time ts_of_min_over_time", ["range"]),
  ...named("clamp", ["vector", "scalar", "scalar"]),
  ...named("clamp_max clamp_min", ["vector", "scalar"]),
  ...named("round", ["vector", "scalar"], { optional: 1 }),
  ...named("day_of_month day_of_week day_of_year days_in_month", ["vector"], { optional: 1 }),
  ...named("hour minute month year", ["vector"], { optional: 1 }),
  ...named("double_exponential_smoothing", ["range", "scalar", "scalar"]),
  ...named("predict_linear", ["range", "scalar"]),
  ...named("quantile_over_time", ["scalar", "range"]),
  ...named("histogram_quantile", ["scalar", "vector"]),
  ...named("histogram_fraction", ["scalar", "scalar", "vector"]),
  ...named("label_replace", ["vector", "string", "string", "string", "string"]),
  ...named("label_join", ["vector", "string", "string", "string"], { optional: 1, variadic: true }),
  ...named("sort_by_label sort_by_label_desc", ["vector", "string"], { variadic: true }),
  ...named("info", ["vector", "vector"], { optional: 1 }),
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
