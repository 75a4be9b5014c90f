// From a request's host and path to the Service that an Ingress names for them. The most particular
// rule wins: an exact host before a wildcard before none, an exact path before a longer prefix
// before a shorter one, and of equals the Ingress that came first.
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

/** `authority` is the Host header as it came; `path` may carry a query, which does not count. */
export function routeIngress(
  ingresses: readonly Ingress[],
  authority: string,
  path: string,
): IngressRoute {
  const host = hostOf(authority);
  const rules = ingresses.flatMap((ingress) =>
    (ingress.spec.rules ?? []).map((rule) => ({ ingress, rule })),
  );
  const known = rules
    .map((entry) => ({ ...entry, rank: hostRank(entry.rule.host, host) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((left, right) => right.rank - left.rank);
  const pathname = path.split("?", 1)[0] ?? "/";
  // A host that a particular rule claims is not offered to less particular ones.
  const bestRank = known[0]?.rank;
  const paths = known
    .filter(({ rank }) => rank === bestRank)
    .flatMap(({ ingress, rule }) => (rule.http?.paths ?? []).map((entry) => ({ ingress, entry })))
    .map(({ ingress, entry }) => ({ ingress, entry, rank: pathRank(entry, pathname) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((left, right) => right.rank - left.rank);
  for (const { ingress, entry } of paths) {
    const target = targetOf(ingress, entry.backend);
    if (target) return { kind: "service", target };
  }
  for (const ingress of ingresses) {
    const target = ingress.spec.defaultBackend && targetOf(ingress, ingress.spec.defaultBackend);
    if (target) return { kind: "service", target };
  }
  return { kind: known.length > 0 ? "unknownPath" : "unknownHost", host };
}

/** The host of an authority, without port and in lower case; `[::1]:80` gives `[::1]`. */
function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

/** 0 where the rule does not cover the host. A wildcard covers exactly one label. */
function hostRank(pattern: string | undefined, host: string): number {
  if (pattern === undefined || pattern === "") return 1;
  const wanted = pattern.toLowerCase();
  if (wanted === host) return 3;
  const dot = host.indexOf(".");
  return wanted.startsWith("*.") && dot > 0 && host.slice(dot) === wanted.slice(1) ? 2 : 0;
}

/** 0 where the path is not covered. Prefixes count whole elements: /a covers /a/b and not /ab. */
function pathRank({ path = "/", pathType }: IngressPath, pathname: string): number {
  if (pathType === "Exact") return path === pathname ? Number.MAX_SAFE_INTEGER : 0;
  const prefix = path.replace(/\/+$/, "");
  const covers = pathname === prefix || pathname.startsWith(`${prefix}/`);
  return covers ? prefix.length + 1 : 0;
}

function targetOf(ingress: Ingress, { service }: IngressBackend): ServicePortRef | undefined {
  const port = service?.port?.number ?? service?.port?.name;
  if (!service || port === undefined) return undefined;
  return { namespace: ingress.metadata.namespace ?? "default", service: service.name, port };
}
