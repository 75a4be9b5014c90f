// One pod on this node, from the moment it is bound to it until its object is gone: runs its
// containers in order, keeps its status up to date, and ends it within its grace period.
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sleep, type Clock } from "../../lib/clock.ts";
import { formatTimestamp, parseTimestamp } from "../../lib/timestamp.ts";
import { ApiError, isNotFound, type KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { configMapKind } from "../../resources/config-map.ts";
import type { EventType } from "../../resources/event.ts";
import type { Condition } from "../../resources/object.ts";
import {
  podKind,
  type Container,
  type Pod,
  type PodStatus,
  type ResourceList,
} from "../../resources/pod.ts";
import { secretKind } from "../../resources/secret.ts";
import { giveApiAccess, type ApiAccess } from "./api-access.ts";
import type { Environment } from "./container-env.ts";
import { planLaunch, type Launch } from "./container-launch.ts";
import type { ProcessHost } from "./container-process.ts";
import { aborted, forced, type EndSignals } from "./container-life.ts";
import { ContainerRunner, type FoundImage, type RunningContainer } from "./container-runner.ts";
import type { GpuDevices } from "./gpu-devices.ts";
import type { ImageMapping } from "./images.ts";
import { LatestWriter } from "./latest-writer.ts";
import type { LimitedContainer } from "./memory-guard.ts";
import type { PodNetwork } from "./pod-network.ts";
import { containersOf, isFinished, isSidecar } from "../../resources/pod-state.ts";
import {
  podStatusOf,
  sameStatus,
  statusPatch,
  type ContainerRole,
  type PodFailure,
} from "./pod-status.ts";
import { portsOf, takenPort } from "./port-check.ts";
import { unsupportedVolume } from "./pod-volumes.ts";
import { terminationLogOf } from "./termination-message.ts";
import type { VolumeSources } from "./volume-files.ts";
import { VolumeKeeper } from "./volume-keeper.ts";

/** What all pods of a node share. */
export type NodeContext = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: EventRecorder;
  readonly host: ProcessHost;
  readonly images: readonly ImageMapping[];
  readonly network: PodNetwork;
  readonly gpus: GpuDevices;
  readonly allocatable: ResourceList;
  readonly baseEnv: Environment;
  readonly containerEnv: (pod: Pod) => Environment;
  /** Pods wait for it before they start anything; undefined where there is no API to be reached. */
  readonly apiAccess: Promise<ApiAccess> | undefined;
  /** Has a folder for each pod, by uid. */
  readonly podsFolder: string;
};

type Sidecar = { readonly stop: AbortController; readonly life: Promise<void> };

const portRetryMs = 1_000;
/** How long closing waits for the last statuses to be written. */
const lastWriteMs = 1_000;

export class PodWorker {
  readonly #context: NodeContext;
  readonly #folder: string;
  readonly #startTime: string;
  readonly #writer: LatestWriter;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #init: readonly ContainerRunner[];
  readonly #apps: readonly ContainerRunner[];
  readonly #address: string;
  /** It had run to its end before this node started: nothing runs, and its status stays. */
  readonly #over: boolean;
  #pod: Pod;
  #api: ApiAccess | undefined;
  #gpus: ReadonlyMap<string, readonly number[]> = new Map();
  #refusal: PodFailure | undefined;
  #failure: PodFailure | undefined;
  #written: PodStatus | undefined;
  #conditions: readonly Condition[];
  #killAtMs = Infinity;
  #cancelKill = () => {};
  #cancelDeadline = () => {};
  #life: Promise<void> = Promise.resolve();
  #prepared = false;
  #deleting = false;
  #mayBeDeleted = false;

