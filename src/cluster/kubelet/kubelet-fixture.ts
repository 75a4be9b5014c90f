// For tests: a node with an API behind it and real processes under it, and ways to wait for what
// they do. Nothing here is part of a running cluster.
import assert from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { seededRandom } from "../../lib/random.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { KubeClient } from "../../kube/client.ts";
import { EventRecorder } from "../../kube/events.ts";
import { WatchCache } from "../../kube/watch-cache.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { eventKind } from "../../resources/event.ts";
import { podKind, type Container, type Pod, type PodSpec } from "../../resources/pod.ts";
import { ControlPlane } from "../apiserver/api-handler.ts";
import type { NodeAccess } from "../apiserver/node-access.ts";
import type { ApiAccess } from "./api-access.ts";
import type { ImageMapping } from "./images.ts";
import { Kubelet } from "./kubelet.ts";
import { PodNetwork } from "./pod-network.ts";

export type KubeletFixture = Awaited<ReturnType<typeof openNode>>;

const patienceMs = 20_000;
const nodeName = "dunlin";

/** The node is not started yet, so that a test can prepare what it finds. */
export async function openNode(
  options: {
    readonly clock?: Clock;
    readonly images?: readonly ImageMapping[];
    readonly apiAccess?: ApiAccess;
  } = {},
) {
  const { clock = wallClock, images = [], apiAccess } = options;
  const told: string[] = [];
  const log = (line: string) => void told.push(line);
  const dataDir = mkdtempSync(join(tmpdir(), "dunlin-node-"));
  const plane = ControlPlane.open({
    clock,
    random: seededRandom(1),
    kinds: builtinKinds,
    customKinds: [],
    admission: [],
    log,
    newUid: randomUUID,
  });
  const client = new KubeClient(plane.transport);
  const network = await PodNetwork.claim();
  const recorder = new EventRecorder({ client, clock, component: "kubelet", log });
  const watching = new AbortController();
  const pods = new WatchCache({ client, kind: podKind, clock });
  pods.start(watching.signal);
  const capacity = { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "2" };
  const newKubelet = () =>
    new Kubelet({
      client,
      clock,
      log,
      nodeName,
      network,
      images,
      dataDir,
      capacity,
      recorder,
      ...(apiAccess && { apiAccess: Promise.resolve(apiAccess) }),
    });
  let kubelet = newKubelet();
  const access: NodeAccess = {
    readLog: (pod, logOptions, signal) => kubelet.readLog(pod, logOptions, signal),
    exec: (pod, execOptions) => kubelet.exec(pod, execOptions),
    attach: (pod, attachOptions) => kubelet.attach(pod, attachOptions),
    connect: (pod, port) => kubelet.connect(pod, port),
    usage: () => kubelet.usage(),
  };
  plane.setNode(access);

  return {
    access,
    client,
    dataDir,
    network,
    told,
    start: () => kubelet.start(watching.signal),
    /** Closes the node and starts another on the same data. */
    async restart(): Promise<void> {
      await kubelet.close();
      kubelet = newKubelet();
      await kubelet.start(watching.signal);
    },
    stop: () => kubelet.close(),
    run: (name: string, spec: PodSpec) => client.create(podKind, podOf(name, spec)),
    delete: (name: string, graceSeconds?: number) =>
      client.delete(
        podKind,
        { namespace: "default", name },
        graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds },
      ),
    /** The pod as soon as the condition holds for it; the condition sees undefined when it is gone. */
    until: <T>(name: string, found: (pod: Pod | undefined) => T | undefined): Promise<T> =>
      untilPod(pods, `default/${name}`, found),
    async events(name: string): Promise<readonly string[]> {
      await recorder.flush();
      const { items } = await client.list(eventKind);
      return items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    /** The answer of the API's log subresource. */
    async log(name: string, query = ""): Promise<{ code: number; text: string }> {
      const url = `https://cluster/api/v1/namespaces/default/pods/${name}/log?${query}`;
      const response = await plane.transport(new Request(url));
      return { code: response.status, text: await response.text() };
    },
    async close(): Promise<void> {
      await kubelet.close();
      await recorder.flush();
      watching.abort();
      await plane.close();
      await network.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const isReady = (pod: Pod | undefined): true | undefined =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ||
  undefined;

export const isGone = (pod: Pod | undefined): true | undefined => !pod || undefined;

/** A container of a shell script. */
export const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: "local/shell",
  command: ["sh", "-c", script],
  ...more,
});

/** A container of a program for this Node. */
export const node = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: "local/node",
  command: [process.execPath, "-e", script],
  ...more,
});

function podOf(name: string, spec: PodSpec): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { nodeName, ...spec },
  };
}

function untilPod<T>(
  pods: WatchCache<Pod>,
  key: string,
  found: (pod: Pod | undefined) => T | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const look = () => {
      const result = found(pods.get(key));
      if (result === undefined) return;
      ended.abort();
      resolve(result);
    };
    const giveUp = wallClock.after(patienceMs, () => {
      ended.abort();
      const last = JSON.stringify(pods.get(key)?.status);
      reject(new assert.AssertionError({ message: `pod ${key} stayed at ${last}` }));
    });
    ended.signal.addEventListener("abort", giveUp);
    const unsubscribe = pods.subscribe((change) => {
      if (change.key === key && !ended.signal.aborted) look();
    });
    ended.signal.addEventListener("abort", unsubscribe);
    if (!ended.signal.aborted) look();
  });
}
