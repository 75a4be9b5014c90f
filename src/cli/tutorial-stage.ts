// The cluster with the service on it, as the tutorial looks at them.
import { WatchCache } from "../kube/watch-cache.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { UserError } from "../lib/user-error.ts";
import { deploymentKind } from "../resources/deployment.ts";
import { inferenceServiceKind, type InferenceService } from "../resources/inference-service.ts";
import type { Kind } from "../resources/kind.ts";
import { conditionOf, type Condition, type KubeObject } from "../resources/object.ts";
import { podKind } from "../resources/pod.ts";
import { isReady } from "../resources/pod-state.ts";
import type { LocalCluster } from "./local-cluster.ts";
import type { Sample } from "./tutorial-screen.ts";
import type { Story } from "./tutorial-story.ts";

export type Stage = StageOptions & {
  podCount(): number;
  /** Where the service is reached by host; empty until it is told. */
  url(): string;
  condition(type: string): Condition | undefined;
  look(): Sample;
  /** Shows what is going on until it holds. Throws when interrupted, or when it takes too long. */
  until(what: string, holds: () => boolean): Promise<void>;
};

type StageOptions = {
  readonly cluster: LocalCluster;
  readonly service: InferenceService;
  readonly story: Story;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

export class Interrupted extends Error {}

/** The whole tutorial takes half as long; a reader who waits is told instead of left waiting. */
const patienceMs = 110_000;

/** Watches the objects until the signal aborts. */
export function openStage(options: StageOptions): Stage {
  const { cluster, service, story, clock, signal } = options;
  const deadlineMs = clock.nowMs() + patienceMs;
  const watch = <T extends KubeObject>(kind: Kind<T>): WatchCache<T> => {
    const cache = new WatchCache({ client: cluster.client, clock, kind, namespace: "default" });
    cache.start(signal);
    return cache;
  };
  const pods = watch(podKind);
  const deployments = watch(deploymentKind);
  const services = watch(inferenceServiceKind);
  let told = "";
  const predictor = `${service.metadata.name}-predictor`;
  const status = () => services.get(`default/${service.metadata.name}`)?.status;
  const look = (): Sample => ({
    atMs: clock.nowMs(),
    inFlight: cluster.ingress.inFlight("default", predictor),
    wanted: deployments.get(`default/${predictor}`)?.spec.replicas ?? 0,
    ready: pods.list().filter(isReady).length,
  });
  return {
    ...options,
    podCount: () => pods.list().length,
    url: () => status()?.url ?? "",
    condition: (type) => conditionOf(status()?.conditions, type),
    look,
    async until(what, holds) {
      while (!holds()) {
        if (signal.aborted) throw new Interrupted();
        const trouble = troubleOf(conditionOf(status()?.conditions, "Ready"));
        if (trouble !== "" && trouble !== told) story.tell(`not Ready: ${trouble}`);
        told = trouble;
        if (clock.nowMs() > deadlineMs)
          throw new UserError(`gave up waiting until ${what}${trouble && `: ${trouble}`}`);
        story.see(look());
        await sleep(clock, 100, signal);
      }
    },
  };
}

/** What keeps the service from being Ready, other than that it takes a moment. */
function troubleOf(ready: Condition | undefined): string {
  const passes = ready?.status === "True" || ready?.reason === "MinimumReplicasUnavailable";
  return passes ? "" : (ready?.message ?? "");
}