  /** Allocates the pod's address; `start` does the rest. */
  constructor(pod: Pod, context: NodeContext) {
    const { clock, podsFolder, network, client, log } = context;
    const { status, metadata } = pod;
    this.#context = context;
    this.#pod = pod;
    this.#over = isFinished(pod);
    this.#folder = join(podsFolder, metadata.uid ?? "");
    this.#startTime = status?.startTime ?? formatTimestamp(clock.nowMs());
    this.#conditions = status?.conditions ?? [];
    this.#address = this.#over ? (status?.podIP ?? "") : network.allocate();
    this.#init = (pod.spec.initContainers ?? []).map((one) =>
      this.#runnerOf(one, isSidecar(one) ? "sidecar" : "init"),
    );
    this.#apps = pod.spec.containers.map((one) => this.#runnerOf(one, "app"));
    const name = `${metadata.namespace ?? "default"}/${metadata.name}`;
    this.#writer = new LatestWriter({
      clock,
      log: (line) => log(`pod ${name}: ${line}`),
      write: () => this.#write(client),
    });
  }

  start(): void {
    if (!this.#over) this.#life = this.#live();
    this.update(this.#pod);
  }

  /** Takes a newer state of the pod's object. */
  update(pod: Pod): void {
    const imagesBefore = new Map(containersOf(this.#pod).map(({ name, image }) => [name, image]));
    this.#pod = pod;
    for (const { name, image } of containersOf(pod))
      if (imagesBefore.get(name) !== image) this.runner(name)?.redefine();
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (!this.#over) this.#watchDeadline();
    if (pod.spec.readinessGates) this.#writer.poke();
    if (deletionTimestamp === undefined) return;
    const grace = deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    this.#end(grace * 1000);
    if (this.#deleting) return;
    this.#deleting = true;
    void this.#life.then(() => this.#letDelete());
  }

  /** The object is gone: everything ends at once, and nothing of the pod remains. */
  async remove(): Promise<void> {
    this.#writer.close();
    this.#end(0);
    await this.#life;
    if (!this.#over) this.#context.network.release(this.#address);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The node goes down: the containers end, the pod stays for the next start of the cluster. */
  async shutDown(graceMs: number): Promise<void> {
    this.#end(graceMs);
    await this.#life;
    // Of a pod that had ended before, too: a timer that is left holds the whole process.
    this.#cancelKill();
    const { clock } = this.#context;
    const written = new AbortController();
    const patience = sleep(clock, lastWriteMs, written.signal);
    await Promise.race([this.#writer.flushed(), patience]);
    written.abort();
    this.#writer.close();
  }

  runner(container: string): ContainerRunner | undefined {
    return [...this.#init, ...this.#apps].find(({ status }) => status.name === container);
  }

  get pod(): Pod {
    return this.#pod;
  }

  limitedContainers(): readonly LimitedContainer[] {
    return [...this.#init, ...this.#apps].flatMap((runner) => runner.memoryLimit ?? []);
  }

  /** The containers that are processes at the moment. */
  running(): readonly RunningContainer[] {
    return [...this.#init, ...this.#apps].flatMap((runner) => runner.running ?? []);
  }

  /** Never rejects: what nobody foresaw costs this pod, and the cluster goes on. */
  async #live(): Promise<void> {
    const { gpus } = this.#context;
    try {
      await this.#runOnDevices();
    } catch (error) {
      this.#giveUp(error);
    }
    gpus.release(this.#pod);
    this.#cancelKill();
    this.#cancelDeadline();
    this.#writer.poke();
  }

  #giveUp(error: unknown): void {
    const { namespace = "default", name } = this.#pod.metadata;
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.log(`pod ${namespace}/${name} was given up: ${detail}`);
    this.#end(0);
  }

  /** Ends the pod for a reason of the node's; it will have failed. */
  #fail(type: EventType, failure: PodFailure): void {
    if (this.#stop.signal.aborted) return;
    this.#failure = failure;
    this.#context.recorder.record(this.#pod, type, failure.reason, failure.message);
    this.#end(this.#graceMs());
  }

  #watchDeadline(): void {
    const { clock } = this.#context;
    const { activeDeadlineSeconds } = this.#pod.spec;
    this.#cancelDeadline();
    if (activeDeadlineSeconds === undefined || this.#stop.signal.aborted) return;
    const deadlineMs = (parseTimestamp(this.#startTime) ?? 0) + activeDeadlineSeconds * 1000;
    const message = "Pod was active on the node longer than the specified deadline";
    this.#cancelDeadline = clock.after(deadlineMs - clock.nowMs(), () =>
      this.#fail("Normal", { reason: "DeadlineExceeded", message }),
    );
  }

  #graceMs(): number {
    return (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  async #runOnDevices(): Promise<void> {
    const { gpus } = this.#context;
    mkdirSync(this.#folder, { recursive: true });
    const devices = gpus.allocate(this.#pod);
    if (devices) {
      this.#gpus = devices;
      this.#writer.poke();
      await this.#runContainers();
    } else
      this.#refusal = {
        reason: "UnexpectedAdmissionError",
        message: "Pod was rejected: not enough free nvidia.com/gpu devices on the node",
      };
  }

  async #runContainers(): Promise<void> {
    const signals = { stop: this.#stop.signal, kill: this.#kill.signal };
    const { apiAccess } = this.#context;
    const api = await Promise.race([apiAccess, aborted(signals.stop)]);
    if (api) this.#api = api;
    const unsupported = unsupportedVolume(this.#pod);
    if (unsupported !== undefined) return this.#holdBack(unsupported, signals.stop);
    const volumes = this.#volumeKeeper();
    if (!(await volumes.untilMade(signals.stop))) return;
    this.#prepared = true;
    const over = new AbortController();
    const keeping = volumes.keep(AbortSignal.any([signals.stop, over.signal]));
    await this.#runInOrder(signals);
    over.abort();
    await keeping;
  }

  /** For what no waiting mends: the pod shows it until it is deleted. */
  async #holdBack(message: string, stop: AbortSignal): Promise<void> {
    for (const runner of [...this.#init, ...this.#apps])
      runner.wait("CreateContainerConfigError", message);
    this.#context.recorder.record(this.#pod, "Warning", "Failed", `Error: ${message}`);
    await aborted(stop);
  }

  #volumeKeeper(): VolumeKeeper {
    const { clock, recorder } = this.#context;
    return new VolumeKeeper({
      clock,
      pod: () => this.#pod,
      podFolder: this.#folder,
      sources: () => this.#sources(),
      onFailure: (message) => recorder.record(this.#pod, "Warning", "FailedMount", message),
      onOverfull: (message) => this.#fail("Warning", { reason: "Evicted", message }),
    });
  }

  #sources(): VolumeSources {
    const { allocatable, client, network } = this.#context;
    const { namespace = "default" } = this.#pod.metadata;
    return {
      pod: this.#pod,
      podIp: this.#address,
      hostIp: network.nodeAddress,
      allocatable,
      secret: (name) => client.get(secretKind, { namespace, name }),
      configMap: (name) => client.get(configMapKind, { namespace, name }),
      token: this.#api?.token,
    };
  }

  async #runInOrder(signals: EndSignals): Promise<void> {
    const sidecars: Sidecar[] = [];
    if (await this.#initialize(sidecars)) {
      await this.#untilPortsAreFree(signals.stop);
      // Each to its end, whatever becomes of the others: nobody else would end them.
      const ends = await Promise.allSettled(this.#apps.map((runner) => runner.run(signals)));
      for (const end of ends) if (end.status === "rejected") this.#giveUp(end.reason);
    }
    if (sidecars.length > 0) this.#end(this.#graceMs());
    for (const { stop, life } of sidecars.toReversed()) {
      stop.abort();
      await life;
    }
  }

  /** Whether every init container has done its part; the sidecars among them keep running. */
  async #initialize(sidecars: Sidecar[]): Promise<boolean> {
    const signals = { stop: this.#stop.signal, kill: this.#kill.signal };
    const stopped = aborted(signals.stop);
    for (const runner of this.#init) {
      if (runner.role === "sidecar") {
        const stop = new AbortController();
        const life = runner
          .run({ stop: stop.signal, kill: signals.kill })
          .catch((error: unknown) => this.#giveUp(error));
        sidecars.push({ stop, life });
        await Promise.race([runner.started, stopped]);
      } else await runner.run(signals);
      if (signals.stop.aborted || !(runner.role === "sidecar" || runner.succeeded)) return false;
    }
    return true;
  }

  async #untilPortsAreFree(stop: AbortSignal): Promise<void> {
    const { clock, recorder } = this.#context;
    const ports = portsOf(this.#pod.spec.containers);
    for (let told = false; !stop.aborted; told = true) {
      const port = await takenPort(this.#address, ports);
      if (port === undefined) return;
      const message =
        `port ${port} is taken at every address of this machine: a program listens on ` +
        `0.0.0.0:${port} or [::]:${port}; stop it, or let the pod use another port`;
      for (const runner of this.#apps) runner.wait("PortTaken", message);
      if (!told) recorder.record(this.#pod, "Warning", "PortTaken", message);
      await sleep(clock, portRetryMs, stop);
    }
  }

  /** Asks everything to end, and forces it to after the grace period; a later call may shorten it. */
  #end(graceMs: number): void {
    const { clock } = this.#context;
    const killAtMs = clock.nowMs() + graceMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    this.#cancelKill();
    if (graceMs <= 0) this.#kill.abort(forced);
    else this.#cancelKill = clock.after(graceMs, () => this.#kill.abort());
    this.#stop.abort();
    this.#cancelDeadline();
  }

  #letDelete(): void {
    this.#cancelKill();
    this.#mayBeDeleted = true;
    this.#writer.poke();
  }

  /** One write of the status if it changed, and the delete that only the node may do. */
  async #write(client: KubeClient): Promise<void> {
    const { metadata } = this.#pod;
    const { uid } = metadata;
    const status = this.#status();
    try {
      if (!this.#over && !sameStatus(this.#written, status)) {
        await client.patch(
          podKind,
          metadata,
          { metadata: { uid }, status: statusPatch(status, this.#pod) },
          { subresource: "status", type: "strategic" },
        );
        this.#written = status;
      }
      if (this.#mayBeDeleted)
        await client.delete(podKind, metadata, {
          gracePeriodSeconds: 0,
          ...(uid !== undefined && { uid }),
        });
    } catch (error) {
      // Another pod of that name, or none: the watch will say so, and there is nothing to write.
      const replaced = error instanceof ApiError && error.reason === "Conflict";
      if (!isNotFound(error) && !replaced) throw error;
    }
  }

  #status(): PodStatus {
    const { clock, network } = this.#context;
    const status = podStatusOf({
      pod: this.#pod,
      initContainers: this.#init.map((runner) => runner.status),
      containers: this.#apps.map((runner) => runner.status),
      prepared: this.#prepared,
      ending: this.#pod.metadata.deletionTimestamp !== undefined,
      ...(this.#refusal && { refusal: this.#refusal }),
      ...(this.#failure && { failure: this.#failure }),
      podIp: this.#address,
      hostIp: network.nodeAddress,
      startTime: this.#startTime,
      conditions: this.#conditions,
      nowMs: clock.nowMs(),
    });
    this.#conditions = status.conditions ?? [];
    return status;
  }

  #runnerOf({ name }: Container, role: ContainerRole): ContainerRunner {
    const { clock, host, images, recorder } = this.#context;
    const { initContainerStatuses = [], containerStatuses = [] } = this.#pod.status ?? {};
    const earlier = [...initContainerStatuses, ...containerStatuses].find(
      (status) => status.name === name,
    );
    return new ContainerRunner({
      clock,
      host,
      images,
      role,
      name,
      pod: () => this.#pod,
      podIp: this.#address,
      podFolder: this.#folder,
      plan: (container, image) => this.#plan(container, image),
      ...(earlier && { earlier }),
      log: this.#context.log,
      record: (type, reason, message) => recorder.record(this.#pod, type, reason, message),
      onChange: () => this.#writer.poke(),
    });
  }

  #plan(container: Container, image: FoundImage): Promise<Launch> {
    const { baseEnv, containerEnv } = this.#context;
    const api = this.#api && giveApiAccess(this.#pod, this.#folder, this.#api);
    return planLaunch({
      ...this.#sources(),
      container,
      image,
      base: baseEnv,
      clusterEnv: { ...api?.env, ...containerEnv(this.#pod) },
      clusterMounts: api?.mounts ?? [],
      podFolder: this.#folder,
      terminationLog: terminationLogOf(this.#folder, container.name),
      gpus: this.#gpus.get(container.name) ?? [],
    });
  }
}
