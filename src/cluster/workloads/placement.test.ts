import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../resources/node.ts";
import type { NodeSelectorTerm, Pod, PodAffinityTerm, PodSpec } from "../../resources/pod.ts";
import { placePod } from "./placement.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";

const node = (more: Partial<Node["spec"]> = {}, ready = "True"): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "node", labels: { zone: "a", gpus: "4" } },
  spec: more,
  status: {
    allocatable: { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "2", pods: "3" },
    conditions: [{ type: "Ready", status: ready === "True" ? "True" : "False" }],
  },
});

const noVictims =
  "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
const noHelp = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";

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
    outcome: `0/1 nodes are available: 1 Insufficient cpu. ${noVictims}`,
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
    outcome: `0/1 nodes are available: 1 Insufficient nvidia.com/gpu. ${noVictims}`,
  },
  {
    name: "a terminating pod holds its GPU until it is gone",
    pod: gpu("c"),
    placed: [gpu("a"), gpu("b", { terminating: true })],
    outcome: `0/1 nodes are available: 1 Insufficient nvidia.com/gpu. ${noVictims}`,
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
    outcome: `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. ${noHelp}`,
  },
  {
    name: "a resource that the node does not have",
    pod: asks({ "amd.com/gpu": "1" }),
    outcome: `0/1 nodes are available: 1 Insufficient amd.com/gpu. ${noHelp}`,
  },
  {
    name: "as many pods as it takes",
    pod: {},
    placed: [{}, {}, {}],
    outcome: `0/1 nodes are available: 1 Too many pods. ${noVictims}`,
  },
  {
    name: "a cordoned node",
    pod: {},
    nodes: [node({ unschedulable: true })],
    outcome: `0/1 nodes are available: 1 node(s) were unschedulable. ${noHelp}`,
  },
  {
    name: "a node that is away",
    pod: {},
    nodes: [node({}, "False")],
    outcome: `0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. ${noHelp}`,
  },
  { name: "no node", pod: {}, nodes: [], outcome: "no nodes available to schedule pods" },
];

const view = (on: Node, placed: readonly Pod[] = []) => ({ node: on, pods: placed });
const noLabels = () => undefined;

for (const { name, pod, placed = [], nodes = [node()], outcome } of cases)
  test(name, () => {
    const waiting = podFixture({ ...pod, node: undefined, phase: "Pending" });
    const views = nodes.map((on) => view(on, placed.map(podFixture)));
    const placement = placePod(waiting, views, noLabels);
    assert.equal(placement.kind === "node" ? placement.name : placement.message, outcome);
  });

/** The first objection to a pod of this spec, or the node where it fits. */
function verdict(spec: Partial<PodSpec>, on: Node = node(), placed: readonly Pod[] = []): string {
  const pod = podFixture({ node: undefined, phase: "Pending" });
  const placement = placePod(
    { ...pod, spec: { ...pod.spec, ...spec } },
    [view(on, placed)],
    (namespace) => ({ team: namespace }),
  );
  if (placement.kind === "node") return placement.name;
  return /: \d+ (.*)\. preemption/.exec(placement.message)?.[1] ?? placement.message;
}

const elsewhere = "node(s) didn't match Pod's node affinity/selector";
const expression = (key: string, operator: string, ...values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  },
});
const terms = (...nodeSelectorTerms: readonly NodeSelectorTerm[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
});

const asked: readonly [name: string, spec: Partial<PodSpec>, outcome: string][] = [
  ["a selector that fits", { nodeSelector: { zone: "a" } }, "node"],
  ["a selector that does not", { nodeSelector: { zone: "b" } }, elsewhere],
  ["In", expression("zone", "In", "a", "b"), "node"],
  ["In, of others", expression("zone", "In", "b"), elsewhere],
  ["NotIn, of what is absent", expression("rack", "NotIn", "1"), "node"],
  ["Exists", expression("zone", "Exists"), "node"],
  ["DoesNotExist", expression("zone", "DoesNotExist"), elsewhere],
  ["Gt", expression("gpus", "Gt", "1"), "node"],
  ["Lt", expression("gpus", "Lt", "1"), elsewhere],
  [
    "a node by its name",
    terms({ matchFields: [{ key: "metadata.name", operator: "In", values: ["node"] }] }),
    "node",
  ],
  [
    "one term of several is enough",
    terms({}, { matchExpressions: [{ key: "zone", operator: "Exists" }] }),
    "node",
  ],
  ["a term that asks nothing matches nothing", terms({}), elsewhere],
];

for (const [name, spec, outcome] of asked)
  test(`node affinity: ${name}`, () => assert.equal(verdict(spec), outcome));

const tainted = node({ taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] });
const untolerated = "node(s) had untolerated taint {gpu: yes}";
const tolerations: readonly [name: string, tolerations: PodSpec["tolerations"], outcome: string][] =
  [
    ["none", [], untolerated],
    ["of key and value", [{ key: "gpu", value: "yes" }], "node"],
    ["of another value", [{ key: "gpu", value: "no" }], untolerated],
    ["of another effect", [{ key: "gpu", operator: "Exists", effect: "NoExecute" }], untolerated],
    ["of any value", [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }], "node"],
    ["of everything", [{ operator: "Exists" }], "node"],
  ];

