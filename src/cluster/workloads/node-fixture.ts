// A node for tests of the loops: an API client that runs nothing, and says of each pod bound to it what
// a kubelet would say. Tests hold back readiness or the end of pods where their story needs it.
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { Clock } from "../../lib/clock.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Transport } from "../../kube/transport.ts";
import type { Change, WatchCache } from "../../kube/watch-cache.ts";
import { nodeKind } from "../../resources/node.ts";
import { podKind, type Pod, type ResourceList } from "../../resources/pod.ts";

export type NodeFixtureOptions = {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly pods: WatchCache<Pod>;
  readonly allocatable?: ResourceList;
};

export class NodeFixture {
  /** Pods for which this is false stay unready when they start. */
  makesReady = (_pod: Pod): boolean => true;
  /** While false, pods that are deleted stay terminating. */
  letsGo = true;
  readonly #options: NodeFixtureOptions;
  readonly #client: KubeClient;
  #addresses = 0;
  readonly #seen = new Set<string>();

  constructor(options: NodeFixtureOptions) {
    this.#options = options;
    this.#client = new KubeClient(options.transport);
  }

  async start(signal: AbortSignal): Promise<void> {
    const allocatable = this.#options.allocatable ?? { cpu: "64", memory: "64Gi", pods: "110" };
    await this.#client.create(nodeKind, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "node" },
    });
    const status = { allocatable, conditions: [{ type: "Ready", status: "True" }] };
    await this.#client.patch(nodeKind, { name: "node" }, { status }, { subresource: "status" });
    const stop = this.#options.pods.subscribe((change) => this.#onChange(change));
    signal.addEventListener("abort", stop, { once: true });
  }

  /** Lets every pod become ready that was held back. */
  async readyAll(): Promise<void> {
    this.makesReady = () => true;
    for (const pod of this.#options.pods.list())
      if (pod.spec.nodeName !== undefined) await this.#run(pod);
  }

  async removeTerminating(): Promise<void> {
    this.letsGo = true;
    for (const pod of this.#options.pods.list())
      if (pod.metadata.deletionTimestamp !== undefined) await this.#end(pod);
  }

  #onChange({ new: pod }: Change<Pod>): void {
    if (!pod || pod.spec.nodeName === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (this.letsGo) void this.#end(pod);
      return;
    }
    const uid = pod.metadata.uid ?? "";
    if (this.#seen.has(uid)) return;
    this.#seen.add(uid);
    void this.#run(pod);
  }

  async #run(pod: Pod): Promise<void> {
    const now = formatTimestamp(this.#options.clock.nowMs());
    const ready = { type: "Ready", status: this.makesReady(pod) ? "True" : "False" };
    const status = {
      phase: "Running",
      podIP: pod.status?.podIP ?? `127.99.1.${++this.#addresses}`,
      conditions: [
        ...(pod.status?.conditions ?? []).filter(({ type }) => type !== "Ready"),
        { ...ready, lastTransitionTime: now },
      ],
    };
    await this.#quietly(
      this.#client.patch(podKind, pod.metadata, { status }, { subresource: "status" }),
    );
  }

  async #end(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    await this.#quietly(
      this.#client.delete(podKind, pod.metadata, {
        gracePeriodSeconds: 0,
        ...(uid !== undefined && { uid }),
      }),
    );
  }

  /** The pod may be gone, or the test over. */
  async #quietly(write: Promise<unknown>): Promise<void> {
    await write.catch(() => {});
  }
}
