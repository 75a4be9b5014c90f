import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionOf } from "../../resources/object.ts";
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodSpec,
  PodStatus,
} from "../../resources/pod.ts";
import { phaseOf, podStatusOf, qosClassOf, type PodObservation } from "./pod-status.ts";

const running: ContainerState = { running: { startedAt: "2026-01-02T03:04:05Z" } };
const waiting: ContainerState = { waiting: { reason: "ContainerCreating" } };
const ended = (exitCode: number): ContainerState => ({ terminated: { exitCode } });

function status(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}) {
  const base = { name, image: "i", imageID: "", restartCount: 0, lastState: {} };
  return { ...base, state, ready: false, ...more };
}
const backingOff = (name: string, exitCode: number) =>
  status(name, { waiting: { reason: "CrashLoopBackOff" } }, { lastState: ended(exitCode) });

function podOf(spec: Partial<PodSpec>, podStatus: PodStatus = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [], ...spec },
    status: podStatus,
  };
}

const phases: readonly {
  readonly name: string;
  readonly policy?: "Always" | "OnFailure" | "Never";
  readonly init?: readonly ContainerStatus[];
  /** Names of init containers that keep running. */
  readonly sidecars?: readonly string[];
  readonly containers: readonly ContainerStatus[];
  readonly ending?: boolean;
  readonly failed?: boolean;
  readonly phase: string;
}[] = [
  { name: "nothing has started", containers: [status("a", waiting)], phase: "Pending" },
  {
    name: "one of two has not started yet",
    containers: [status("a", running), status("b", waiting)],
    phase: "Pending",
  },
  {
    name: "one of two waits to be restarted",
    containers: [status("a", running), backingOff("b", 1)],
    phase: "Running",
  },
  {
    name: "an init container runs again beside what ran before",
    init: [status("i", running)],
    containers: [backingOff("a", 137)],
    phase: "Pending",
  },
  {
    name: "a sidecar has not passed its startup probe",
    init: [status("s", running)],
    sidecars: ["s"],
    containers: [status("a", waiting)],
    phase: "Pending",
  },
  {
    name: "a sidecar restarts beside a container that runs",
    init: [backingOff("s", 1)],
    sidecars: ["s"],
    containers: [status("a", running)],
    phase: "Running",
  },
  {
    name: "its work is done and a sidecar still runs",
    policy: "Never",
    init: [status("s", running, { started: true })],
    sidecars: ["s"],
    containers: [status("a", ended(0))],
    phase: "Running",
  },
  {
    name: "its work is done, however its sidecar ended",
    policy: "Never",
    init: [status("s", ended(143))],
    sidecars: ["s"],
    containers: [status("a", ended(0))],
    phase: "Succeeded",
  },
  {
    name: "it is past its deadline, and a container still ends",
    failed: true,
    containers: [status("a", running)],
    phase: "Running",
  },
  {
    name: "it is past its deadline, and all has ended",
    failed: true,
    containers: [status("a", ended(0))],
    phase: "Failed",
  },
  { name: "all wait to be restarted", containers: [backingOff("a", 1)], phase: "Running" },
  { name: "it ended and will be restarted", containers: [status("a", ended(0))], phase: "Running" },
  {
    name: "one ended and one never started",
    policy: "Never",
    containers: [status("a", ended(0)), status("b", waiting)],
    phase: "Pending",
  },
  {
    name: "it succeeded for good",
    policy: "OnFailure",
    containers: [status("a", ended(0))],
    phase: "Succeeded",
  },
  {
    name: "one of two failed for good",
    policy: "Never",
    containers: [status("a", ended(0)), status("b", ended(1))],
    phase: "Failed",
  },
  {
    name: "an init container will be tried again",
    init: [backingOff("i", 1)],
    containers: [status("a", waiting)],
    phase: "Pending",
  },
  {
    name: "an init container failed for good",
    policy: "Never",
    init: [status("i", ended(1))],
    containers: [status("a", waiting)],
    phase: "Failed",
  },
  {
    name: "it is being deleted and has ended",
    ending: true,
    containers: [status("a", ended(143))],
    phase: "Failed",
  },
];

for (const one of phases)
  test(`a pod is ${one.phase} when ${one.name}`, () => {
    const { policy, init = [], sidecars = [], containers, ending = false, failed = false } = one;
    const initContainers = sidecars.map((name) => ({ name, restartPolicy: "Always" }));
    const pod = podOf({ initContainers, ...(policy && { restartPolicy: policy }) });
    const failure = { reason: "DeadlineExceeded", message: "late" };
    const observed = { pod, initContainers: init, containers, ending };
    assert.equal(phaseOf({ ...observed, ...(failed && { failure }) }), one.phase);
  });

