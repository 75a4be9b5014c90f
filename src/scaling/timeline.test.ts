// Plays the stories in scripts/*.timeline against `decide`. Their language is described in
// scripts/README.md.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { parseDuration } from "../lib/duration.ts";
import type { HorizontalPodAutoscalerBehavior, ScalingRules } from "../resources/scaled-object.ts";
import { decide } from "./decide.ts";
import type { Decided } from "./decide.ts";
import { emptyMemory } from "./memory.ts";
import type { ScalingMemory } from "./memory.ts";
import type { Observation, Reading } from "./observation.ts";
import { policyOf } from "./policy-of.ts";
import type { ScalingPolicy } from "./policy.ts";
import { describeDecision } from "./reason.ts";

type Trigger = {
  readonly name: string;
  readonly target: number;
  readonly type: "AverageValue" | "Value";
  readonly activation: number;
};

type Line = { readonly number: number; readonly atMs: number; readonly words: readonly string[] };

type Script = {
  readonly policy: ScalingPolicy;
  readonly triggers: readonly Trigger[];
  readonly everyMs: number;
  readonly polled: boolean;
  readonly startupMs: number;
  readonly replicas: number;
  readonly lines: readonly Line[];
};

const epochMs = Date.parse("2026-01-01T00:00:00Z");
const folder = join(import.meta.dirname, "scripts");
const files = globSync("*.timeline", { cwd: folder }).toSorted();

test("there are timelines", () => assert.ok(files.length >= 8));
for (const file of files)
  test(basename(file, ".timeline"), () => play(parse(readFileSync(join(folder, file), "utf8"))));

/** The world that a script changes and the decisions act upon. */
type World = {
  pods: number[];
  loads: Map<string, Reading | number>;
  blips: Map<string, number>;
  missing: number;
  room: number;
  writesFail: boolean;
  clockShiftMs: number;
  memory: ScalingMemory;
};

function play(script: Script): void {
  const world: World = {
    pods: Array.from({ length: script.replicas }, () => Number.NEGATIVE_INFINITY),
    loads: new Map(),
    blips: new Map(),
    missing: 0,
    room: Infinity,
    writesFail: false,
    clockShiftMs: 0,
    memory: emptyMemory,
  };
  const lastMs = Math.max(...script.lines.map(endOf));
  const events = script.lines.filter(({ words }) => !isExpectation(words));
  const expectations = script.lines.filter(({ words }) => isExpectation(words));
  const checked = new Set<number>();
  for (let atMs = 0; atMs <= lastMs; atMs += script.everyMs) {
    for (const line of events)
      if (line.atMs <= atMs && line.atMs > atMs - script.everyMs) happen(world, script, line);
    const decided = decide(observe(world, script, atMs), script.policy, world.memory);
    world.memory = decided.memory;
    world.blips.clear();
    if (!world.writesFail && decided.decision.kind === "scale")
      resize(world, decided.decision.to, atMs);
    for (const line of expectations)
      if (
        line.atMs <= atMs &&
        atMs <= endOf(line) &&
        line.atMs > atMs - script.everyMs - spanOf(line)
      ) {
        check(line, decided, world.pods.length, atMs);
        checked.add(line.number);
      }
  }
  for (const { number } of expectations)
    assert.ok(checked.has(number), `line ${number} falls between two rounds`);
}

const isExpectation = ([verb = ""]: readonly string[]) =>
  ["expect", "stays", "active", "inactive", "unknown"].includes(verb);

const spanOf = (line: Line) => endOf(line) - line.atMs;

function endOf({ atMs, words }: Line): number {
  return words[0] === "stays" ? timeOf(words[3] ?? "") : atMs;
}

function happen(world: World, script: Script, { number, atMs, words }: Line): void {
  const [verb = "", argument = "", other] = words;
  const named = verb === "load" || verb === "blip" ? other : argument || undefined;
  const trigger = named ?? script.triggers[0]?.name ?? "";
  switch (verb) {
    case "load":
      world.loads.set(trigger, Number(argument));
      return;
    case "blip":
      world.blips.set(trigger, Number(argument));
      return;
    case "nodata":
      world.loads.set(trigger, { kind: "noData", trigger, detail: "the query returned no series" });
      return;
    case "idle":
      world.loads.set(trigger, Number.NaN);
      return;
    case "missing":
      world.missing = Number(argument);
      return;
    case "replicas":
      resize(world, Number(argument), atMs);
      return;
    case "room":
      world.room = Number(argument);
      return;
    case "writes":
      world.writesFail = argument === "fail";
      return;
    case "clock":
      world.clockShiftMs += timeOf(argument);
      return;
    default:
      assert.fail(`line ${number}: nobody knows what "${verb}" means`);
  }
}

/** The newest pods go first. */
function resize(world: World, count: number, atMs: number): void {
  while (world.pods.length > count) world.pods.pop();
  while (world.pods.length < count) world.pods.push(atMs);
}

