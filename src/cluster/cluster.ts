// The embedded cluster, whole: the API server, its node, the workload loops and the front door, started
// and stopped in the right order. What it runs, and who controls it, is the caller's.
import { randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import type { Transport } from "../kube/transport.ts";
import type { AdmissionRule } from "../resources/admission.ts";
import { builtinKinds } from "../resources/builtin-kinds.ts";
import type { Kind } from "../resources/kind.ts";
import type { Service } from "../resources/service.ts";
import { serviceBlock } from "./address-blocks.ts";
import { ControlPlane } from "./apiserver/api-handler.ts";
import { serveApi } from "./apiserver/api-server.ts";
import { loadCredentials } from "./apiserver/credentials.ts";
import type { ApiAccess } from "./kubelet/api-access.ts";
import type { ProcessHost } from "./kubelet/container-process.ts";
import type { ImageMapping } from "./kubelet/images.ts";
import { runIngressStatus } from "./ingress/ingress-status.ts";
import { Ingress } from "./ingress/ingress.ts";
import { kubeconfigText } from "./apiserver/kubeconfig.ts";
import { Kubelet, type KubeletOptions } from "./kubelet/kubelet.ts";
import { PodNetwork } from "./kubelet/pod-network.ts";
import { unenforcedAdmission } from "./kubelet/unenforced-admission.ts";
import { runApiService } from "./api-service.ts";
import { startClusterNames } from "./cluster-names.ts";
import { childEnvironment } from "./network/child-environment.ts";
import { runServiceProxy } from "./network/service-proxy.ts";
import { publishService, type PublishedService } from "./published-service.ts";
import {
  serviceResolver,
  type ResolvedAddress,
  type ServiceResolver,
} from "./network/service-resolver.ts";
import { indexSlices } from "./network/service-endpoints.ts";
import { podPriorityAdmission } from "./workloads/pod-priority-admission.ts";
import { serviceAccountAdmission } from "./workloads/service-account-admission.ts";
import { serviceAdmission } from "./workloads/service-admission.ts";
import { runWorkloadLoops, startCaches, type ClusterCaches } from "./workloads/workload-loops.ts";

export type ClusterOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  /** Holds the kubeconfig, the keys, the pods' folders and, where persistent, the objects. */
  readonly dataDir: string;
  /** Whether objects outlive the process. */
  readonly persistent: boolean;
  /** 0 takes any free port, here and below. */
  readonly apiPort: number;
  readonly ingressPort: number;
  readonly capacity: { readonly cpu: string; readonly memory: string; readonly gpus: number };
  readonly images: readonly ImageMapping[];
  readonly customKinds: readonly Kind[];
  readonly admission: readonly AdmissionRule[];
};

export type Cluster = {
  readonly kubeconfigPath: string;
  readonly apiUrl: string;
  readonly ingress: {
    readonly host: string;
    readonly port: number;
    /** Requests to a Service that are under way through the front door. */
    readonly inFlight: (namespace: string, service: string) => number;
  };
  /** The API in process, without a socket. */
  readonly transport: Transport;
  /** The node's own address, 127.N.0.1, where services of this process may listen. */
  readonly hostAddress: string;
  /** For programs that end with the cluster, however it ends. */
  readonly processes: ProcessHost;
  /** The cluster's names: NAME.NAMESPACE.svc[.cluster.local], to a ready endpoint. */
  readonly resolve: (hostname: string, port: number) => ResolvedAddress | undefined;
  /** Names something that runs in this process; `resolve` knows it once this has resolved. */
  readonly publish: (service: PublishedService) => Promise<void>;
  /** Ends every pod and every connection. */
  readonly close: () => Promise<void>;
};

const nodeName = "dunlin";
/** How long pods wait for Services to have addresses of this run. */
const exchangeMs = 2_000;

