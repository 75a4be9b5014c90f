// The workload loops of the embedded cluster, wired: Deployments to ReplicaSets to pods to the node, and
// Services to endpoints. They share one copy of each kind.
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import { KubeClient } from "../../kube/client.ts";
import { EventRecorder } from "../../kube/events.ts";
import type { Transport } from "../../kube/transport.ts";
import { WatchCache } from "../../kube/watch-cache.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import { endpointsKind, type Endpoints } from "../../resources/endpoints.ts";
import { endpointSliceKind, type EndpointSlice } from "../../resources/endpoint-slice.ts";
import { ingressKind, type Ingress } from "../../resources/ingress.ts";
import type { Kind } from "../../resources/kind.ts";
import { namespaceKind, type Namespace } from "../../resources/namespace.ts";
import { nodeKind, type Node } from "../../resources/node.ts";
import type { KubeObject } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import { runDeploymentController } from "./deployment-controller.ts";
import { runEndpointsController } from "./endpoints-controller.ts";
import { runNodeController } from "./node-controller.ts";
import { runPodCollector } from "./pod-collector.ts";
import { runReplicaSetController } from "./replica-set-controller.ts";
import { runScheduler } from "./scheduler.ts";
import { runServiceController } from "./service-controller.ts";

export type ClusterCaches = {
  readonly deployments: WatchCache<Deployment>;
  readonly replicaSets: WatchCache<ReplicaSet>;
  readonly pods: WatchCache<Pod>;
  readonly nodes: WatchCache<Node>;
  readonly namespaces: WatchCache<Namespace>;
  readonly services: WatchCache<Service>;
  readonly slices: WatchCache<EndpointSlice>;
  readonly endpoints: WatchCache<Endpoints>;
  readonly ingresses: WatchCache<Ingress>;
};

type LoopOptions = {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: (line: string) => void;
};

/** Resolves when every copy has its first list, so that no loop acts on half of the world. */
export async function startCaches(
  { transport, clock, log }: LoopOptions,
  signal: AbortSignal,
): Promise<ClusterCaches> {
  const client = new KubeClient(transport);
  const started: Promise<void>[] = [];
  const start = <T extends KubeObject>(kind: Kind<T>): WatchCache<T> => {
    const cache = new WatchCache<T>({ client, kind, clock, log });
    cache.start(signal);
    started.push(cache.synced);
    return cache;
  };
  const caches = {
    deployments: start(deploymentKind),
    replicaSets: start(replicaSetKind),
    pods: start(podKind),
    nodes: start(nodeKind),
    namespaces: start(namespaceKind),
    services: start(serviceKind),
    slices: start(endpointSliceKind),
    endpoints: start(endpointsKind),
    ingresses: start(ingressKind),
  };
  await Promise.all(started);
  return caches;
}

export type WorkloadLoops = {
  /** Resolves when no loop is at work any more and every event is written; abort the signal first. */
  readonly stopped: () => Promise<void>;
};

export function runWorkloadLoops(
  options: LoopOptions & {
    readonly random: Random;
    readonly caches: ClusterCaches;
    readonly nodeAddress: string;
  },
  signal: AbortSignal,
): WorkloadLoops {
  const { transport, clock, log, random, caches, nodeAddress } = options;
  const recorders: EventRecorder[] = [];
  // Each loop is a client and a reporter of its own, under the name that Kubernetes' has.
  const parts = (component: string) => {
    const client = new KubeClient(transport);
    const recorder = new EventRecorder({ client, clock, component, log });
    recorders.push(recorder);
    return { client, clock, log, recorder };
  };
  const loops = [
    runDeploymentController({ ...parts("deployment-controller"), ...caches }, signal),
    runReplicaSetController({ ...parts("replicaset-controller"), ...caches, random }, signal),
    runScheduler({ ...parts("default-scheduler"), ...caches }, signal),
    runNodeController({ ...parts("taint-eviction-controller"), ...caches }, signal),
    runPodCollector({ ...parts("pod-garbage-collector"), ...caches }, signal),
    runServiceController({ ...parts("service-controller"), ...caches, nodeAddress }, signal),
    runEndpointsController({ ...parts("endpoint-slice-controller"), ...caches }, signal),
  ];
  return {
    async stopped() {
      await Promise.all(loops.map((loop) => loop.stopped));
      await Promise.all(recorders.map((recorder) => recorder.flush()));
    },
  };
}
