// Ingress: which host and path lead to which Service.
import { ageCell, ageColumn, column, nameColumn, none, shortListCell } from "./columns.ts";
import { validateIngress } from "./ingress-validation.ts";
import type { Kind } from "./kind.ts";
import { portStatusSchema } from "./object-meta-schema.ts";
import type { KubeObject } from "./object.ts";
import { atomic, described, int32, list, object, string } from "./schema.ts";

export type IngressBackend = {
  readonly service?: {
    readonly name: string;
    readonly port?: { readonly number?: number; readonly name?: string };
  };
  readonly resource?: { readonly kind: string; readonly name: string };
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
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
};

const backend = object({
  service: object({ name: string, port: object({ name: string, number: int32 }) }, "name"),
  resource: atomic(object({ apiGroup: string, kind: string, name: string }, "kind", "name")),
});

const path = object({ path: string, pathType: string, backend }, "pathType", "backend");

const spec = object({
  ingressClassName: string,
  defaultBackend: backend,
  rules: list(object({ host: string, http: object({ paths: list(path) }, "paths") })),
  tls: list(object({ hosts: list(string), secretName: string })),
});

const status = object({
  loadBalancer: object({
    ingress: list(object({ ip: string, hostname: string, ports: list(portStatusSchema) })),
  }),
});

export const ingressKind: Kind<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  namespaced: true,
  shortNames: ["ing"],
  schema: described("Which host and path lead to which Service.", object({ spec, status }, "spec")),
  subresources: { status: true },
  columns: [
    nameColumn,
    column("Class", "Which ingress controller serves it."),
    column("Hosts", "The names that it answers to."),
    column("Address", "Where it is reached."),
    column("Ports", "The ports where it is reached."),
    ageColumn,
  ],
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata.name,
    spec.ingressClassName ?? none,
    hostsCell(spec.rules ?? []),
    (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(","),
    (spec.tls?.length ?? 0) > 0 ? "80, 443" : "80",
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  withDefaults: (ingress) => ({ ...ingress, status: { loadBalancer: {}, ...ingress.status } }),
  validate: validateIngress,
};

function hostsCell(rules: readonly IngressRule[]): string {
  const hosts = rules.map(({ host }) => host ?? "").filter((host) => host !== "");
  return shortListCell(hosts, "*");
}