function observe(world: World, script: Script, atMs: number): Observation {
  const nowMs = epochMs + atMs + world.clockShiftMs;
  const running = world.pods.slice(0, world.room);
  const ready = running
    .map((bornMs, index) => ({ bornMs, name: `pod-${index}` }))
    .filter(({ bornMs }) => bornMs + script.startupMs <= atMs);
  const missingPods = ready
    .toReversed()
    .slice(0, world.missing)
    .map(({ name }) => name);
  const unschedulable = world.pods.length - running.length;
  return {
    nowMs,
    createdAtMs: epochMs,
    specReplicas: world.pods.length,
    statusReplicas: world.pods.length,
    readyReplicas: ready.length,
    readings: script.triggers.map(({ name, target, type, activation }) => {
      const value = world.blips.get(name) ?? world.loads.get(name) ?? 0;
      if (typeof value !== "number") return value;
      return {
        kind: "value",
        trigger: name,
        value,
        target,
        metricType: type,
        activation,
        missingPods,
        series: type === "Value" ? 1 : ready.length,
        idle: Number.isNaN(value),
      };
    }),
    ...(!script.polled && { round: { atMs: nowMs, intervalMs: script.everyMs } }),
    ...(unschedulable > 0 && {
      unschedulable: { pods: unschedulable, resource: "nvidia.com/gpu" },
    }),
  };
}

function check({ number, words }: Line, decided: Decided, count: number, atMs: number): void {
  const said = describeDecision(decided.decision);
  const where = `line ${number}, at ${atMs / 1000} s, where it is said: ${said}`;
  const [verb, wanted] = words;
  if (verb === "expect" || verb === "stays") {
    assert.equal(count, Number(wanted), where);
    const because = words.indexOf("because");
    if (because > 0) {
      const text = words.slice(because + 1).join(" ");
      assert.ok(said.includes(text), `"${text}" is missing; ${where}`);
    }
    return;
  }
  const states = { active: true, inactive: false, unknown: undefined };
  assert.equal(decided.active, states[verb as keyof typeof states], where);
}

function parse(text: string): Script {
  const settings = new Map<string, Map<string, string>>();
  const triggers: Trigger[] = [];
  const lines: Line[] = [];
  let replicas = 1;
  text.split("\n").forEach((row, index) => {
    const words = row.replace(/#.*/, "").trim().split(/\s+/);
    const [first = "", ...rest] = words;
    if (first === "") return;
    const pairs = new Map(
      rest.map((word) => [word.split("=")[0] ?? "", word.split("=").slice(1).join("=")]),
    );
    if (first === "start") replicas = Number(rest[0]);
    else if (first === "trigger")
      triggers.push({
        name: rest[0] ?? "",
        target: Number(pairs.get("target") ?? 2),
        type: pairs.get("type") === "Value" ? "Value" : "AverageValue",
        activation: Number(pairs.get("activation") ?? 0),
      });
    else if (["policy", "rounds", "polled"].includes(first)) settings.set(first, pairs);
    else lines.push({ number: index + 1, atMs: timeOf(first), words: rest });
  });
  const rounds = settings.get("polled") ?? settings.get("rounds");
  return {
    policy: policyFrom(settings.get("policy") ?? new Map()),
    triggers: triggers.length > 0 ? triggers : [defaultTrigger],
    everyMs: timeOf(rounds?.get("every") ?? "1s"),
    polled: settings.has("polled"),
    startupMs: timeOf(rounds?.get("startup") ?? "2s"),
    replicas,
    lines,
  };
}

const defaultTrigger: Trigger = { name: "s0", target: 2, type: "AverageValue", activation: 0 };

function policyFrom(pairs: ReadonlyMap<string, string>): ScalingPolicy {
  const secondsOf = (key: string) => {
    const text = pairs.get(key);
    return text === undefined ? undefined : timeOf(text) / 1000;
  };
  const rulesOf = (direction: "up" | "down"): ScalingRules => {
    const windowSeconds = secondsOf(`${direction}-window`);
    const [, value, percent, period] =
      /^(\d+)(%?)\/(.*)$/.exec(pairs.get(`${direction}-rate`) ?? "") ?? [];
    return {
      ...(windowSeconds !== undefined && { stabilizationWindowSeconds: windowSeconds }),
      ...(period !== undefined && {
        policies: [
          {
            type: percent ? ("Percent" as const) : ("Pods" as const),
            value: Number(value),
            periodSeconds: timeOf(period) / 1000,
          },
        ],
      }),
    };
  };
  const behavior: HorizontalPodAutoscalerBehavior = {
    scaleUp: rulesOf("up"),
    scaleDown: rulesOf("down"),
  };
  const cooldownPeriod = secondsOf("cooldown");
  const initialCooldownPeriod = secondsOf("initial-cooldown");
  const result = policyOf({
    spec: {
      scaleTargetRef: { name: "target" },
      triggers: [],
      minReplicaCount: Number(pairs.get("min") ?? 1),
      maxReplicaCount: Number(pairs.get("max") ?? 5),
      ...(cooldownPeriod !== undefined && { cooldownPeriod }),
      ...(initialCooldownPeriod !== undefined && { initialCooldownPeriod }),
      ...(pairs.get("behavior") !== "none" && {
        advanced: { horizontalPodAutoscalerConfig: { behavior } },
      }),
    },
  });
  assert.equal(result.kind, "policy");
  return result.policy;
}

function timeOf(text: string): number {
  const durationMs = parseDuration(text);
  assert.ok(durationMs !== undefined, `"${text}" is neither a setting nor a time`);
  return durationMs;
}
