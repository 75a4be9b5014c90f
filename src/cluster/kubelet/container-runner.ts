// The life of one container of a pod: from its image to a running process, its probes, its end, and
// the next start after a pause. It keeps the container's status, and knows nothing of the others.
import { join } from "node:path";
import { sleep, type Clock } from "../../lib/clock.ts";
import { quantityValue } from "../../lib/quantity.ts";
import { formatTimestamp } from "../../lib/timestamp.ts";
import type { EventType } from "../../resources/event.ts";
import type { Container, ContainerStatus, Pod } from "../../resources/pod.ts";
import { containersOf } from "../../resources/pod-state.ts";
import type { Launch } from "./container-launch.ts";
import { liveThrough, type ContainerRun, type EndSignals } from "./container-life.ts";
import { ContainerLog, removeLog } from "./container-log.ts";
import {
  killAll,
  startProcess,
  type ContainerProcess,
  type ProcessExit,
  type ProcessHost,
} from "./container-process.ts";
import { firstStatus, type Terminated } from "./container-status.ts";
import type { LimitedContainer } from "./memory-guard.ts";
import { resolveImage, type ImageMapping, type ImageResolution } from "./images.ts";
import { tokenVariable } from "./process-ledger.ts";
import { restarts, type ContainerRole } from "./pod-status.ts";
import { backoffText, nextBackoffMs, restartDelayMs } from "./restart-backoff.ts";
import {
  clearTerminationLog,
  readTerminationLog,
  terminationLogOf,
} from "./termination-message.ts";

export type FoundImage = Extract<ImageResolution, { kind: "found" }>;

export type RunnerOptions = {
  readonly clock: Clock;
  readonly host: ProcessHost;
  readonly images: readonly ImageMapping[];
  readonly role: ContainerRole;
  readonly name: string;
  /** The pod as it is now. */
  readonly pod: () => Pod;
  readonly podIp: string;
  readonly podFolder: string;
  readonly plan: (container: Container, image: FoundImage) => Promise<Launch>;
  /** What an earlier cluster process knew of this container. */
  readonly earlier?: ContainerStatus;
  readonly log: (line: string) => void;
  readonly record: (type: EventType, reason: string, message: string) => void;
  readonly onChange: () => void;
};

/** The process that a container is at the moment. */
export type RunningContainer = {
  readonly name: string;
  readonly startedAtMs: number;
  readonly process: ContainerProcess;
  /** The command line, environment and folder that it was started with. */
  readonly launch: Launch;
};

/** For how long a first failure shows before its back-off takes its place. */
const failureShownMs = 1_000;
const firstConfigRetryMs = 1_000;
const longestConfigRetryMs = 10_000;

export class ContainerRunner {
  readonly #options: RunnerOptions;
  #status: ContainerStatus;
  #hasRun: boolean;
  #log: ContainerLog | undefined;
  #previousLog: ContainerLog | undefined;
  #running: RunningContainer | undefined;
  /** From before its process is started to its end. */
  #begun = false;
  #outOfMemory = false;
  #redefined = new AbortController();
  readonly #started = Promise.withResolvers<void>();

