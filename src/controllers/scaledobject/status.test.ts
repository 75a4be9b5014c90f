import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { ScaledObject, ScaledObjectStatus } from "../../resources/scaled-object.ts";
import { statusOf, type Health, type MetricHealth } from "./status.ts";

const object: ScaledObject = {
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { name: "llm", namespace: "default" },
  spec: {
    scaleTargetRef: { name: "llm" },
    triggers: [
      { type: "prometheus", metadata: {} },
      { type: "prometheus", metadata: {} },
    ],
  },
};

const good: MetricHealth = { name: "s0-prometheus", type: "prometheus", active: true };
const bad: MetricHealth = { ...good, name: "s1-prometheus", active: false, failure: "is away" };

function evaluated(
  metrics: readonly MetricHealth[],
  active: boolean | undefined,
  lastActiveMs?: number,
): Health {
  return { kind: "evaluated", metrics, active, detail: "why", lastActiveMs };
}

function conditions(status: ScaledObjectStatus): string[] {
  return (status.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`);
}

test("conditions by what the triggers say", () => {
  const cases: readonly { name: string; health: Health; expected: readonly string[] }[] = [
    {
      name: "all is well and busy",
      health: evaluated([good], true),
      expected: ["Ready True ScaledObjectReady", "Active True ScalerActive"],
    },
    {
      name: "all is well and idle",
      health: evaluated([good], false),
      expected: ["Ready True ScaledObjectReady", "Active False ScalerNotActive"],
    },
    {
      name: "no data is unknown, not idle",
      health: evaluated([good], undefined),
      expected: ["Ready True ScaledObjectReady", "Active Unknown NoData"],
    },
    {
      name: "one of two sources fails",
      health: evaluated([good, bad], true),
      expected: ["Ready Unknown PartialTriggerError", "Active True ScalerActive"],
    },
    {
      name: "every source fails",
      health: evaluated([bad], undefined),
      expected: ["Ready False TriggerError", "Active Unknown NoData"],
    },
    {
      name: "the object itself is wrong",
      health: { kind: "invalid", message: "no such Deployment" },
      expected: ["Ready False ScaledObjectCheckFailed", "Active Unknown UnknownState"],
    },
  ];
  for (const { name, health, expected } of cases)
    assert.deepEqual(conditions(statusOf(object, health)).slice(0, 2), expected, name);
});

test("the printed columns of the document are filled", () => {
  const status = statusOf(object, evaluated([good, bad], true));
  assert.equal(status.scaleTargetKind, "apps/v1.Deployment");
  assert.equal(status.triggersTypes, "prometheus");
  assert.deepEqual(conditions(status).slice(2), [
    "Fallback False NoFallbackFound",
    "Paused Unknown undefined",
  ]);
});

test("the time of the last activity is written at the change and then every half minute", () => {
  const at = (active: boolean, lastActiveMs: number, before: string | undefined) =>
    statusOf(
      { ...object, ...(before !== undefined && { status: { lastActiveTime: before } }) },
      evaluated([good], active, lastActiveMs),
    ).lastActiveTime;
  assert.equal(at(true, 60_000, undefined), formatTimestamp(60_000));
  assert.equal(at(true, 70_000, formatTimestamp(60_000)), formatTimestamp(60_000));
  assert.equal(at(true, 90_000, formatTimestamp(60_000)), formatTimestamp(90_000));
  assert.equal(at(false, 70_000, formatTimestamp(60_000)), formatTimestamp(70_000));
});
