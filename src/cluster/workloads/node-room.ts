// What a node has left for a pod: its resources, the number of pods and the host ports. Pure.
import { quantityValue } from "../../lib/quantity.ts";
import type { Container, Pod, ResourceList } from "../../resources/pod.ts";
import { isFinished } from "../../resources/pod-state.ts";
import type { Objection } from "./placement.ts";
import type { NodeView } from "./pod-affinity.ts";

/** How many pods a node takes that does not say it. */
const defaultPodsMax = 110;

export function shortages({ node, pods }: NodeView, pod: Pod): readonly Objection[] {
  const allocatable = (resource: string): number =>
    quantityValue(node.status?.allocatable?.[resource] ?? "0") ?? 0;
  const held = pods.filter((other) => !isFinished(other));
  const used = new Map<string, number>();
  for (const other of held) addTo(used, requestsOf(other));
  const short = [...requestsOf(pod)]
    .filter(
      ([resource, amount]) =>
        amount > 0 && exceeds(amount, allocatable(resource), used.get(resource)),
    )
    .map(([resource, amount]) => ({
      text: `Insufficient ${resource}`,
      // An empty node would not do either.
      isFinal: exceeds(amount, allocatable(resource), 0),
    }));
  const podsMax = quantityValue(node.status?.allocatable?.["pods"] ?? "") ?? defaultPodsMax;
  return held.length >= podsMax ? [{ text: "Too many pods", isFinal: false }, ...short] : short;
}

/** Sums of decimal fractions are a little off; a billionth is less than any quantity counts. */
function exceeds(amount: number, of: number, used = 0): boolean {
  return amount > of - used + 1e-9;
}

export function portConflicts({ pods }: NodeView, pod: Pod): readonly Objection[] {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return [];
  const taken = new Set(pods.filter((other) => !isFinished(other)).flatMap(hostPortsOf));
  return wanted.some((port) => taken.has(port))
    ? [{ text: "node(s) didn't have free ports for the requested pod ports", isFinal: false }]
    : [];
}

/** `TCP 8080`. */
function hostPortsOf({ spec }: Pod): readonly string[] {
  return spec.containers.flatMap(({ ports }) =>
    (ports ?? [])
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(({ hostPort, protocol = "TCP" }) => `${protocol} ${hostPort}`),
  );
}

type Amounts = ReadonlyMap<string, number>;

/** Objects from the API never change, so what was once added up stays right. */
const known = new WeakMap<Pod["spec"], Amounts>();

/**
 * What a pod takes of each resource, in base units: its containers and sidecars together, or what it
 * needs at most while an init container runs beside the sidecars that were started before it.
 */
function requestsOf({ spec }: Pod): Amounts {
  const found = known.get(spec);
  if (found) return found;
  const total = new Map<string, number>();
  const sidecars = new Map<string, number>();
  const starting: Amounts[] = [];
  for (const container of spec.containers) addTo(total, amountsOf(container));
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container);
    if (container.restartPolicy === "Always") {
      addTo(total, amounts);
      addTo(sidecars, amounts);
      starting.push(new Map(sidecars));
    } else starting.push(addTo(new Map(sidecars), amounts));
  }
  for (const stage of starting)
    for (const [resource, amount] of stage)
      total.set(resource, Math.max(total.get(resource) ?? 0, amount));
  addTo(total, amountsIn(spec.overhead));
  known.set(spec, total);
  return total;
}

/** A limit stands in for a request that is not given. */
function amountsOf({ resources }: Container): Amounts {
  return amountsIn({ ...resources?.limits, ...resources?.requests });
}

function amountsIn(resources: ResourceList | undefined): Amounts {
  return new Map(
    Object.entries(resources ?? {}).map(([name, amount]) => [name, quantityValue(amount) ?? 0]),
  );
}

function addTo(total: Map<string, number>, amounts: Amounts): Map<string, number> {
  for (const [resource, amount] of amounts)
    total.set(resource, (total.get(resource) ?? 0) + amount);
  return total;
}
