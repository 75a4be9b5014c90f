// Service: a stable name and address for the pods that its selector finds.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly nodePort?: number;
};

export type Service = KubeObject & {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly sessionAffinity?: string;
    readonly externalName?: string;
  };
  readonly status?: { readonly loadBalancer?: Readonly<Record<string, never>> };
};

export const serviceKind: Kind<Service> = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
