// The node: registers itself, runs every pod that is bound to it as local processes, and answers for
// their logs. It decides nothing about where pods go, and is an API client like any other.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { WatchCache, type Change } from "../../kube/watch-cache.ts";
import { podKind, type Pod, type ResourceList } from "../../resources/pod.ts";
import type {
  AttachOptions,
  CommandRun,
  ExecOptions,
  NodeAccess,
  PodLogOptions,
  PodUsage,
} from "../apiserver/node-access.ts";
import type { ApiAccess } from "./api-access.ts";
import type { Environment } from "./container-env.ts";
import { aborted } from "./container-life.ts";
import { deathSignalPrefix, type ProcessHost } from "./container-process.ts";
import { GpuDevices, gpuResource } from "./gpu-devices.ts";
import type { ImageMapping } from "./images.ts";
import { guardMemory } from "./memory-guard.ts";
import { heartbeatMs, registerNode, reportNode } from "./node-registration.ts";
import { connectToPod, podAttach, podExec } from "./pod-access.ts";
import { startOrphanGuard, type OrphanGuard } from "./orphan-guard.ts";
import { podLog } from "./pod-log.ts";
import type { PodNetwork } from "./pod-network.ts";
import { PodWorker, type NodeContext } from "./pod-worker.ts";
import { ProcessLedger } from "./process-ledger.ts";
import { usageOf } from "./process-usage.ts";

export type KubeletOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly nodeName: string;
  readonly network: PodNetwork;
  readonly images: readonly ImageMapping[];
  /** Holds the pods' folders and the list of processes. */
  readonly dataDir: string;
  /** Of the node: cpu, memory, nvidia.com/gpu; pods defaults to 110. */
  readonly capacity: ResourceList;
  readonly recorder: EventRecorder;
  /**
   * What every container's environment starts from. The default has this Node on the PATH before the
   * system's usual folders, and the user's home.
   */
  readonly baseEnv?: Environment;
  /** What the cluster gives a pod's containers; their own variables win, except that both NODE_OPTIONS count. */
  readonly containerEnv?: (pod: Pod) => Environment;
  /** How pods reach the API. They wait for it before they start anything. */
  readonly apiAccess?: Promise<ApiAccess>;
};

/** What pods get to end in when the cluster stops, whatever their own grace period is. */
const shutDownGraceMs = 2_000;

