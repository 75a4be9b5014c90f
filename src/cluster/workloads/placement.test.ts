import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../resources/node.ts";
import { placePod } from "./placement.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";

const node = (more: Partial<Node["spec"]> = {}, ready = "True"): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "node", labels: { zone: "a" } },
  spec: more,
  status: {
    allocatable: { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "2", pods: "3" },
    conditions: [{ type: "Ready", status: ready === "True" ? "True" : "False" }],
  },
});

const gpu = (name: string, more: PodTraits = {}): PodTraits => ({
  name,
  resources: { limits: { "nvidia.com/gpu": "1" } },
  ...more,
});
const asks = (requests: Record<string, string>): PodTraits => ({ resources: { requests } });

type Case = {
  readonly name: string;
  readonly pod: PodTraits;
  readonly placed?: readonly PodTraits[];
  readonly nodes?: readonly Node[];
  readonly outcome: string;
};

const cases: readonly Case[] = [
  { name: "room", pod: asks({ cpu: "4" }), outcome: "node" },
  { name: "no requests", pod: {}, outcome: "node" },
  {
    name: "no processor left",
    pod: asks({ cpu: "500m" }),
    placed: [asks({ cpu: "3.6" })],
    outcome: "0/1 nodes are available: 1 Insufficient cpu.",
  },
  {
    name: "the last bit fits",
    pod: asks({ cpu: "500m" }),
    placed: [asks({ cpu: "3500m" })],
    outcome: "node",
  },
  {
    name: "no GPU left; a limit stands for the request",
    pod: gpu("c"),
    placed: [gpu("a"), gpu("b")],
    outcome: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
  },
  {
    name: "a terminating pod holds its GPU until it is gone",
    pod: gpu("c"),
    placed: [gpu("a"), gpu("b", { terminating: true })],
    outcome: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
  },
  {
    name: "a finished pod holds nothing",
    pod: gpu("c"),
    placed: [gpu("a"), gpu("b", { phase: "Succeeded" })],
    outcome: "node",
  },
  {
    name: "two shortages at once",
    pod: asks({ cpu: "5", memory: "9Gi" }),
    outcome: "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
  },
  {
    name: "a resource that the node does not have",
    pod: asks({ "amd.com/gpu": "1" }),
    outcome: "0/1 nodes are available: 1 Insufficient amd.com/gpu.",
  },
  {
    name: "as many pods as it takes",
    pod: {},
    placed: [{}, {}, {}],
    outcome: "0/1 nodes are available: 1 Too many pods.",
  },
  {
    name: "a cordoned node",
    pod: {},
    nodes: [node({ unschedulable: true })],
    outcome: "0/1 nodes are available: 1 node(s) were unschedulable.",
  },
  {
    name: "a node that is away",
    pod: {},
    nodes: [node({}, "False")],
    outcome: "0/1 nodes are available: 1 node(s) were not ready.",
  },
  { name: "no node", pod: {}, nodes: [], outcome: "no nodes available to schedule pods" },
];

for (const { name, pod, placed = [], nodes = [node()], outcome } of cases)
  test(name, () => {
    const waiting = podFixture({ ...pod, node: undefined, phase: "Pending" });
    const placement = placePod(waiting, nodes, placed.map(podFixture));
    assert.equal(placement.kind === "node" ? placement.name : placement.message, outcome);
  });

test("a node selector must fit", () => {
  const pod = podFixture({ node: undefined });
  const choosy = { ...pod, spec: { ...pod.spec, nodeSelector: { zone: "b" } } };
  assert.deepEqual(placePod(choosy, [node()], []), {
    kind: "nowhere",
    message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  });
});

test("an init container counts where it asks for more than the others together", () => {
  const pod = podFixture({ node: undefined, ...asks({ cpu: "1" }) });
  const init = { name: "init", resources: { requests: { cpu: "5" } } };
  const placement = placePod(
    { ...pod, spec: { ...pod.spec, initContainers: [init] } },
    [node()],
    [],
  );
  assert.equal(placement.kind, "nowhere");
});
