// From a request's host and path to the Service that an Ingress names for them. The most particular
// rule wins: an exact host before a wildcard before none, an exact path before a longer prefix
// before a shorter one, and of equals the older Ingress.
import type { Ingress, IngressBackend, IngressPath } from "../resources/ingress.ts";

export type ServicePortRef = {
  readonly namespace: string;
  readonly service: string;
  readonly port: number | string;
};

export type IngressRoute =
  | { readonly kind: "service"; readonly target: ServicePortRef }
  | { readonly kind: "unknownHost"; readonly host: string }
  | { readonly kind: "unknownPath"; readonly host: string };

/** All rules, put in order once, so that a request meets only those of its host. */
export type IngressRoutes = {
  /** By host in lower case; wildcards as `*.example.com`, rules without a host under "". */
  readonly hosts: ReadonlyMap<string, HostRoutes>;
  /** Of the Ingresses without rules first, since they are meant for everything. */
  readonly otherwise: ServicePortRef | undefined;
};

type HostRoutes = {
  /** In the order in which they are tried. */
  readonly paths: readonly PathRoute[];
  /** The default backend of an Ingress that has this host. */
  readonly otherwise: ServicePortRef | undefined;
};

type PathRoute = {
  readonly exact: boolean;
  /** Without a slash at its end, unless it is exact. */
  readonly path: string;
  readonly target: ServicePortRef;
};

export function ingressRoutes(ingresses: readonly Ingress[]): IngressRoutes {
  const oldestFirst = ingresses.toSorted(byAge);
  const rules = oldestFirst.flatMap((ingress) =>
    (ingress.spec.rules ?? []).map((rule) => ({ ingress, rule })),
  );
  const byHost = Map.groupBy(rules, ({ rule }) => (rule.host ?? "").toLowerCase());
  const hosts = [...byHost].map(([host, entries]): [string, HostRoutes] => [
    host,
    {
      paths: entries
        .flatMap(({ ingress, rule }) =>
          (rule.http?.paths ?? []).flatMap((path) => pathRoute(ingress, path)),
        )
        .toSorted((a, b) => Number(b.exact) - Number(a.exact) || b.path.length - a.path.length),
      otherwise: firstDefault(entries.map(({ ingress }) => ingress)),
    },
  ]);
  const forAll = oldestFirst.filter(({ spec }) => (spec.rules ?? []).length === 0);
  return {
    hosts: new Map(hosts),
    otherwise: firstDefault(forAll) ?? firstDefault(oldestFirst),
  };
}

/** `authority` is the Host header as it came; `path` may carry a query, which does not count. */
export function routeIngress(routes: IngressRoutes, authority: string, path: string): IngressRoute {
  const host = hostOf(authority);
  // A host that a particular rule claims is not offered to less particular ones.
  const known =
    routes.hosts.get(host) ?? routes.hosts.get(wildcardOf(host)) ?? routes.hosts.get("");
  const pathname = path.split("?", 1)[0] ?? "/";
  const found = known?.paths.find((entry) => covers(entry, pathname));
  const target = found?.target ?? known?.otherwise ?? routes.otherwise;
  if (target) return { kind: "service", target };
  return { kind: known ? "unknownPath" : "unknownHost", host };
}

/** The host of an authority, without port and in lower case; `[::1]:80` gives `[::1]`. */
function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

/** A wildcard covers exactly one label. What has none gives a key that no host can have. */
function wildcardOf(host: string): string {
  const dot = host.indexOf(".");
  return dot > 0 ? `*${host.slice(dot)}` : "*";
}

/** Prefixes count whole elements: /a covers /a/b and not /ab. */
function covers({ exact, path }: PathRoute, pathname: string): boolean {
  if (pathname === path) return true;
  return !exact && pathname.startsWith(path) && pathname[path.length] === "/";
}

/** What is left to the implementation is a prefix here, as most have it. */
function pathRoute(
  ingress: Ingress,
  { path = "/", pathType, backend }: IngressPath,
): readonly PathRoute[] {
  const target = targetOf(ingress, backend);
  const exact = pathType === "Exact";
  return target ? [{ exact, path: exact ? path : path.replace(/\/+$/, ""), target }] : [];
}

function firstDefault(ingresses: readonly Ingress[]): ServicePortRef | undefined {
  for (const ingress of ingresses) {
    const { defaultBackend } = ingress.spec;
    const target = defaultBackend && targetOf(ingress, defaultBackend);
    if (target) return target;
  }
  return undefined;
}

function targetOf(ingress: Ingress, { service }: IngressBackend): ServicePortRef | undefined {
  const port = service?.port?.number ?? service?.port?.name;
  if (!service || port === undefined) return undefined;
  return { namespace: ingress.metadata.namespace ?? "default", service: service.name, port };
}

function byAge({ metadata: a }: Ingress, { metadata: b }: Ingress): number {
  const key = ({ creationTimestamp = "", namespace = "", name }: Ingress["metadata"]): string =>
    `${creationTimestamp} ${namespace}/${name}`;
  return key(a) < key(b) ? -1 : 1;
}
