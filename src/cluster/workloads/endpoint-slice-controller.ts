// Gives each Service its virtual address, and keeps the EndpointSlices of those with a selector in
// step with their pods. Slices that somebody else made it leaves alone.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isAlreadyExists, isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import {
  endpointSliceKind,
  serviceNameLabel,
  type EndpointSlice,
} from "../../resources/endpoint-slice.ts";
import { keyOf } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { matchesSelector, selectorOfLabels } from "../../resources/selector.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import { freeServiceAddress, wantsAddress } from "./service-address.ts";
import { isControlledBy } from "../../resources/pod-state.ts";
import { slicesOf } from "./service-slices.ts";

export type EndpointSliceControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly services: WatchCache<Service>;
  readonly slices: WatchCache<EndpointSlice>;
  readonly pods: WatchCache<Pod>;
  /** The cluster's node, whose block the virtual addresses come from. */
  readonly nodeAddress: string;
};

export function runEndpointSliceController(
  options: EndpointSliceControllerOptions,
  signal: AbortSignal,
): Controller {
  const { clock, log, services, slices, pods } = options;
  /** Addresses that were given and whose echo may not be in the cache yet, by Service. */
  const given = new Map<string, string>();
  const servicesOf = (pod: Pod): readonly string[] =>
    services
      .list()
      .filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
      .filter(({ spec }) => hasSelector(spec) && selects(spec.selector, pod))
      .map(keyOf);
  return runController(
    {
      name: "endpointslice",
      clock,
      log,
      sources: [
        watching(services),
        watching(pods, servicesOf),
        watching(slices, ({ metadata }) => [
          `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}`,
        ]),
      ],
      reconcile: (key) => reconcile(key, options, given),
    },
    signal,
  );
}

async function reconcile(
  key: string,
  options: EndpointSliceControllerOptions,
  given: Map<string, string>,
): Promise<void> {
  const { services, pods, slices, client } = options;
  const service = services.get(key);
  if (!service) {
    given.delete(key);
    return;
  }
  if (service.metadata.deletionTimestamp !== undefined) return;
  if (hasSelector(service.spec)) {
    const wanted = slicesOf(service, pods.list());
    const existing = slices.list().filter((slice) => isControlledBy(slice, service));
    await replaceSlices(existing, wanted, client);
  }
  await giveAddress(key, service, options, given);
}

async function replaceSlices(
  existing: readonly EndpointSlice[],
  wanted: readonly EndpointSlice[],
  client: KubeClient,
): Promise<void> {
  for (const slice of wanted) {
    const old = existing.find(({ metadata }) => metadata.name === slice.metadata.name);
    const { endpoints } = slice;
    if (old && jsonEqual(old.endpoints, endpoints)) continue;
    if (old) await client.patch(endpointSliceKind, slice.metadata, { endpoints });
    else await createOrPatch(slice, client);
  }
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of existing)
    if (!names.has(metadata.name)) await client.delete(endpointSliceKind, metadata);
}

async function createOrPatch(slice: EndpointSlice, client: KubeClient): Promise<void> {
  try {
    await client.create(endpointSliceKind, slice);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Made in the pass before, and not in our copy yet.
    await client.patch(endpointSliceKind, slice.metadata, { endpoints: slice.endpoints });
  }
}

async function giveAddress(
  key: string,
  service: Service,
  { client, services, nodeAddress }: EndpointSliceControllerOptions,
  given: Map<string, string>,
): Promise<void> {
  if (!wantsAddress(service, nodeAddress)) return;
  const taken = new Set(given.values());
  for (const { spec } of services.list()) if (spec.clusterIP) taken.add(spec.clusterIP);
  if (service.spec.clusterIP) {
    // An address may be given and freed, but not exchanged; the next pass gives the new one.
    const spec = { clusterIP: null, clusterIPs: null };
    await client.patch(serviceKind, service.metadata, { spec });
    return;
  }
  const address =
    given.get(key) ?? freeServiceAddress(service.metadata.uid ?? key, nodeAddress, taken);
  if (address === undefined) throw new Error("no free address is left for Services");
  given.set(key, address);
  try {
    const spec = { clusterIP: address, clusterIPs: [address] };
    await client.patch(serviceKind, service.metadata, { spec });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function hasSelector({ selector }: Service["spec"]): boolean {
  return selector !== undefined && Object.keys(selector).length > 0;
}

function selects(selector: Service["spec"]["selector"], pod: Pod): boolean {
  return matchesSelector(selectorOfLabels(selector), pod.metadata.labels);
}
