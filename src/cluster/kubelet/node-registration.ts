// The Node object of the machine that the pods run on: its address, and what it claims to offer, which
// is what it was told to claim.
import { arch, release } from "node:os";
import { formatMicroTimestamp, formatTimestamp } from "../../lib/timestamp.ts";
import type { KubeClient } from "../../kube/client.ts";
import { leaseKind } from "../../resources/lease.ts";
import { nodeKind, type Node } from "../../resources/node.ts";
import type { Condition } from "../../resources/object.ts";
import type { ResourceList } from "../../resources/pod.ts";

export type NodeDescription = {
  readonly name: string;
  readonly address: string;
  readonly capacity: ResourceList;
};

/** Names the resources that are numbers for the scheduler, with nothing behind them. */
const simulatedAnnotation = "dunlin.dev/simulated-resources";

/** How often the node says that it is there: as a kubelet whose node does not change. */
export const heartbeatMs = 300_000;

const leaseNamespace = "kube-node-lease";

/** Creates the node, or brings the one of an earlier run up to date. */
export async function registerNode(
  client: KubeClient,
  description: NodeDescription,
  nowMs: number,
): Promise<void> {
  const wanted = nodeOf(description, nowMs);
  const { labels, annotations, name } = wanted.metadata;
  if (await client.get(nodeKind, { name }))
    await client.patch(nodeKind, { name }, { metadata: { labels, annotations } });
  else await client.create(nodeKind, wanted);
  await client.patch(nodeKind, { name }, { status: wanted.status }, { subresource: "status" });
  await renewLease(client, name, nowMs);
}

/** The node's sign of life, as `kubectl describe node` shows it. */
async function renewLease(client: KubeClient, name: string, nowMs: number): Promise<void> {
  const metadata = { namespace: leaseNamespace, name };
  const spec = {
    holderIdentity: name,
    // Twice as long as it takes to the next one, so that a late one is no alarm.
    leaseDurationSeconds: (2 * heartbeatMs) / 1000,
    renewTime: formatMicroTimestamp(nowMs),
  };
  if (await client.get(leaseKind, metadata)) await client.patch(leaseKind, metadata, { spec });
  else
    await client.create(leaseKind, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata,
      spec,
    });
}

/** Says that the node runs, or that it was stopped. */
export async function reportNode(
  client: KubeClient,
  name: string,
  ready: boolean,
  nowMs: number,
): Promise<void> {
  const node = await client.get(nodeKind, { name });
  const old = node?.status?.conditions?.find(({ type }) => type === "Ready");
  const now = formatTimestamp(nowMs);
  const condition = {
    ...readyCondition(ready),
    lastHeartbeatTime: now,
    lastTransitionTime:
      old?.status === readyCondition(ready).status ? (old.lastTransitionTime ?? now) : now,
  };
  if (ready) await renewLease(client, name, nowMs);
  const status = { conditions: [condition] };
  await client.patch(nodeKind, { name }, { status }, { subresource: "status" });
}

function nodeOf({ name, address, capacity }: NodeDescription, nowMs: number): Node {
  const now = formatTimestamp(nowMs);
  const architecture = arch() === "x64" ? "amd64" : arch();
  const resources = { ...capacity, pods: capacity["pods"] ?? "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "node-role.kubernetes.io/control-plane": "",
      },
      annotations: { [simulatedAnnotation]: Object.keys(capacity).join(", ") },
    },
    spec: {},
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ ...readyCondition(true), lastHeartbeatTime: now, lastTransitionTime: now }],
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      nodeInfo: {
        architecture,
        operatingSystem: "linux",
        osImage: "processes of this machine",
        kernelVersion: release(),
        kubeletVersion: "v1.32.0+dunlin",
        kubeProxyVersion: "v1.32.0+dunlin",
        containerRuntimeVersion: `dunlin-process://node-${process.version}`,
        bootID: "",
        machineID: "",
        systemUUID: "",
      },
    },
  };
}

function readyCondition(ready: boolean): Condition {
  return ready
    ? { type: "Ready", status: "True", reason: "KubeletReady", message: "pods can be started" }
    : {
        type: "Ready",
        status: "False",
        reason: "KubeletNotReady",
        message: "the cluster was stopped",
      };
}
