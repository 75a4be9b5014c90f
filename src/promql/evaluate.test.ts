import assert from "node:assert/strict";
import { test } from "node:test";
import { SeriesStore } from "../metrics/series-store.ts";
import { evaluateInstant, evaluateRange, type EvaluationOptions } from "./evaluate.ts";
import { parseQuery } from "./parse.ts";
import { functionNames, signatureOf } from "./signatures.ts";
import { EvaluationError } from "./value.ts";

function parsed(text: string) {
  const result = parseQuery(text);
  assert.ok(result.kind === "parsed", `${text} does not parse`);
  return result.expr;
}

/** Ten counters of one pod each, a sample every second from 1 s to 100 s. */
function counters(): SeriesStore {
  const store = new SeriesStore();
  for (let second = 1; second <= 100; second++)
    for (let pod = 0; pod < 10; pod++)
      store.append({ __name__: "tokens", pod: `pod-${pod}` }, second * 1000, second * (pod + 1));
  return store;
}

const at = (text: string, atMs: number, options: EvaluationOptions = {}) =>
  evaluateInstant(parsed(text), counters(), atMs, options);

const over = (text: string, startMs: number, endMs: number, stepMs: number, options = {}) =>
  evaluateRange(parsed(text), counters(), { startMs, endMs, stepMs }, options);

const isError = (kind: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EvaluationError, String(error));
  assert.equal(error.kind, kind);
  assert.match(error.message, message);
  return true;
};

test("every function that parses can be evaluated", () => {
  const samples = { vector: "tokens", range: "tokens[1m]", scalar: "1", string: '"a"' };
  const names = functionNames();
  assert.ok(names.length > 60);
  for (const name of names) {
    const args = signatureOf(name)?.args ?? [];
    const call = `${name}(${args.map((type) => samples[type]).join(", ")})`;
    assert.ok(at(call, 60_000).value, call);
    assert.ok(over(call, 0, 60_000, 10_000).value, call);
  }
});

test("a range as the whole query gives the samples at their own times", () => {
  const { value } = at('tokens{pod="pod-1"}[3s]', 10_500);
  assert.deepEqual(value, {
    kind: "matrix",
    series: [
      {
        labels: { __name__: "tokens", pod: "pod-1" },
        timesMs: Float64Array.of(8000, 9000, 10_000),
        values: Float64Array.of(16, 18, 20),
      },
    ],
  });
});

test("a subquery as the whole query has the times of its steps", () => {
  const { value } = at("sum(tokens)[20s:7s]", 30_000);
  assert.ok(value.kind === "matrix");
  assert.deepEqual(
    value.series.map(({ timesMs }) => [...timesMs]),
    [[14_000, 21_000, 28_000]],
  );
});

test("a string is a result of an instant query", () => {
  assert.deepEqual(at('"text"', 0).value, { kind: "string", value: "text" });
});

test("a range query gives a scalar as one series, and orders series by their labels", () => {
  const scalar = over("time()", 1000, 3000, 1000).value;
  assert.deepEqual(
    scalar.series.map(({ labels, values }) => ({ labels, values: [...values] })),
    [{ labels: {}, values: [1, 2, 3] }],
  );
  const { value } = over('-tokens or label_replace(tokens, "a", "x", "", "")', 1000, 2000, 1000);
  assert.deepEqual(
    value.series.slice(0, 3).map(({ labels }) => Object.keys(labels).toSorted().join()),
    ["__name__,a,pod", "__name__,a,pod", "__name__,a,pod"],
  );
  assert.deepEqual(
    over("tokens", 1000, 2000, 1000).value.series.map(({ labels }) => labels["pod"]),
    Array.from({ length: 10 }, (_, pod) => `pod-${pod}`),
  );
});

