// Pods for tests: running and ready on the node unless told otherwise.
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Pod, PodPhase, ResourceRequirements } from "../../resources/pod.ts";

export type PodTraits = {
  readonly name?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly node?: string | undefined;
  readonly phase?: PodPhase;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly address?: string;
  readonly deletionCost?: string;
  readonly restarts?: number;
  /** Seconds since the epoch, as the two below. */
  readonly readySince?: number;
  readonly created?: number;
  readonly resources?: ResourceRequirements;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
};

export function podFixture(traits: PodTraits): Pod {
  const { name = "pod", labels = { app: "web" }, phase = "Running" } = traits;
  const { created = 0, readySince = 0, restarts = 0, deletionCost, resources, ports } = traits;
  const node = "node" in traits ? traits.node : "node";
  const ready = (traits.ready ?? true) && phase === "Running";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: traits.uid ?? `uid-${name}`,
      labels,
      creationTimestamp: formatTimestamp(created * 1000),
      ...(deletionCost !== undefined && {
        annotations: { "controller.kubernetes.io/pod-deletion-cost": deletionCost },
      }),
      ...(traits.terminating === true && { deletionTimestamp: formatTimestamp(0) }),
    },
    spec: {
      containers: [{ name: "main", ...(resources && { resources }), ...(ports && { ports }) }],
      ...(node !== undefined && { nodeName: node }),
    },
    status: {
      phase,
      ...(traits.address !== undefined && { podIP: traits.address }),
      conditions: [
        {
          type: "Ready",
          status: ready ? "True" : "False",
          lastTransitionTime: formatTimestamp(readySince * 1000),
        },
      ],
      containerStatuses: [
        { name: "main", image: "", imageID: "", ready, restartCount: restarts, state: {} },
      ],
    },
  };
}
