// What follows from the state of a node: one that is cordoned has the taint that says so, a taint has the
// time since when it holds, and pods that do not tolerate a taint of the effect NoExecute have to go.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import { indexBy } from "../../kube/cache-index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller, type Requeue } from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import { nodeKind, type Node, type Taint } from "../../resources/node.ts";
import { keyOf } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { isActive } from "../../resources/pod-state.ts";
import { evictedInMs } from "./taint-eviction.ts";
import { unschedulableTaint } from "./taints.ts";

export type NodeControllerOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly nodes: WatchCache<Node>;
  readonly pods: WatchCache<Pod>;
};

export function runNodeController(options: NodeControllerOptions, signal: AbortSignal): Controller {
  const { clock, log, nodes, pods } = options;
  const podsOn = indexBy(pods, ({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]));
  return runController(
    {
      name: "node",
      clock,
      log,
      sources: [
        watching(nodes),
        // A pod may come to a node that is tainted already, by naming it.
        watching(pods, ({ spec }) =>
          isEmptying(nodes.get(spec.nodeName ?? "")) ? [spec.nodeName ?? ""] : [],
        ),
      ],
      reconcile: (name) => reconcile(name, podsOn, options),
    },
    signal,
  );
}

function isEmptying(node: Node | undefined): boolean {
  return (node?.spec?.taints ?? []).some(({ effect }) => effect === "NoExecute");
}

async function reconcile(
  name: string,
  podsOn: (node: string) => readonly Pod[],
  { client, clock, recorder, nodes }: NodeControllerOptions,
): Promise<Requeue> {
  const node = nodes.get(name);
  if (!node) return;
  const taints = taintsOf(node, formatTimestamp(clock.nowMs()));
  if (!jsonEqual(taints, node.spec?.taints ?? [])) {
    const { resourceVersion } = node.metadata;
    const metadata = { name, resourceVersion };
    await client.patch(nodeKind, { name }, { metadata, spec: { taints } });
    return;
  }
  let nextMs = Infinity;
  for (const pod of podsOn(name).filter(isActive)) {
    const waitMs = evictedInMs(pod, node, clock.nowMs());
    if (waitMs === 0) {
      recorder.record(
        pod,
        "Normal",
        "TaintManagerEviction",
        `Marking for deletion Pod ${keyOf(pod)}`,
      );
      const { uid } = pod.metadata;
      await client.delete(podKind, pod.metadata, { ...(uid !== undefined && { uid }) });
    } else if (waitMs !== undefined) nextMs = Math.min(nextMs, waitMs);
  }
  return nextMs === Infinity ? undefined : { requeueAfterMs: nextMs };
}

/** As they should be: with the cordon's own as long as it lasts, and times where they count. */
function taintsOf({ spec }: Node, now: string): readonly Taint[] {
  const isCordon = ({ key, effect }: Taint): boolean =>
    key === unschedulableTaint.key && effect === unschedulableTaint.effect;
  const given = spec?.taints ?? [];
  const others = given.filter((taint) => !isCordon(taint));
  const cordon = spec?.unschedulable
    ? [given.find(isCordon) ?? { ...unschedulableTaint, timeAdded: now }]
    : [];
  return [...others, ...cordon].map((taint) =>
    taint.effect === "NoExecute" ? { ...taint, timeAdded: taint.timeAdded ?? now } : taint,
  );
}