test("a range query refuses what has no value at a step", () => {
  assert.throws(
    () => over("tokens[1m]", 0, 1000, 1000),
    isError("execution", /^invalid expression type "range vector" for range query/),
  );
  assert.throws(
    () => over('"text"', 0, 1000, 1000),
    isError("execution", /^invalid expression type "string" for range query/),
  );
});

test("a range query that ends before it starts is empty", () => {
  for (const query of ["tokens", "rate(tokens[1m])", "time()", "absent(x)", "sum(x) or vector(1)"])
    assert.deepEqual(over(query, 2000, 1000, 1000).value.series, [], query);
});

test("annotations name their place only if the query's text is given", () => {
  const text = "sum by (pod) (\n  rate(tokens[1m])\n)";
  const message =
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "tokens"';
  assert.deepEqual(at(text, 60_000).infos, [message]);
  assert.deepEqual(at(text, 60_000, { queryText: text }).infos, [`${message} (2:8)`]);
  assert.deepEqual(at(text, 60_000, { queryText: text }).warnings, []);
});

test("what is true of many series and steps is said once", () => {
  const { warnings } = over("quantile(2, tokens)", 1000, 50_000, 1000);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /quantile value should be between 0 and 1, got 2/);
});

test("a query that would touch too many samples is refused", () => {
  const limit = isError("limit", /^query processing would load too many samples into memory/);
  // 10 series of 20 samples are read, and 10 results made of them.
  assert.equal(at("rate(tokens[20s])", 60_000, { maxSamples: 220 }).value.kind, "vector");
  for (const [text, maxSamples] of [
    ["rate(tokens[20s])", 200],
    ["tokens", 9],
    ["tokens[20s]", 199],
    ["max_over_time(tokens[60s:1s])", 500],
    ["max_over_time(vector(1)[1y:1ms])", 1_000_000],
    ["absent_over_time(absent(x)[100y:1ms])", 1_000_000],
    ["tokens or (tokens + tokens)", 30],
  ] as const)
    assert.throws(() => at(text, 60_000, { maxSamples }), limit, text);
  assert.throws(() => over("tokens", 1000, 100_000, 1000, { maxSamples: 900 }), limit);
  assert.throws(() => over("tokens @ 1", 1000, 100_000, 1000, { maxSamples: 900 }), limit);
});

test("series that follow one another on the unique side cost as much as one", () => {
  const store = counters();
  for (let second = 1; second <= 100; second++) {
    store.append({ __name__: "version", rev: String(second) }, second * 1000, second);
    store.appendStale({ __name__: "version", rev: String(second) }, second * 1000 + 1);
  }
  const { value } = evaluateRange(
    parsed("tokens * on () group_left () version"),
    store,
    { startMs: 1000, endMs: 100_000, stepMs: 1000 },
    // 10 and 100 series at 100 steps, and 10 results; all pairs would be 1,000.
    { maxSamples: 12_000 },
  );
  assert.equal(value.series.length, 10);
  assert.deepEqual([...(value.series[0]?.values.slice(0, 3) ?? [])], [1, 4, 9]);
});

test("a long query can be ended by its caller, wherever it spends its time", () => {
  for (const text of [
    "tokens",
    "rate(tokens[1m])",
    "quantile_over_time(0.5, tokens[100s])",
    "tokens * tokens",
    "quantile by (pod) (0.5, tokens)",
    "topk(1, tokens)",
    'count_values("v", tokens)',
    "max_over_time(tokens[1m:1s])",
  ]) {
    let calls = 0;
    const checkpoint = (): void => {
      if (++calls === 2)
        throw new EvaluationError("query timed out in expression evaluation", expr, "timeout");
    };
    const expr = parsed(text);
    assert.throws(
      () => over(text, 0, 100_000, 10, { checkpoint }),
      isError("timeout", /^query timed out/),
      text,
    );
  }
});

test("a small query is not disturbed by checkpoints", () => {
  const checkpoint = (): void => assert.fail("called");
  at("sum(rate(tokens[1m])) / count(tokens)", 60_000, { checkpoint });
});