/** Throws, in words for the user, when a port or the data directory cannot be used; nothing is left then. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { clock, random, log, dataDir } = options;
  // What was started, to be ended in reverse: here if anything fails, else by `close`.
  await using started = new AsyncDisposableStack();
  prepareDataDir(dataDir);
  const network = await PodNetwork.claim();
  started.defer(() => network.close());
  const plane = openPlane(options, network.nodeAddress);
  started.defer(() => plane.close());
  const transport = behindSockets(plane.transport);
  const credentials = loadCredentials(join(dataDir, "credentials.json"), clock.nowMs());
  credentials.catch(() => {}); // Whatever fails there is told below, where it is awaited.

  const { nodeAddress } = network;
  const watching = new AbortController();
  started.defer(() => watching.abort());
  const caches = await startCaches({ transport, clock, log }, watching.signal);
  const services = { ...caches, slicesOf: indexSlices(caches.slices) };
  // Before any pod, since each is told at its start where to ask.
  const names = await startClusterNames({ nodeAddress, services, slices: caches.slices, log });
  started.defer(names.close);
  const apiAccess = Promise.withResolvers<ApiAccess>();
  const kubelet = newKubelet(options, transport, network, apiAccess.promise, (pod) =>
    childEnvironment(pod, caches.services.list(), names.places),
  );
  plane.setNode(kubelet);
  started.defer(() => kubelet.close());
  await kubelet.start(watching.signal);
  const looping = new AbortController();
  const loops = runWorkloadLoops(
    { transport, clock, log, random, caches, nodeAddress },
    looping.signal,
  );
  const ingress = new Ingress({ port: options.ingressPort, ...caches, services, log });
  const client = new KubeClient(transport);
  const recorder = new EventRecorder({ client, clock, component: "service-proxy", log });
  const proxy = runServiceProxy(
    { ...caches, endpoints: services, nodeAddress, clock, recorder, log },
    looping.signal,
  );
  started.defer(async () => {
    looping.abort();
    await Promise.all([loops.stopped(), proxy.closed()]);
    await recorder.flush();
  });
  const door = await ingress.start();
  started.defer(() => ingress.close());
  runIngressStatus(
    {
      ...caches,
      client,
      clock,
      log,
      door,
      recorder: new EventRecorder({ client, clock, component: "ingress-controller", log }),
    },
    looping.signal,
  );

  const { token, authority, ...tls } = await credentials;
  const server = await serveApi({ plane, port: options.apiPort, tls, token, log });
  started.defer(() => server.close());
  runApiService(
    { ...caches, client, clock, log, nodeAddress, apiPort: server.port },
    looping.signal,
  );
  const kubeconfigPath = join(dataDir, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfigText({ url: server.url, authority, token }), {
    mode: 0o600,
  });
  // Pods start with it, and are told the Services' addresses then.
  void untilAddressed(caches, nodeAddress, clock).then(() =>
    apiAccess.resolve({ url: server.url, authority, token }),
  );

  const resolve = serviceResolver(services);
  plane.setServiceResolver(resolve);
  const running = started.move();
  return {
    kubeconfigPath,
    apiUrl: server.url,
    ingress: { ...door, inFlight: (namespace, service) => ingress.inFlight(namespace, service) },
    transport,
    hostAddress: nodeAddress,
    processes: kubelet.processes,
    resolve,
    async publish(service) {
      await publishService(new KubeClient(transport), service);
      await untilResolved(service, resolve, caches);
    },
    close: () => running.disposeAsync(),
  };
}

/**
 * The loops in this process speak to the API without a socket. Left alone, one change would run
 * through all of them before the next request from outside is even read; so theirs wait their turn.
 */
function behindSockets(transport: Transport): Transport {
  return async (request) => {
    await new Promise((resolve) => setImmediate(resolve));
    return transport(request);
  };
}

/** Addresses of an earlier run may be of another block; they are exchanged before anybody is told them. */
async function untilAddressed(
  { services }: ClusterCaches,
  nodeAddress: string,
  clock: Clock,
): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  const isOld = ({ spec }: Service): boolean =>
    /^\d/.test(spec.clusterIP ?? "") && !spec.clusterIP?.startsWith(serviceBlock(nodeAddress));
  const stop = services.subscribe(() => {
    if (!services.list().some(isOld)) done();
  });
  // One that cannot be exchanged must not keep all pods from starting.
  const cancel = clock.after(exchangeMs, done);
  if (!services.list().some(isOld)) done();
  await promise;
  stop();
  cancel();
}

/** The write was acknowledged; the copies that `resolve` reads follow it. */
function untilResolved(
  { namespace, name, port, address }: PublishedService,
  resolve: ServiceResolver,
  { services, slices }: ClusterCaches,
): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  const check = (): void => {
    if (resolve(`${name}.${namespace}.svc`, port)?.address === address) done();
  };
  const stops = [services.subscribe(check), slices.subscribe(check)];
  check();
  return promise.finally(() => stops.forEach((stop) => stop()));
}

function openPlane(options: ClusterOptions, nodeAddress: string): ControlPlane {
  const { clock, random, log, dataDir, persistent, customKinds, admission } = options;
  return ControlPlane.open({
    clock,
    random,
    log,
    kinds: builtinKinds,
    customKinds,
    admission: [
      serviceAdmission(nodeAddress),
      podPriorityAdmission,
      serviceAccountAdmission,
      ...unenforcedAdmission,
      ...admission,
    ],
    newUid: randomUUID,
    ...(persistent && { dataFile: join(dataDir, "state.db") }),
  });
}

function newKubelet(
  options: ClusterOptions,
  transport: Transport,
  network: PodNetwork,
  apiAccess: Promise<ApiAccess>,
  containerEnv: NonNullable<KubeletOptions["containerEnv"]>,
): Kubelet {
  const { clock, log, dataDir, images, capacity } = options;
  const { cpu, memory, gpus } = capacity;
  const client = new KubeClient(transport);
  return new Kubelet({
    client,
    clock,
    log,
    nodeName,
    network,
    images,
    dataDir,
    capacity: { cpu, memory, ...(gpus > 0 && { "nvidia.com/gpu": String(gpus) }) },
    recorder: new EventRecorder({ client, clock, component: "kubelet", log }),
    apiAccess,
    containerEnv,
  });
}

/** Private to the user: keys, tokens and the pods' secrets stand in it. */
function prepareDataDir(dataDir: string): void {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(
      `cannot use the data directory ${dataDir} (${reason}); choose another one with --data-dir`,
      { cause },
    );
  }
}

/** By hand, since Node's `recursive` never ends where a parent is there but takes nothing, as /proc. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