export class Kubelet implements NodeAccess {
  readonly #options: KubeletOptions;
  readonly #ledger: ProcessLedger;
  readonly #ledgerFolder: string;
  readonly #podsFolder: string;
  readonly #stopped = new AbortController();
  readonly #workers = new Map<string, PodWorker>();
  readonly #removals = new Set<Promise<void>>();
  #context: NodeContext | undefined;
  #guard: OrphanGuard | undefined;
  #cancelHeartbeat = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#ledgerFolder = join(options.dataDir, "processes");
    this.#ledger = new ProcessLedger(this.#ledgerFolder);
    this.#podsFolder = join(options.dataDir, "pods");
  }

  /** Resolves when the node is registered and every pod bound to it so far is being run. */
  async start(signal: AbortSignal): Promise<void> {
    const { capacity, client, clock, images, log, network, nodeName, recorder } = this.#options;
    const baseEnv = this.#options.baseEnv ?? defaultEnv();
    // Logs and volumes are the user's alone, whoever may read the folder above.
    mkdirSync(this.#podsFolder, { recursive: true, mode: 0o700 });
    const orphans = await this.#ledger.endOrphans();
    if (orphans > 0) log(`ended ${orphans} processes of an earlier run`);
    const [prefix] = await Promise.all([
      deathSignalPrefix(baseEnv["PATH"] ?? ""),
      registerNode(
        client,
        { name: nodeName, address: network.nodeAddress, capacity },
        clock.nowMs(),
      ),
    ]);
    this.#guard = startOrphanGuard(
      { folder: this.#ledgerFolder, token: this.#ledger.owner, path: baseEnv["PATH"] ?? "" },
      (error) => log(`if this process is killed, its pods end at its next start: ${String(error)}`),
    );
    this.#context = {
      client,
      clock,
      log,
      recorder,
      host: { clock, ledger: this.#ledger, prefix },
      images,
      network,
      gpus: new GpuDevices(Number(capacity[gpuResource] ?? 0)),
      allocatable: capacity,
      baseEnv,
      containerEnv: this.#options.containerEnv ?? (() => ({})),
      apiAccess: this.#options.apiAccess,
      podsFolder: this.#podsFolder,
    };
    const running = AbortSignal.any([signal, this.#stopped.signal]);
    const pods = new WatchCache({
      client,
      kind: podKind,
      clock,
      log,
      fieldSelector: `spec.nodeName=${nodeName}`,
    });
    pods.subscribe((change) => {
      if (!running.aborted) this.#onChange(change);
    });
    pods.start(running);
    await Promise.race([pods.synced, aborted(running)]);
    if (running.aborted) return;
    this.#removeStaleFolders();
    this.#beat();
    const limited = () => [...this.#workers.values()].flatMap((one) => one.limitedContainers());
    guardMemory(clock, limited, running).catch((error: unknown) =>
      log(`memory limits are not held any more: ${String(error)}`),
    );
  }

  /** For programs beside the pods that are to end with them, however this process ends. Once started. */
  get processes(): ProcessHost {
    assert.ok(this.#context, "the kubelet has been started");
    return this.#context.host;
  }

  readLog(
    pod: Pod,
    options: PodLogOptions,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    return podLog(pod, this.#workerOf(pod), options, signal);
  }

  exec(pod: Pod, options: ExecOptions): CommandRun {
    return podExec(this.#workerOf(pod), options, this.#context?.host);
  }

  attach(pod: Pod, options: AttachOptions): CommandRun {
    return podAttach(this.#workerOf(pod), options, this.#options.clock);
  }

  connect(pod: Pod, port: number): Promise<Duplex> {
    return connectToPod(pod, this.#workerOf(pod), port);
  }

  /** Read from the machine at each call, all pods at once; pods without a running process are left out. */
  async usage(): Promise<readonly PodUsage[]> {
    const pods = [...this.#workers.values()].map((worker) => ({
      ...worker.pod.metadata,
      running: worker.running(),
    }));
    const usages = await usageOf(
      pods.flatMap(({ running }) => running.map(({ process }) => process.pid)),
    );
    const atMs = this.#options.clock.nowMs();
    return pods.flatMap(({ namespace = "default", name, uid = "", running }) => {
      const containers = running.flatMap((container) => {
        const usage = usages.get(container.process.pid);
        if (!usage) return [];
        const { cpuNanoseconds, memoryBytes } = usage;
        const { startedAtMs } = container;
        return [{ name: container.name, startedAtMs, cpuNanoseconds, memoryBytes }];
      });
      return containers.length > 0 ? [{ namespace, name, uid, atMs, containers }] : [];
    });
  }

  /** Ends every process: SIGTERM, 2 s of grace, SIGKILL. The pods stay bound, for the next start. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { client, clock, log, nodeName } = this.#options;
    this.#stopped.abort();
    this.#cancelHeartbeat();
    await Promise.all(
      [...this.#workers.values()].map((worker) => worker.shutDown(shutDownGraceMs)),
    );
    await Promise.all(this.#removals);
    await this.#ledger.swept();
    await this.#guard?.dismiss();
    if (!this.#context) return;
    try {
      await reportNode(client, nodeName, false, clock.nowMs());
    } catch (error) {
      log(`the node's last status was not written: ${String(error)}`);
    }
  }

  #workerOf({ metadata }: Pod): PodWorker | undefined {
    return this.#workers.get(metadata.uid ?? "");
  }

  #onChange({ old, new: pod }: Change<Pod>): void {
    const uid = pod?.metadata.uid ?? "";
    if (old && old.metadata.uid !== pod?.metadata.uid) this.#remove(old.metadata.uid ?? "");
    if (!pod || pod.spec.nodeName !== this.#options.nodeName) return;
    const worker = this.#workers.get(uid);
    if (worker) worker.update(pod);
    else this.#run(pod);
  }

  #run(pod: Pod): void {
    if (!this.#context) return;
    const worker = new PodWorker(pod, this.#context);
    this.#workers.set(pod.metadata.uid ?? "", worker);
    worker.start();
  }

  #remove(uid: string): void {
    const worker = this.#workers.get(uid);
    if (!worker) return;
    this.#workers.delete(uid);
    const removal = worker
      .remove()
      .catch((error: unknown) => this.#options.log(`remains of pod ${uid}: ${String(error)}`))
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Pods that were deleted while nobody ran. */
  #removeStaleFolders(): void {
    for (const uid of readdirSync(this.#podsFolder))
      if (!this.#workers.has(uid)) rmSync(join(this.#podsFolder, uid), { recursive: true });
  }

  #beat(): void {
    const { client, clock, log, nodeName } = this.#options;
    if (this.#stopped.signal.aborted) return;
    this.#cancelHeartbeat = clock.after(heartbeatMs, () => {
      reportNode(client, nodeName, true, clock.nowMs())
        .catch((error: unknown) => log(`heartbeat of the node: ${String(error)}`))
        .finally(() => this.#beat());
    });
  }
}

function defaultEnv(): Environment {
  const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { PATH: `${dirname(process.execPath)}:${system}`, HOME: homedir() };
}