  constructor(options: RunnerOptions) {
    this.#options = options;
    const { clock, earlier, role } = options;
    const now = formatTimestamp(clock.nowMs());
    this.#status = firstStatus(options.pod(), this.#container(), role, earlier, now);
    this.#hasRun = this.#status.lastState?.terminated !== undefined;
    if (this.#hasRun || this.#status.state.terminated) this.#log = this.#logOfRun();
  }

  get role(): ContainerRole {
    return this.#options.role;
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  /** Undefined while no process runs. */
  get running(): RunningContainer | undefined {
    return this.#running;
  }

  /** Undefined while no process runs, and for a container without a limit. */
  get memoryLimit(): LimitedContainer | undefined {
    const limit = this.#container().resources?.limits?.["memory"];
    const limitBytes = limit === undefined ? undefined : quantityValue(limit);
    const process = this.#running?.process;
    if (limitBytes === undefined || !process) return undefined;
    const { name, record } = this.#options;
    const onExceeded = (pids: readonly number[], usedBytes: number) => {
      this.#outOfMemory = true;
      const used = `${Math.ceil(usedBytes / 2 ** 20)}Mi`;
      const message = `Container ${name} used ${used} of memory, over its limit of ${limit}, and was killed`;
      record("Warning", "OOMKilling", message);
      process.signal("SIGKILL");
      killAll(pids);
    };
    return { firstProcess: process.pid, limitBytes, onExceeded };
  }

  /** Resolves when it has started for the first time: when its startup probe, if it has one, passed. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Whether it has ended and will not be started again. */
  get finished(): boolean {
    const { terminated } = this.#status.state;
    const { role, pod } = this.#options;
    return terminated !== undefined && !restarts(pod(), role, terminated.exitCode);
  }

  get succeeded(): boolean {
    return this.#status.state.terminated?.exitCode === 0;
  }

  /**
   * The log of the present run, or of the run before. Of a container that waits for its next start the
   * last run is both, as for a kubelet.
   */
  log(previous: boolean): ContainerLog | undefined {
    const { state, lastState } = this.#status;
    const waits = state.waiting !== undefined && !this.#begun;
    return previous && !(waits && lastState?.terminated) ? this.#previousLog : this.#log;
  }

  /**
   * Shows what the container waits for until its next start, beside the end of the run before. For
   * whoever holds it back before `run`; afterwards it is the runner's own.
   */
  wait(reason: string, message: string): void {
    const { terminated } = this.#status.state;
    const waiting = { reason, message };
    this.#set({ state: { waiting }, ...(terminated && { lastState: { terminated } }) });
  }

  /** Resolves when the container has ended for good. */
  async run(signals: EndSignals): Promise<void> {
    const { clock, pod, role } = this.#options;
    let delayMs: number | undefined;
    let again = !this.finished;
    while (again && !signals.stop.aborted) {
      const { signal: redefined } = this.#redefined;
      const ready = await this.#prepare(signals.stop);
      if (!ready || signals.stop.aborted) return;
      const startedMs = clock.nowMs();
      const ended = await this.#runOnce(ready.launch, ready.image, redefined, signals);
      again = redefined.aborted || restarts(pod(), role, ended.exitCode);
      if (signals.stop.aborted || !again) return;
      delayMs = redefined.aborted ? undefined : restartDelayMs(delayMs, clock.nowMs() - startedMs);
      if (delayMs === undefined) continue;
      if (delayMs > 0) await this.#backOff(delayMs, ended, signals.stop);
    }
  }

  /** Its image has changed: what runs is ended and started anew, and what waits waits no longer. */
  redefine(): void {
    this.#redefined.abort();
    this.#redefined = new AbortController();
  }

  #pause(delayMs: number, stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([stop, this.#redefined.signal]);
    return sleep(this.#options.clock, delayMs, either);
  }

  /** Undefined when stopped before the container could be started. */
  async #prepare(
    stop: AbortSignal,
  ): Promise<{ readonly image: FoundImage; readonly launch: Launch } | undefined> {
    const { clock, images, plan, record } = this.#options;
    let pullDelayMs = 0;
    let configDelayMs = firstConfigRetryMs;
    while (!stop.aborted) {
      const container = this.#container();
      const image = resolveImage(container, images);
      if (image.kind === "unknown") {
        pullDelayMs = nextBackoffMs(pullDelayMs);
        await this.#failPull(container, image.message, pullDelayMs, stop);
        continue;
      }
      try {
        return { image, launch: await plan(container, image) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.wait("CreateContainerConfigError", message);
        record("Warning", "Failed", `Error: ${message}`);
        await sleep(clock, configDelayMs, stop);
        configDelayMs = Math.min(configDelayMs * 2, longestConfigRetryMs);
      }
    }
    return undefined;
  }

  async #failPull(
    { image = "" }: Container,
    message: string,
    delayMs: number,
    stop: AbortSignal,
  ): Promise<void> {
    const { clock, record } = this.#options;
    this.wait("ErrImagePull", message);
    record("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
    record("Warning", "Failed", "Error: ErrImagePull");
    await sleep(clock, failureShownMs, stop);
    if (stop.aborted) return;
    this.wait("ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${message}`);
    record("Normal", "BackOff", `Back-off pulling image "${image}"`);
    record("Warning", "Failed", "Error: ImagePullBackOff");
    await this.#pause(delayMs - failureShownMs, stop);
  }

  async #backOff(delayMs: number, ended: Terminated, stop: AbortSignal): Promise<void> {
    const { clock, name, pod, record } = this.#options;
    if (ended.reason === "StartError") await sleep(clock, failureShownMs, stop);
    if (stop.aborted) return;
    const { metadata } = pod();
    const id = `${metadata.name}_${metadata.namespace ?? "default"}(${metadata.uid ?? ""})`;
    this.wait(
      "CrashLoopBackOff",
      `back-off ${backoffText(delayMs)} restarting failed container=${name} pod=${id}`,
    );
    record("Warning", "BackOff", `Back-off restarting failed container ${name} in pod ${id}`);
    await this.#pause(delayMs, stop);
  }

  async #runOnce(
    launch: Launch,
    image: FoundImage,
    redefined: AbortSignal,
    signals: EndSignals,
  ): Promise<Terminated> {
    const { clock, host, name, record } = this.#options;
    const startedAtMs = clock.nowMs();
    const startedAt = formatTimestamp(startedAtMs);
    const token = host.ledger.newToken();
    record(
      "Normal",
      "Pulled",
      `Container image "${this.#status.image}" already present on machine`,
    );
    let process: ContainerProcess;
    let log: ContainerLog | undefined;
    try {
      log = this.#beginRun(image);
      this.#begun = true;
      const { stdin = false, tty = false } = this.#container();
      launch = { ...launch, env: { ...launch.env, [tokenVariable]: token } };
      process = await startProcess(
        { ...launch, stdin: stdin || tty, onOutput: this.#keep(log) },
        host,
      );
    } catch (error) {
      this.#begun = false;
      this.#end(log);
      return this.#failStart(error instanceof Error ? error.message : String(error), startedAt);
    }
    record("Normal", "Created", `Created container: ${name}`);
    record("Normal", "Started", `Started container ${name}`);
    const exit = await this.#supervise({ process, launch, startedAtMs, redefined }, signals);
    this.#running = undefined;
    this.#begun = false;
    host.ledger.sweep(token);
    this.#end(log);
    const terminated = this.#terminated(exit, startedAt, log);
    this.#hintAt(exit.exitCode, log);
    // An init container has done its part when it succeeded.
    const ready = this.#options.role === "init" && exit.exitCode === 0;
    this.#set({ state: { terminated }, ready, started: false });
    return terminated;
  }

  #supervise(
    {
      process,
      launch,
      startedAtMs,
      redefined,
    }: Pick<ContainerRun, "process" | "launch" | "redefined"> & {
      readonly startedAtMs: number;
    },
    signals: EndSignals,
  ): Promise<ProcessExit> {
    const { clock, host, name, pod, podIp, record, role } = this.#options;
    this.#running = { name, startedAtMs, process, launch };
    const containerID = `process://${process.pid}`;
    const running = { startedAt: formatTimestamp(startedAtMs) };
    const run = {
      clock,
      host,
      process,
      launch,
      redefined,
      container: this.#container(),
      address: podIp,
      probed: role !== "init",
      graceMs: () => (pod().spec.terminationGracePeriodSeconds ?? 30) * 1000,
    };
    const listener = {
      running: () => this.#set({ state: { running }, containerID }),
      started: () => {
        this.#set({ started: true });
        this.#started.resolve();
      },
      ready: (ready: boolean) => this.#set({ ready }),
      postStartFailed: (problem: string) => this.wait("PostStartHookError", problem),
      record,
    };
    return liveThrough(run, listener, signals);
  }

  #end(log: ContainerLog | undefined): void {
    try {
      log?.end();
    } catch (error) {
      this.#options.log(`log of container ${this.#options.name}: ${String(error)}`);
    }
  }

