// EndpointSlice: where a Service's pods are reached right now, and in which state they are.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly nodeName?: string;
};

export type EndpointSlice = KubeObject & {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
    readonly appProtocol?: string;
  }[];
};

/** The label by which a slice names its Service. */
export const serviceNameLabel = "kubernetes.io/service-name";

export const endpointSliceKind: Kind<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
