// The workload loops on a control plane in memory, with a node that runs nothing, and the words in which
// tests of them tell their stories. Nobody waits for the time, only for changes; where a story needs time
// to pass, it brings a clock that it moves itself.
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { sleep, type Clock } from "../../lib/clock.ts";
import { seededRandom } from "../../lib/random.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { KubeClient } from "../../kube/client.ts";
import type { Transport } from "../../kube/transport.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod, ResourceList } from "../../resources/pod.ts";
import { ControlPlane } from "../apiserver/api-handler.ts";
import { NodeFixture } from "./node-fixture.ts";
import { serviceAdmission } from "./service-admission.ts";
import { runWorkloadLoops, startCaches, type ClusterCaches } from "./workload-loops.ts";

export const namespace = "default";
const nodeAddress = "127.64.0.1";

/** The Deployment of these tests, and the Service. */
export const web = { namespace, name: "web" };

export type Bench = {
  readonly client: KubeClient;
  readonly caches: ClusterCaches;
  readonly node: NodeFixture;
};

export type BenchOptions = {
  readonly allocatable?: ResourceList;
  readonly admission?: readonly AdmissionRule[];
  readonly clock?: Clock;
  /** Takes what the loops log; the test's own output otherwise. */
  readonly log?: (line: string) => void;
  /** The longest that an event may be under way to the loops. */
  readonly lagMs?: number;
};

export async function startBench(context: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const { allocatable, admission = [], clock = wallClock, lagMs = 0 } = options;
  const seed = Date.now() % 1_000_000;
  context.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const log = options.log ?? ((line: string) => context.diagnostic(line));
  const plane = ControlPlane.open({
    clock,
    random,
    kinds: builtinKinds,
    customKinds: [],
    admission: [serviceAdmission(nodeAddress), ...admission],
    log,
    newUid: randomUUID,
  });
  const { transport } = plane;
  const stop = new AbortController();
  const caches = await startCaches({ transport, clock, log }, stop.signal);
  const seen =
    lagMs === 0
      ? caches
      : await startCaches(
          { transport: lagging(transport, () => random() * lagMs), clock, log },
          stop.signal,
        );
  const loops = runWorkloadLoops(
    { transport, clock, log, random, caches: seen, nodeAddress },
    stop.signal,
  );
  context.after(async () => {
    stop.abort();
    await loops.stopped();
    await plane.close();
  });
  const node = new NodeFixture({
    transport,
    clock,
    pods: caches.pods,
    ...(allocatable && { allocatable }),
  });
  await node.start(stop.signal);
  return { client: new KubeClient(transport), caches, node };
}

/** Watches through it are late, each event by a while of its own, and stay in order. */
function lagging(transport: Transport, lagMs: () => number): Transport {
  return async (request) => {
    const response = await transport(request);
    if (!response.body || !new URL(request.url).searchParams.has("watch")) return response;
    const late = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        await sleep(wallClock, lagMs());
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(late), response);
  };
}

/** Resolves at the first change after which the condition holds; a test that never gets there times out. */
export function until<T extends KubeObject>(
  cache: WatchCache<T>,
  holds: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    const unsubscribe = cache.subscribe(() => {
      if (done || !holds()) return;
      done = true;
      resolve();
      queueMicrotask(() => unsubscribe());
    });
    if (!done && holds()) {
      done = true;
      unsubscribe();
      resolve();
    }
  });
}

/** Checks after every change; collects what is wrong, because a listener has nobody to throw to. */
export function watchFor<T extends KubeObject>(
  cache: WatchCache<T>,
  check: () => string | undefined,
): readonly string[] {
  const violations: string[] = [];
  cache.subscribe(() => {
    const violation = check();
    if (violation !== undefined) violations.push(violation);
  });
  return violations;
}

export function deployment(
  image: string,
  replicas: number,
  more: Partial<Deployment["spec"]> = {},
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: web,
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "main", image }] },
      },
      ...more,
    },
  };
}

export const scale = (client: KubeClient, replicas: number) =>
  client.patch(deploymentKind, web, { spec: { replicas } }, { subresource: "scale" });

export const complete =
  ({ deployments }: ClusterCaches) =>
  (): boolean => {
    const object = deployments.get("default/web");
    const {
      observedGeneration,
      replicas = 0,
      updatedReplicas,
      availableReplicas,
    } = object?.status ?? {};
    return (
      object !== undefined &&
      observedGeneration === object.metadata.generation &&
      replicas === object.spec.replicas &&
      (updatedReplicas ?? 0) === replicas &&
      (availableReplicas ?? 0) === replicas
    );
  };

export const imageOf = (pod: Pod) => pod.spec.containers[0]?.image;