  /** A full disk must cost lines of the log, not the cluster. */
  #keep(log: ContainerLog): (stream: "stdout" | "stderr", chunk: Buffer) => void {
    let told = false;
    return (stream, chunk) => {
      try {
        log.append(stream, chunk);
      } catch (error) {
        if (!told) this.#options.log(`log of container ${this.#options.name}: ${String(error)}`);
        told = true;
      }
    };
  }

  #beginRun(image: FoundImage): ContainerLog {
    const { podFolder, name } = this.#options;
    const restartCount = this.#status.restartCount + (this.#hasRun ? 1 : 0);
    removeLog(this.#logPath(restartCount - 2));
    this.#hasRun = true;
    this.#outOfMemory = false;
    const { image: imageName = "" } = this.#container();
    const { terminated } = this.#status.state;
    this.#status = {
      ...this.#status,
      image: imageName,
      imageID: image.imageId,
      restartCount,
      ...(terminated && { lastState: { terminated } }),
    };
    clearTerminationLog(terminationLogOf(podFolder, name));
    this.#previousLog = this.#log;
    this.#log = this.#logOfRun();
    this.#log.open();
    return this.#log;
  }

  #failStart(problem: string, startedAt: string): Terminated {
    const { clock, name, pod, record, role } = this.#options;
    const message = `failed to start container "${name}": ${problem}`;
    const finishedAt = formatTimestamp(clock.nowMs());
    const terminated = { exitCode: 128, reason: "StartError", message, startedAt, finishedAt };
    record("Warning", "Failed", `Error: ${message}`);
    if (restarts(pod(), role, terminated.exitCode))
      this.#set({
        state: { waiting: { reason: "RunContainerError", message } },
        lastState: { terminated },
      });
    else this.#set({ state: { terminated } });
    return terminated;
  }

  #terminated({ exitCode, signal }: ProcessExit, startedAt: string, log: ContainerLog): Terminated {
    const message = this.#terminationMessage(exitCode, log);
    const { containerID } = this.#status;
    return {
      exitCode,
      ...(signal !== undefined && { signal }),
      reason: this.#outOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error",
      ...(message !== "" && { message }),
      startedAt,
      finishedAt: formatTimestamp(this.#options.clock.nowMs()),
      ...(containerID !== undefined && { containerID }),
    };
  }

  /** A server that listens at all addresses meets every other pod's, and whoever has the machine's. */
  #hintAt(exitCode: number, log: ContainerLog): void {
    if (exitCode === 0 || !/EADDRINUSE|address already in use/i.test(log.tail(4096, 40))) return;
    this.#options.record(
      "Warning",
      "AddressInUse",
      "the program found its address in use: let it listen at $POD_IP in place of 0.0.0.0; " +
        "see docs/cluster-network.md",
    );
  }

  /** What the container wrote for it; or, if so asked, 2048 bytes and 80 lines of a failure's log. */
  #terminationMessage(exitCode: number, log: ContainerLog): string {
    const { podFolder, name } = this.#options;
    const file = readTerminationLog(terminationLogOf(podFolder, name));
    const fallback = this.#container().terminationMessagePolicy === "FallbackToLogsOnError";
    return file === "" && fallback && exitCode !== 0 ? log.tail(2048, 80) : file;
  }

  #set(change: Partial<ContainerStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onChange();
  }

  #container(): Container {
    const { name, pod } = this.#options;
    const found = containersOf(pod()).find((container) => container.name === name);
    return found ?? { name };
  }

  #logOfRun(): ContainerLog {
    return new ContainerLog(this.#logPath(this.#status.restartCount), this.#options.clock);
  }

  #logPath(restartCount: number): string {
    const { podFolder, name } = this.#options;
    return join(podFolder, "logs", name, `${restartCount}.log`);
  }
}
