// Ingress: which host and path lead to which Service.
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type IngressBackend = {
  readonly service?: {
    readonly name: string;
    readonly port?: { readonly number?: number; readonly name?: string };
  };
};

export type IngressPath = {
  readonly path?: string;
  readonly pathType: "Prefix" | "Exact" | "ImplementationSpecific";
  readonly backend: IngressBackend;
};

export type IngressRule = {
  readonly host?: string;
  readonly http?: { readonly paths: readonly IngressPath[] };
};

export type Ingress = KubeObject & {
  readonly spec: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: IngressBackend;
    readonly rules?: readonly IngressRule[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
};

export const ingressKind: Kind<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  namespaced: true,
  schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  columns: [],
};
