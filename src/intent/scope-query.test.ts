// Whose series a query means, once it is narrowed to one service.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileMatcher } from "../metrics/matcher.ts";
import { selectorsOf } from "../promql/ast.ts";
import { parseQuery } from "../promql/parse.ts";
import { printExpr } from "../promql/print.ts";
import { scopeQuery } from "./scope-query.ts";

const scope = { namespace: "prod", deployment: "qwen-predictor" };
const own = 'namespace="prod",pod=~"qwen-predictor-[a-z0-9]+-[a-z0-9]{5}"';

function scoped(query: string, deployment = scope.deployment) {
  const parsed = parseQuery(query);
  assert.equal(parsed.kind, "parsed");
  return scopeQuery(parsed.expr, { ...scope, deployment });
}

describe("selectors", () => {
  const cases: readonly (readonly [query: string, narrowed: string])[] = [
    ["x", `x{${own}}`],
    ['x{model_name="a"}', `x{model_name="a",${own}}`],
    ["sum(rate(x[1m] offset 5m))", `sum(rate(x{${own}}[1m] offset 5m))`],
    ["a / (b + c)", `a{${own}} / (b{${own}} + c{${own}})`],
    ["quantile(0.9, x)", `quantile(0.9, x{${own}})`],
    ["max_over_time(x[5m:1m])", `max_over_time(x{${own}}[5m:1m])`],
  ];
  for (const [query, narrowed] of cases)
    test(`${query} is narrowed`, () => assert.equal(printExpr(scoped(query).expr), narrowed));

  for (const label of ["pod", "namespace", "instance", "service", "kubernetes_pod_name"])
    test(`one that says which ${label} it means is left alone`, () => {
      const query = `x{${label}=~"mine.*"}`;
      const { expr, kept, narrowed } = scoped(query);
      assert.equal(printExpr(expr), query);
      assert.equal(kept.length, 1);
      assert.equal(narrowed, 0);
    });

  test("each is looked at by itself", () => {
    const { expr, narrowed, kept } = scoped('a + ignoring (namespace) b{namespace="x"}');
    assert.equal(printExpr(expr), `a{${own}} + ignoring (namespace) b{namespace="x"}`);
    assert.deepEqual([narrowed, kept.length], [1, 1]);
  });
});

describe("pods of the service", () => {
  const short = "qwen-predictor";
  const long = "a-very-long-name-of-some-service-in-production-predictor";
  assert.equal(`${long}-5d8f7b9c6d-`.length, 68);
  const cases: readonly (readonly [deployment: string, pod: string, isOwn: boolean])[] = [
    [short, "qwen-predictor-58f9c58b85-l69f7", true],
    [short, "qwen-predictor-5-l69f7", true],
    [short, "qwen-predictor-canary-58f9c58b85-l69f7", false],
    [short, "my-qwen-predictor-58f9c58b85-l69f7", false],
    [short, "qwen-predictor-58f9c58b85", false],
    // Kubernetes cuts the name at 58 characters before it adds five random ones.
    [long, `${`${long}-5d8f7b9c6d-`.slice(0, 58)}l69f7`, true],
    [long, `${long}-canary-58f9c58b85-l69f7`, false],
  ];
  for (const [deployment, pod, isOwn] of cases)
    test(`${pod} ${isOwn ? "is" : "is not"} one of ${deployment}`, () => {
      const [selector] = selectorsOf(scoped("x", deployment).expr);
      const matcher = selector?.matchers.find(({ label }) => label === "pod");
      assert.ok(matcher);
      const compiled = compileMatcher(matcher);
      assert.equal(compiled.kind, "compiled");
      assert.equal(compiled.matcher.accepts(pod), isOwn);
    });
});
