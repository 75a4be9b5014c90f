// Discovery: what the server serves, in the aggregated form that kubectl asks for and in the older
// one document per group-version.
import { parseAccept } from "./content-negotiation.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";
import { metricKinds } from "./metrics-api.ts";
import { reviewKinds } from "./reviews.ts";

/** Answers /, /api and /apis, and what lies below them down to a group-version; else undefined. */
export function discover(
  catalog: ResourceCatalog,
  pathname: string,
  accept: string | null,
): Response | undefined {
  const [root, group, version, ...more] = pathname.split("/").filter((part) => part !== "");
  if (root === undefined) return jsonAnswer({ paths: rootPaths(catalog) });
  if (more.length > 0) return undefined;
  if (root === "api" && version === undefined) {
    if (group !== undefined) return jsonAnswer(resourceList(catalog, "", group));
    return aggregated(catalog, "core", accept) ?? jsonAnswer(coreVersions());
  }
  if (root !== "apis") return undefined;
  if (group === undefined)
    return aggregated(catalog, "named", accept) ?? jsonAnswer(groupList(catalog));
  if (version === undefined)
    return jsonAnswer(groupsOf(catalog).find(({ name }) => name === group));
  return jsonAnswer(resourceList(catalog, group, version));
}

/** Where to go on from the root, for somebody who has only the address. */
function rootPaths(catalog: ResourceCatalog): readonly string[] {
  const groups = groupNames(catalog, "named").flatMap((group) => [
    `/apis/${group}`,
    ...versionsOf(catalog, group).map((version) => `/apis/${group}/${version}`),
  ]);
  const others = ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];
  return ["/api", "/api/v1", "/apis", ...groups, ...others].toSorted();
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const subresourceVerbs = ["get", "patch", "update"];

type Subresource = {
  readonly name: string;
  readonly responseKind: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  };
  readonly verbs: readonly string[];
};

const core = (kind: string) => ({ group: "", version: "v1", kind });
const streamed = ["create", "get"];
const proxied = ["create", "delete", "get", "patch", "update"];

const podSubresources: readonly Subresource[] = [
  { name: "attach", responseKind: core("PodAttachOptions"), verbs: streamed },
  { name: "binding", responseKind: core("Binding"), verbs: ["create"] },
  {
    name: "eviction",
    responseKind: { group: "policy", version: "v1", kind: "Eviction" },
    verbs: ["create"],
  },
  { name: "exec", responseKind: core("PodExecOptions"), verbs: streamed },
  { name: "log", responseKind: core("Pod"), verbs: ["get"] },
  { name: "portforward", responseKind: core("PodPortForwardOptions"), verbs: streamed },
  { name: "proxy", responseKind: core("PodProxyOptions"), verbs: proxied },
];

const serviceSubresources: readonly Subresource[] = [
  { name: "proxy", responseKind: core("ServiceProxyOptions"), verbs: proxied },
];

function subresourcesOf({ kind, storageId }: Resource): readonly Subresource[] {
  const { group, version } = kind;
  const own = { group, version, kind: kind.kind };
  const scale = { group: "autoscaling", version: "v1", kind: "Scale" };
  return [
    ...(storageId === "pods" ? podSubresources : []),
    ...(storageId === "services" ? serviceSubresources : []),
    ...(kind.subresources?.scale
      ? [{ name: "scale", responseKind: scale, verbs: subresourceVerbs }]
      : []),
    ...(kind.subresources?.status
      ? [{ name: "status", responseKind: own, verbs: subresourceVerbs }]
      : []),
  ];
}

/** Kinds that are asked and answered but never stored. */
type Served = {
  readonly kind: Resource["kind"];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
};

function servedIn(catalog: ResourceCatalog): readonly Served[] {
  return [
    ...catalog.all().map((resource) => ({
      kind: resource.kind,
      // Nobody means to delete all of them.
      verbs:
        resource.storageId === "namespaces"
          ? verbs.filter((verb) => verb !== "deletecollection")
          : verbs,
      subresources: subresourcesOf(resource),
    })),
    ...reviewKinds.map((kind) => ({ kind, verbs: ["create"], subresources: [] })),
    ...metricKinds.map((kind) => ({ kind, verbs: ["get", "list"], subresources: [] })),
  ];
}