const observe = (observation: Partial<PodObservation>): PodStatus =>
  podStatusOf({
    pod: podOf({}),
    initContainers: [],
    containers: [],
    ending: false,
    prepared: true,
    podIp: "127.64.1.1",
    hostIp: "127.64.0.1",
    startTime: "2026-01-02T03:04:05Z",
    conditions: [],
    nowMs: Date.parse("2026-01-02T03:05:00Z"),
    ...observation,
  });

test("conditions name the containers that keep the pod from being ready", () => {
  const { conditions } = observe({
    initContainers: [status("fetch", running)],
    containers: [status("a", waiting), status("b", waiting)],
  });
  const told = (type: string) => {
    const { status: is, reason, message } = conditionOf(conditions, type) ?? {};
    return [is, reason, message];
  };
  assert.deepEqual(told("Initialized"), [
    "False",
    "ContainersNotInitialized",
    "containers with incomplete status: [fetch]",
  ]);
  for (const type of ["Ready", "ContainersReady"])
    assert.deepEqual(told(type), [
      "False",
      "ContainersNotReady",
      "containers with unready status: [a b]",
    ]);
  assert.deepEqual(told("PodScheduled"), ["True", undefined, undefined]);
});

test("a condition keeps the time of its last change", () => {
  const first = observe({ containers: [status("a", running)] });
  const laterMs = Date.parse("2026-01-02T04:00:00Z");
  const second = observe({
    containers: [status("a", running, { ready: true })],
    conditions: first.conditions ?? [],
    nowMs: laterMs,
  });
  const at = (of: PodStatus, type: string) => conditionOf(of.conditions, type)?.lastTransitionTime;
  assert.equal(at(second, "Ready"), "2026-01-02T04:00:00Z");
  assert.equal(at(second, "Initialized"), at(first, "Initialized"));
});

test("conditions of others stay as they are", () => {
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: "x" } as const;
  const gate = { type: "example.com/gate", status: "False" } as const;
  const pod = podOf({}, { conditions: [scheduled, gate] });
  const { conditions } = observe({ pod });
  assert.deepEqual(conditionOf(conditions, "PodScheduled"), scheduled);
  assert.deepEqual(conditionOf(conditions, "example.com/gate"), gate);
});

test("a sidecar counts among the containers that must be ready, and has only to start", () => {
  const pod = podOf({ initContainers: [{ name: "s", restartPolicy: "Always" }] });
  const { conditions } = observe({
    pod,
    initContainers: [status("s", running, { started: true })],
    containers: [status("a", running, { ready: true })],
  });
  assert.equal(conditionOf(conditions, "Initialized")?.status, "True");
  const { message } = conditionOf(conditions, "ContainersReady") ?? {};
  assert.equal(message, "containers with unready status: [s]");
});

test("a pod with readiness gates is ready when others say so too", () => {
  const readinessGates = [
    { conditionType: "example.com/in" },
    { conditionType: "example.com/out" },
  ];
  const said = { type: "example.com/out", status: "False" } as const;
  const ready = (pod: Pod) => {
    const { conditions } = observe({ pod, containers: [status("a", running, { ready: true })] });
    assert.equal(conditionOf(conditions, "ContainersReady")?.status, "True");
    return conditionOf(conditions, "Ready");
  };
  const held = ready(podOf({ readinessGates }, { conditions: [said] }));
  assert.deepEqual(
    [held?.status, held?.reason, held?.message],
    [
      "False",
      "ReadinessGatesNotReady",
      'corresponding condition of pod readiness gate "example.com/in" does not exist., ' +
        'the status of pod readiness gate "example.com/out" is not "True", but False',
    ],
  );
  const both = readinessGates.map(({ conditionType }) => ({
    type: conditionType,
    status: "True" as const,
  }));
  assert.equal(ready(podOf({ readinessGates }, { conditions: both }))?.status, "True");
});

test("a pod that is over says so", () => {
  const pod = podOf({ restartPolicy: "Never" });
  const { conditions } = observe({ pod, containers: [status("a", ended(0))] });
  assert.equal(conditionOf(conditions, "Ready")?.reason, "PodCompleted");
});

const some = { cpu: "1", memory: "1Gi" };
const classes: readonly (readonly [name: string, resources: Container["resources"][]])[] = [
  ["BestEffort", [undefined, {}]],
  ["Burstable", [{ limits: some }, undefined]],
  ["Burstable", [{ limits: some, requests: { cpu: "500m" } }]],
  ["Guaranteed", [{ limits: some }, { limits: some, requests: some }]],
];

for (const [name, each] of classes)
  test(`resources ${JSON.stringify(each)} make a pod ${name}`, () => {
    const containers = each.map((resources, index) => ({
      name: `c${index}`,
      ...(resources && { resources }),
    }));
    assert.equal(qosClassOf(podOf({ containers })), name);
  });
