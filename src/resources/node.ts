// Node: a machine that runs pods, and what it has to offer.
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { ResourceList } from "./pod.ts";

export type Node = KubeObject & {
  readonly spec?: { readonly podCIDR?: string; readonly unschedulable?: boolean };
  readonly status?: {
    readonly capacity?: ResourceList;
    readonly allocatable?: ResourceList;
    readonly conditions?: readonly (Condition & { readonly lastHeartbeatTime?: string })[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
};

export const nodeKind: Kind<Node> = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  namespaced: false,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
