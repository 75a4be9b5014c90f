import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTimestamp } from "../lib/timestamp.ts";
import { podCells, podColumns } from "./pod-cells.ts";
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from "./pod.ts";

const nowMs = parseTimestamp("2026-01-01T00:02:00Z") ?? 0;

function container(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}) {
  const ready = state.running !== undefined;
  return { name, image: "i", imageID: "", ready, restartCount: 0, state, ...more };
}

function pod(
  status: PodStatus,
  more: { init?: readonly Container[]; deleted?: boolean } = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "qwen",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(more.deleted && { deletionTimestamp: "2026-01-01T00:01:00Z" }),
    },
    spec: {
      containers: [{ name: "kserve-container", image: "i" }],
      ...(more.init && { initContainers: more.init }),
    },
    status,
  };
}

const init = [{ name: "storage-initializer", image: "i" }];
const running = { running: { startedAt: "2026-01-01T00:00:05Z" } };
const waiting = (reason: string) => ({ waiting: { reason } });
const main = (state: ContainerState, more: Partial<ContainerStatus> = {}) => [
  container("kserve-container", state, more),
];
const first = (state: ContainerState) => [container("storage-initializer", state)];
const notReady = { type: "Ready", status: "False" } as const;

const cases: readonly [name: string, pod: Pod, ready: string, status: string, restarts: string][] =
  [
    ["nothing is known yet", pod({ phase: "Pending" }), "0/1", "Pending", "0"],
    [
      "the model is being fetched",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: first(running),
          containerStatuses: main(waiting("PodInitializing")),
        },
        { init },
      ),
      "0/1",
      "Init:0/1",
      "0",
    ],
    [
      "the initializer ran out of memory",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: first({ terminated: { exitCode: 137, reason: "OOMKilled" } }),
        },
        { init },
      ),
      "0/1",
      "Init:OOMKilled",
      "0",
    ],
    [
      "the initializer failed without a reason",
      pod(
        { phase: "Pending", initContainerStatuses: first({ terminated: { exitCode: 3 } }) },
        { init },
      ),
      "0/1",
      "Init:ExitCode:3",
      "0",
    ],
    [
      "the initializer waits to be restarted",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [
            container("storage-initializer", waiting("CrashLoopBackOff"), {
              restartCount: 2,
              lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:01:50Z" } },
            }),
          ],
        },
        { init },
      ),
      "0/1",
      "Init:CrashLoopBackOff",
      "2 (10s ago)",
    ],
    [
      "the initializer is done",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: first({ terminated: { exitCode: 0 } }),
          containerStatuses: main(waiting("PodInitializing")),
        },
        { init },
      ),
      "0/1",
      "PodInitializing",
      "0",
    ],
    ["it runs", pod({ phase: "Running", containerStatuses: main(running) }), "1/1", "Running", "0"],
    [
      "it runs, but its probe fails",
      pod({ phase: "Running", containerStatuses: main(running, { ready: false }) }),
      "0/1",
      "Running",
      "0",
    ],
    [
      "it was restarted",
      pod({
        phase: "Running",
        containerStatuses: main(running, {
          restartCount: 2,
          lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:01:50Z" } },
        }),
      }),
      "1/1",
      "Running",
      "2 (10s ago)",
    ],
    [
      "it crashes again and again",
      pod({ phase: "Running", containerStatuses: main(waiting("CrashLoopBackOff")) }),
      "0/1",
      "CrashLoopBackOff",
      "0",
    ],
    [
      "its image is unknown",
      pod({ phase: "Pending", containerStatuses: main(waiting("ErrImagePull")) }),
      "0/1",
      "ErrImagePull",
      "0",
    ],
    [
      "it is done",
      pod({
        phase: "Succeeded",
        containerStatuses: main({ terminated: { exitCode: 0, reason: "Completed" } }),
      }),
      "0/1",
      "Completed",
      "0",
    ],
    [
      "one of two containers is done",
      pod({
        phase: "Running",
        conditions: [notReady],
        containerStatuses: [
          container("kserve-container", { terminated: { exitCode: 0, reason: "Completed" } }),
          container("sidecar", running),
        ],
      }),
      "1/1",
      "NotReady",
      "0",
    ],
    [
      "it is told to end",
      pod({ phase: "Running", containerStatuses: main(running) }, { deleted: true }),
      "1/1",
      "Terminating",
      "0",
    ],
    [
      "it ended before it was removed",
      pod(
        {
          phase: "Succeeded",
          containerStatuses: main({ terminated: { exitCode: 0, reason: "Completed" } }),
        },
        { deleted: true },
      ),
      "0/1",
      "Completed",
      "0",
    ],
    ["it was evicted", pod({ phase: "Failed", reason: "Evicted" }), "0/1", "Evicted", "0"],
  ];

for (const [name, object, ready, status, restarts] of cases)
  test(`when ${name}, kubectl prints ${status}`, () => {
    const cells = podCells(object, nowMs);
    assert.equal(cells.length, podColumns.length);
    assert.deepEqual(cells.slice(0, 5), ["qwen", ready, status, restarts, "2m"]);
  });

test("a sidecar among the init containers counts as a container", () => {
  const sidecar = [{ name: "storage-initializer", image: "i", restartPolicy: "Always" }];
  const status = {
    phase: "Running",
    initContainerStatuses: [container("storage-initializer", running, { started: true })],
    containerStatuses: main(running),
  } as const;
  assert.deepEqual(podCells(pod(status, { init: sidecar }), nowMs).slice(1, 3), ["2/2", "Running"]);
});

test("wide output adds where the pod is", () => {
  const base = pod({ phase: "Running", podIP: "127.64.0.9" });
  const placed = { ...base, spec: { ...base.spec, nodeName: "dunlin" } };
  assert.deepEqual(podCells(placed, nowMs).slice(5), ["127.64.0.9", "dunlin", "<none>", "<none>"]);
  assert.deepEqual(podCells(pod({}), nowMs).slice(5), ["<none>", "<none>", "<none>", "<none>"]);
});
