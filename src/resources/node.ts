// Node: a machine that runs pods, and what it has to offer.
import { duplicate, invalid, notSupported, type Cause } from "./cause.ts";
import { ageCell, ageColumn, column, nameColumn, none, wideColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { labelKeyProblems, labelValueProblems } from "./label-syntax.ts";
import { conditionsWith, nullableTime } from "./object-meta-schema.ts";
import { conditionOf, type Condition, type KubeObject } from "./object.ts";
import type { ResourceList } from "./pod.ts";
import {
  boolean,
  described,
  int32,
  int64,
  list,
  map,
  mapList,
  object,
  quantity,
  set,
  string,
  time,
} from "./schema.ts";

export type Taint = {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
};

export type Node = KubeObject & {
  readonly spec?: {
    readonly podCIDR?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly Taint[];
  };
  readonly status?: {
    readonly capacity?: ResourceList;
    readonly allocatable?: ResourceList;
    readonly conditions?: readonly (Condition & { readonly lastHeartbeatTime?: string })[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
};

/** Deprecated, and read by nobody. */
const configSource = object({
  configMap: object({
    namespace: string,
    name: string,
    uid: string,
    resourceVersion: string,
    kubeletConfigKey: string,
  }),
});

const nodeInfo = object({
  machineID: string,
  systemUUID: string,
  bootID: string,
  kernelVersion: string,
  osImage: string,
  containerRuntimeVersion: string,
  kubeletVersion: string,
  kubeProxyVersion: string,
  operatingSystem: string,
  architecture: string,
  swap: object({ capacity: int64 }),
});

const spec = object({
  podCIDR: string,
  podCIDRs: set(string),
  providerID: string,
  unschedulable: boolean,
  externalID: string,
  configSource,
  taints: list(
    object({ key: string, value: string, effect: string, timeAdded: time }, "key", "effect"),
  ),
});

const status = object({
  capacity: map(quantity),
  allocatable: map(quantity),
  phase: string,
  conditions: conditionsWith({ lastHeartbeatTime: nullableTime }),
  addresses: mapList(object({ type: string, address: string }, "type", "address"), "type"),
  daemonEndpoints: object({ kubeletEndpoint: object({ Port: int32 }, "Port") }),
  nodeInfo,
  images: list(object({ names: list(string), sizeBytes: int64 })),
  volumesInUse: list(string),
  volumesAttached: list(object({ name: string, devicePath: string }, "name", "devicePath")),
  runtimeHandlers: list(
    object({
      name: string,
      features: object({ recursiveReadOnlyMounts: boolean, userNamespaces: boolean }),
    }),
  ),
  features: object({ supplementalGroupsPolicy: boolean }),
  declaredFeatures: list(string),
  config: object({
    assigned: configSource,
    active: configSource,
    lastKnownGood: configSource,
    error: string,
  }),
});

export const nodeKind: Kind<Node> = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  namespaced: false,
  shortNames: ["no"],
  schema: described(
    "A machine that runs pods, and what it has to offer.",
    object({ spec, status }),
  ),
  subresources: { status: true },
  columns: [
    nameColumn,
    column("Status", "Whether it takes pods."),
    column("Roles", "What it is for."),
    ageColumn,
    column("Version", "Of the program that runs its pods."),
    wideColumn("Internal-IP", "Its address inside the cluster."),
    wideColumn("External-IP", "Its address outside of the cluster."),
    wideColumn("OS-Image", "Its operating system."),
    wideColumn("Kernel-Version", "The version of its kernel."),
    wideColumn("Container-Runtime", "What runs its containers."),
  ],
  cells: (node, nowMs) => [
    node.metadata.name,
    statusCell(node),
    rolesCell(node),
    ageCell(node.metadata.creationTimestamp, nowMs),
    node.status?.nodeInfo?.["kubeletVersion"] ?? "",
    addressCell(node, "InternalIP"),
    addressCell(node, "ExternalIP"),
    node.status?.nodeInfo?.["osImage"] || "<unknown>",
    node.status?.nodeInfo?.["kernelVersion"] || "<unknown>",
    node.status?.nodeInfo?.["containerRuntimeVersion"] || "<unknown>",
  ],
  validate: ({ spec }) => validateTaints(spec?.taints ?? []),
};

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function validateTaints(taints: readonly Taint[]): readonly Cause[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value = "", effect }, index) => {
    const field = `spec.taints[${index}]`;
    const causes = [
      ...labelKeyProblems(key).map((problem) => invalid(`${field}.key`, key, problem)),
      ...labelValueProblems(value).map((problem) => invalid(`${field}.value`, value, problem)),
      ...(effects.includes(effect) ? [] : [notSupported(`${field}.effect`, effect, effects)]),
    ];
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) causes.push(duplicate(field, { key, value, effect }));
    seen.add(identity);
    return causes;
  });
}

function statusCell({ spec, status }: Node): string {
  const ready = conditionOf(status?.conditions, "Ready")?.status;
  const word = ready === undefined ? "Unknown" : ready === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

function rolesCell({ metadata }: Node): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata.labels ?? {})
    .filter((key) => key.startsWith(prefix) && key.length > prefix.length)
    .map((key) => key.slice(prefix.length));
  return roles.sort().join(",") || none;
}

function addressCell({ status }: Node, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? none;
}
