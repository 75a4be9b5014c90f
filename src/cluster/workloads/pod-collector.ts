// Removes pods that are bound to a node which is not there: nobody would run them, and nobody would ever
// say that they have ended. As Kubernetes' pod garbage collector, after the same wait.
import type { Clock } from "../../lib/clock.ts";
import type { KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller, type Requeue } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { Node } from "../../resources/node.ts";
import { keyOf } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";

export type PodCollectorOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly nodes: WatchCache<Node>;
  readonly pods: WatchCache<Pod>;
};

/** Since when a pod has been seen without its node. */
type Stranded = { readonly uid: string; readonly sinceMs: number };

/** A node may be about to register. */
const quarantineMs = 40_000;

export function runPodCollector(options: PodCollectorOptions, signal: AbortSignal): Controller {
  const { clock, log, nodes, pods } = options;
  const stranded = new Map<string, Stranded>();
  const isStranded = ({ spec }: Pod): boolean =>
    spec.nodeName !== undefined && nodes.get(spec.nodeName) === undefined;
  const controller = runController(
    {
      name: "podgc",
      clock,
      log,
      sources: [watching(pods, (pod) => (isStranded(pod) ? [keyOf(pod)] : []))],
      reconcile: (key) => reconcile(key, isStranded, stranded, options),
    },
    signal,
  );
  const stop = nodes.subscribe(({ new: node }) => {
    if (!node) for (const pod of pods.list().filter(isStranded)) controller.enqueue(keyOf(pod));
  });
  signal.addEventListener("abort", stop, { once: true });
  return controller;
}

async function reconcile(
  key: string,
  isStranded: (pod: Pod) => boolean,
  stranded: Map<string, Stranded>,
  { client, clock, pods }: PodCollectorOptions,
): Promise<Requeue> {
  const pod = pods.get(key);
  if (!pod || !isStranded(pod)) {
    stranded.delete(key);
    return;
  }
  const { uid = "" } = pod.metadata;
  const known = stranded.get(key);
  const sinceMs = known?.uid === uid ? known.sinceMs : clock.nowMs();
  stranded.set(key, { uid, sinceMs });
  const leftMs = sinceMs + quarantineMs - clock.nowMs();
  if (leftMs > 0) return { requeueAfterMs: leftMs };
  await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0, uid });
  stranded.delete(key);
}