for (const [name, tolerated, outcome] of tolerations)
  test(`toleration: ${name}`, () =>
    assert.equal(verdict({ ...(tolerated && { tolerations: tolerated }) }, tainted), outcome));

test("a taint that only asks for another node keeps nobody away", () => {
  const shy = node({ taints: [{ key: "gpu", effect: "PreferNoSchedule" }] });
  assert.equal(verdict({}, shy), "node");
});

const beside = (app: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  labelSelector: { matchLabels: { app } },
  topologyKey: "zone",
  ...more,
});
const near = (term: PodAffinityTerm): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
});
const apart = (term: PodAffinityTerm): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
});
const cache = podFixture({ name: "cache", labels: { app: "cache" } });
const alone = podFixture({ name: "alone", labels: { app: "alone" } });
const hermit = { ...alone, spec: { ...alone.spec, ...apart(beside("web")) } };
const lonely = "node(s) didn't match pod affinity rules";
const crowded = "node(s) didn't match pod anti-affinity rules";

const company: readonly [name: string, spec: Partial<PodSpec>, placed: Pod[], outcome: string][] = [
  ["beside one that is there", near(beside("cache")), [cache], "node"],
  ["beside one that is not there", near(beside("cache")), [], lonely],
  ["the first of its own group", near(beside("web")), [cache], "node"],
  ["a topology that the node is not in", near(beside("web", { topologyKey: "rack" })), [], lonely],
  ["away from one that is there", apart(beside("cache")), [cache], crowded],
  ["away from itself: the first", apart(beside("web")), [cache], "node"],
  ["away from itself: the second", apart(beside("web")), [podFixture({})], crowded],
  [
    "one that wants to be left alone is there",
    {},
    [hermit],
    "node(s) didn't satisfy existing pods anti-affinity rules",
  ],
  ["of another namespace", near(beside("cache", { namespaces: ["other"] })), [cache], lonely],
  [
    "of a namespace by its labels",
    near(beside("cache", { namespaceSelector: { matchLabels: { team: "default" } } })),
    [cache],
    "node",
  ],
];

for (const [name, spec, placed, outcome] of company)
  test(`pod affinity: ${name}`, () => assert.equal(verdict(spec, node(), placed), outcome));

test("a host port is given once", () => {
  const containers = [{ name: "main", ports: [{ containerPort: 80, hostPort: 80 }] }];
  const holder = podFixture({});
  const placed = [{ ...holder, spec: { ...holder.spec, containers } }];
  assert.equal(verdict({ containers }), "node");
  assert.equal(
    verdict({ containers }, node(), placed),
    "node(s) didn't have free ports for the requested pod ports",
  );
});

test("a pod that wants to make no room is told so", () => {
  const pod = podFixture({ node: undefined, ...asks({ cpu: "9" }) });
  const shy = { ...pod, spec: { ...pod.spec, preemptionPolicy: "Never" } };
  assert.deepEqual(placePod(shy, [view(node())], noLabels), {
    kind: "nowhere",
    message:
      "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.",
  });
});

const init = (cpu: string, restartPolicy?: string) => ({
  name: `init-${cpu}`,
  resources: { requests: { cpu } },
  ...(restartPolicy !== undefined && { restartPolicy }),
});
const starts: readonly [name: string, initContainers: PodSpec["initContainers"], fits: boolean][] =
  [
    ["an init container that asks for more than the node has", [init("5")], false],
    ["one that asks for less than the others", [init("1")], true],
    ["a sidecar counts beside the others", [init("3", "Always")], false],
    [
      "a sidecar counts beside the init containers after it",
      [init("2", "Always"), init("3")],
      false,
    ],
    ["and not beside those before it", [init("3"), init("2", "Always")], true],
  ];

for (const [name, initContainers, fits] of starts)
  test(`requests: ${name}`, () => {
    const containers = [{ name: "main", resources: { requests: { cpu: "2" } } }];
    const spec = { containers, ...(initContainers && { initContainers }) };
    assert.equal(verdict(spec), fits ? "node" : "Insufficient cpu");
  });

const spread = (more: object): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
      ...more,
    },
  ],
});
const uneven = "node(s) didn't match pod topology spread constraints";
const twins = [podFixture({ name: "one" }), podFixture({ name: "two" })];

const spreads: readonly [name: string, spec: Partial<PodSpec>, outcome: string][] = [
  ["one domain is always even", spread({}), "node"],
  ["a second domain is asked for and missing", spread({ minDomains: 2 }), uneven],
  ["as uneven as is allowed", spread({ minDomains: 2, maxSkew: 3 }), "node"],
  [
    "other pods do not count",
    spread({ minDomains: 2, labelSelector: { matchLabels: { app: "other" } } }),
    "node",
  ],
  [
    "a label that the node lacks",
    spread({ topologyKey: "rack" }),
    `${uneven} (missing required label)`,
  ],
  ["only preferred", spread({ topologyKey: "rack", whenUnsatisfiable: "ScheduleAnyway" }), "node"],
];

for (const [name, spec, outcome] of spreads)
  test(`spread: ${name}`, () => assert.equal(verdict(spec, node(), twins), outcome));
