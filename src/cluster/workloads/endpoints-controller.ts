// Keeps the EndpointSlices and the Endpoints of each Service with a selector in step with its pods. Of
// one without, somebody else keeps either the one or the other; the other one follows. What somebody
// else made it leaves alone.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { indexBy, namespaceOf } from "../../kube/cache-index.ts";
import { isAlreadyExists, isNamespaceTerminating, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import {
  endpointSliceKind,
  serviceNameLabel,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import { endpointsKind, type Endpoints } from "../../resources/endpoints.ts";
import type { Kind } from "../../resources/kind.ts";
import { keyOf, type KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import {
  endpointsOf,
  endpointsOfSlices,
  isOurs,
  mirroredSlices,
} from "./service-endpoints-object.ts";
import { hasSelector, selects } from "./service-pods.ts";
import { managers, managedByLabel, slicesOf } from "./service-slices.ts";

export type EndpointsControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly services: WatchCache<Service>;
  readonly slices: WatchCache<EndpointSlice>;
  readonly endpoints: WatchCache<Endpoints>;
  readonly pods: WatchCache<Pod>;
};

type Context = EndpointsControllerOptions & {
  readonly slicesFor: (serviceKey: string) => readonly EndpointSlice[];
  readonly podsIn: (namespace: string) => readonly Pod[];
};

export function runEndpointsController(
  options: EndpointsControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, services, slices, endpoints, pods } = options;
  const serviceOf = ({ metadata }: EndpointSlice): readonly string[] => [
    `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}`,
  ];
  const servicesIn = indexBy(services, namespaceOf);
  const servicesOf = (pod: Pod): readonly string[] =>
    servicesIn(pod.metadata.namespace ?? "")
      .filter((service) => hasSelector(service) && selects(service, pod))
      .map(keyOf);
  const context: Context = {
    ...options,
    slicesFor: indexBy(slices, serviceOf),
    podsIn: indexBy(pods, namespaceOf),
  };
  return runController(
    {
      name: "endpoints",
      clock,
      log,
      sources: [
        watching(services),
        watching(pods, servicesOf),
        watching(slices, serviceOf),
        watching(endpoints),
      ],
      reconcile: (key) => reconcile(key, context),
    },
    signal,
  );
}

async function reconcile(key: string, context: Context): Promise<void> {
  const { client, services, endpoints, slicesFor, podsIn } = context;
  const service = services.get(key);
  const old = endpoints.get(key);
  const isManaged = ({ metadata }: EndpointSlice): boolean =>
    managers.has(metadata.labels?.[managedByLabel] ?? "");
  const existing = slicesFor(key).filter(isManaged);
  if (!service) {
    // Most slices have their Service as their owner and go with it; the others go here.
    await replaceSlices(existing, [], client);
    if (old && isOurs(old)) await client.delete(endpointsKind, old.metadata);
    return;
  }
  if (service.metadata.deletionTimestamp !== undefined) return;
  if (!hasSelector(service)) {
    const isKept = old !== undefined && !isOurs(old);
    await replaceSlices(existing, isKept ? mirroredSlices(old) : [], client);
    if (isKept) return;
    const others = slicesFor(key).filter((slice) => !isManaged(slice));
    if (others.length > 0) await replaceEndpoints(old, endpointsOfSlices(service, others), client);
    else if (old) await client.delete(endpointsKind, old.metadata);
    return;
  }
  const pods = podsIn(service.metadata.namespace ?? "");
  await replaceSlices(existing, slicesOf(service, pods), client);
  await replaceEndpoints(old, endpointsOf(service, pods), client);
}

async function replaceSlices(
  existing: readonly EndpointSlice[],
  wanted: readonly EndpointSlice[],
  client: KubeClient,
): Promise<void> {
  for (const slice of wanted) {
    const old = existing.find(({ metadata }) => metadata.name === slice.metadata.name);
    const { endpoints, ports = [] } = slice;
    const isSame =
      old &&
      jsonEqual(old.endpoints, endpoints) &&
      jsonEqual(old.ports ?? [], ports) &&
      jsonEqual(old.metadata.labels, slice.metadata.labels);
    if (isSame) continue;
    const metadata = { labels: replacing(old?.metadata.labels, slice.metadata.labels) };
    await createOrPatch(endpointSliceKind, old, slice, { metadata, endpoints, ports }, client);
  }
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of existing)
    if (!names.has(metadata.name)) await client.delete(endpointSliceKind, metadata);
}

async function replaceEndpoints(
  old: Endpoints | undefined,
  wanted: Endpoints,
  client: KubeClient,
): Promise<void> {
  const { subsets = [], metadata } = wanted;
  if (
    old &&
    jsonEqual(old.subsets ?? [], subsets) &&
    jsonEqual(old.metadata.labels, metadata.labels)
  )
    return;
  const labels = replacing(old?.metadata.labels, metadata.labels);
  await createOrPatch(endpointsKind, old, wanted, { metadata: { labels }, subsets }, client);
}

async function createOrPatch<T extends KubeObject>(
  kind: Kind<T>,
  old: T | undefined,
  wanted: T,
  patch: object,
  client: KubeClient,
): Promise<void> {
  if (!old)
    try {
      await client.create(kind, wanted);
      return;
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      // Made in the pass before, and not in our copy yet.
      if (!isAlreadyExists(error)) throw error;
    }
  await client.patch(kind, wanted.metadata, patch);
}

type Labels = Readonly<Record<string, string | null>>;

/** As a merge patch says it: what is no longer wanted is null. */
function replacing(old: Labels | undefined, wanted: Labels | undefined): Labels {
  return { ...Object.fromEntries(Object.keys(old ?? {}).map((key) => [key, null])), ...wanted };
}
