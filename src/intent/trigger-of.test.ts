// The table of DESIGN.md, decision 6: the root of the query and the type that is asked for, against
// the query and the type that are emitted.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AutoScalingMetric, MetricTarget } from "../resources/inference-service.ts";
import { triggerOf } from "./trigger-of.ts";

const scope = { namespace: "prod", deployment: "qwen-predictor" };
const own = '{namespace="prod",pod=~"qwen-predictor-[a-z0-9]+-[a-z0-9]{5}"}';

function metric(query: string, target: MetricTarget, more: object = {}): AutoScalingMetric {
  return {
    type: "External",
    external: {
      metric: { backend: "prometheus", serverAddress: "http://prometheus:9090", query, ...more },
      target,
    },
  };
}

describe("shape and type", () => {
  const cases: readonly {
    readonly query: string;
    readonly type?: "Value" | "AverageValue";
    readonly emits: string;
    readonly as: "Value" | "AverageValue";
    readonly says: RegExp;
  }[] = [
    {
      query: "x",
      type: "Value",
      emits: `sum(x${own})`,
      as: "AverageValue",
      says: /^x keeps pod: scaled by its sum over this service's pods, 2 per replica \(target type Value read as an average\)$/,
    },
    {
      query: "x",
      type: "AverageValue",
      emits: `sum(x${own})`,
      as: "AverageValue",
      says: /replica$/,
    },
    { query: "x", emits: `sum(x${own})`, as: "AverageValue", says: /replica$/ },
    {
      query: "sum( x )",
      type: "Value",
      emits: `sum(x${own})`,
      as: "AverageValue",
      says: /^sum\( x \) is a total: scaled by it, 2 per replica \(target type Value read as an average\)$/,
    },
    {
      query: "sum(x)",
      type: "AverageValue",
      emits: `sum(x${own})`,
      as: "AverageValue",
      says: /total/,
    },
    {
      query: "avg(x)",
      type: "Value",
      emits: `sum(x${own})`,
      as: "AverageValue",
      says: /the sum of/,
    },
    {
      query: "avg(x)",
      type: "AverageValue",
      emits: `avg(x${own})`,
      as: "AverageValue",
      says: /does not fall as replicas are added: use Value/,
    },
    {
      query: "max(x)",
      emits: `max(x${own})`,
      as: "Value",
      says: /^max\(x\) is the max over pods: scaled to keep it at 2$/,
    },
    {
      query: "max(x)",
      type: "AverageValue",
      emits: `max(x${own})`,
      as: "AverageValue",
      says: /use Value/,
    },
    {
      query: "sum(a)/sum(b)",
      type: "Value",
      emits: `sum(a${own}) / sum(b${own})`,
      as: "Value",
      says: /a ratio/,
    },
  ];
  for (const { query, type, emits, as, says } of cases)
    test(`${query} as ${type ?? "nothing"}`, () => {
      const target = { ...(type && { type }), value: "2" };
      const result = triggerOf(metric(query, target), scope);
      assert.equal(result.kind, "trigger");
      assert.equal(result.trigger.metadata["query"], emits);
      assert.equal(result.trigger.metricType, as);
      assert.match(result.message, says);
    });
});

describe("thresholds", () => {
  const cases: readonly (readonly [name: string, target: MetricTarget, threshold: string])[] = [
    ["keep their text", { value: "0.60" }, "0.60"],
    ["may be numbers", { value: 2 }, "2"],
    ["with a unit become plain numbers, which KEDA can read", { value: "500m" }, "0.5"],
    ["of thousands, too", { value: "1k" }, "1000"],
    [
      "are value whatever the type, as KServe reads it",
      { type: "AverageValue", value: "2", averageValue: "3" },
      "2",
    ],
    ["are averageValue where there is no value", { averageValue: "3" }, "3"],
  ];
  for (const [name, target, threshold] of cases)
    test(name, () => {
      const result = triggerOf(metric("x", target), scope);
      assert.equal(result.kind, "trigger");
      assert.equal(result.trigger.metadata["threshold"], threshold);
    });
});

describe("refused metrics", () => {
  const value = { value: "2" };
  const cases: readonly {
    readonly name: string;
    readonly metric: AutoScalingMetric;
    readonly field: string;
    readonly says: RegExp;
  }[] = [
    {
      name: "a query that does not parse, with the place",
      metric: metric("sum(x", value),
      field: "external.metric.query",
      says: /^1:\d+: parse error: /,
    },
    {
      name: "a query of no use",
      metric: metric("vector(1)", value),
      field: "external.metric.query",
      says: /constant/,
    },
    {
      name: "no target",
      metric: metric("x", {}),
      field: "external.target.value",
      says: /missing/,
    },
    {
      name: "a target of zero",
      metric: metric("x", { value: "0" }),
      field: "external.target.value",
      says: /above zero/,
    },
    {
      name: "a target that is no quantity",
      metric: metric("x", { type: "AverageValue", averageValue: "two" }),
      field: "external.target.averageValue",
      says: /not "two"/,
    },
    {
      name: "graphite",
      metric: metric("x", value, { backend: "graphite" }),
      field: "external.metric.backend",
      says: /queryTime/,
    },
    {
      name: "no server",
      metric: metric("x", value, { serverAddress: "" }),
      field: "external.metric.serverAddress",
      says: /missing/,
    },
    {
      name: "metrics of pods over OpenTelemetry",
      metric: { type: "PodMetric" },
      field: "type",
      says: /not supported yet/,
    },
    {
      name: "cpu and memory",
      metric: { type: "Resource", resource: { name: "cpu" } },
      field: "type",
      says: /not supported yet/,
    },
  ];
  for (const { name, metric: given, field, says } of cases)
    test(name, () => {
      const result = triggerOf(given, scope);
      assert.equal(result.kind, "refused");
      assert.equal(result.field, field);
      assert.match(result.message, says);
    });
});

test("utilization of a query is no such thing, and that is said", () => {
  const target = { type: "Utilization" as const, value: "2", averageUtilization: 80 };
  const result = triggerOf(metric("x", target), scope);
  assert.equal(result.kind, "trigger");
  assert.match(result.message, /\(target type Utilization read as an average\)$/);
});

test("without a scope the query stays as it is written, and that is said", () => {
  const result = triggerOf(metric("x", { value: "2" }), undefined);
  assert.equal(result.kind, "trigger");
  assert.equal(result.trigger.metadata["query"], "sum(x)");
  assert.match(result.message, /not narrowed/);
});

test("a selector that says whom it means is named", () => {
  const result = triggerOf(metric('sum(x{namespace="a"}) + sum(y)', { value: "2" }), scope);
  assert.equal(result.kind, "trigger");
  assert.match(result.message, /x\{namespace="a"\} is left as it is/);
});

test("authentication and tenancy are passed on", () => {
  const given = metric("x", { value: "2" }, { namespace: "tenant" });
  const result = triggerOf(
    {
      ...given,
      external: {
        ...given.external,
        metric: given.external?.metric ?? {},
        authenticationRef: { authenticationRef: { name: "prom" }, authModes: "bearer" },
      },
    },
    scope,
  );
  assert.equal(result.kind, "trigger");
  assert.equal(result.trigger.metadata["namespace"], "tenant");
  assert.equal(result.trigger.metadata["authModes"], "bearer");
  assert.deepEqual(result.trigger.authenticationRef, { name: "prom" });
});