function aggregated(
  catalog: ResourceCatalog,
  which: "core" | "named",
  accept: string | null,
): Response | undefined {
  const wanted = parseAccept(accept).find(({ type }) => type === "application/json");
  const version = wanted?.parameters["v"];
  if (wanted?.parameters["as"] !== "APIGroupDiscoveryList") return undefined;
  if (version !== "v2" && version !== "v2beta1") return undefined;
  const body = {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groupNames(catalog, which).map((group) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versionsOf(catalog, group).map((groupVersion) => ({
        version: groupVersion,
        resources: servedAt(catalog, group, groupVersion).map(aggregatedResource),
        freshness: "Current",
      })),
    })),
  };
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return new Response(JSON.stringify(body), { headers: { "content-type": contentType } });
}

function aggregatedResource({ kind, verbs: allowed, subresources }: Served): object {
  const { group, version } = kind;
  return {
    resource: kind.plural,
    responseKind: { group, version, kind: kind.kind },
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: allowed,
    ...(kind.shortNames?.length && { shortNames: kind.shortNames }),
    ...(kind.categories?.length && { categories: kind.categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map(({ name, responseKind, verbs: some }) => ({
        subresource: name,
        responseKind,
        verbs: some,
      })),
    }),
  };
}

function coreVersions(): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [],
  };
}

type Group = {
  readonly kind: "APIGroup";
  readonly apiVersion: "v1";
  readonly name: string;
  readonly versions: readonly object[];
  readonly preferredVersion: object | undefined;
};

function groupsOf(catalog: ResourceCatalog): readonly Group[] {
  return groupNames(catalog, "named").map((name) => {
    const versions = versionsOf(catalog, name).map((version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }));
    return { kind: "APIGroup", apiVersion: "v1", name, versions, preferredVersion: versions[0] };
  });
}

function groupList(catalog: ResourceCatalog): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupsOf(catalog) };
}

function resourceList(
  catalog: ResourceCatalog,
  group: string,
  version: string,
): object | undefined {
  const served = servedAt(catalog, group, version);
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: served.flatMap(({ kind, verbs: allowed, subresources }) => [
      {
        name: kind.plural,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: allowed,
        ...(kind.shortNames?.length && { shortNames: kind.shortNames }),
        ...(kind.categories?.length && { categories: kind.categories }),
      },
      ...subresources.map(({ name, responseKind, verbs: some }) => ({
        name: `${kind.plural}/${name}`,
        singularName: "",
        namespaced: kind.namespaced,
        kind: responseKind.kind,
        ...(responseKind.group !== kind.group && {
          group: responseKind.group,
          version: responseKind.version,
        }),
        verbs: some,
      })),
    ]),
  };
}

function servedAt(catalog: ResourceCatalog, group: string, version: string): readonly Served[] {
  return servedIn(catalog).filter(({ kind }) => kind.group === group && kind.version === version);
}

function groupNames(catalog: ResourceCatalog, which: "core" | "named"): readonly string[] {
  if (which === "core") return [""];
  const groups = new Set(servedIn(catalog).map(({ kind }) => kind.group));
  groups.delete("");
  return [...groups];
}

function versionsOf(catalog: ResourceCatalog, group: string): readonly string[] {
  const served = servedIn(catalog).filter(({ kind }) => kind.group === group);
  return [...new Set(served.map(({ kind }) => kind.version))].sort(byVersionPriority);
}

/** Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1. */
export function byVersionPriority(left: string, right: string): number {
  return rank(right) - rank(left);
}

function rank(version: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return -1;
  const stage = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0;
  return stage * 1_000_000 + Number(match[1]) * 1000 + Number(match[3] ?? 0);
}

function jsonAnswer(body: object | undefined): Response | undefined {
  if (body === undefined) return undefined;
  return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
}
