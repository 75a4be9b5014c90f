// What pods use of the node, per second: from two readings of the node's counters, or from one and the
// start of the container. Readings are taken now and then, and afresh for whoever asks.
import type { Clock } from "../../lib/clock.ts";
import type { ContainerUsage, NodeAccess, PodUsage } from "./node-access.ts";

export type PodRate = {
  readonly uid: string;
  /** When the newer reading was taken. */
  readonly atMs: number;
  /** What the rates are means over. */
  readonly windowMs: number;
  readonly containers: readonly ContainerRate[];
};

export type ContainerRate = {
  readonly name: string;
  /** Billionths of a processor. */
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
};

/** As metrics-server's --metric-resolution. */
const everyMs = 15_000;
/** A mean over less says little. */
const shortestWindowMs = 5_000;
/** A container that has just started is left out until it can be compared with its start. */
const shortestRunMs = 1_000;

export class UsageSampler {
  readonly #node: NodeAccess;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  #readings: readonly Reading[] = [];
  #cancel = () => {};
  #closed = false;

  constructor(node: NodeAccess, clock: Clock, log: (line: string) => void) {
    this.#node = node;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#keepReading()
        .catch((error: unknown) => this.#log(`reading what pods use: ${String(error)}`))
        .finally(() => {
          if (!this.#closed) this.start();
        });
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Of the pods that run; those that have only just started are left out. */
  async rates(): Promise<readonly PodRate[]> {
    const pods = await this.#node.usage();
    const nowMs = this.#clock.nowMs();
    const base = this.#readings.findLast(({ atMs }) => nowMs - atMs >= shortestWindowMs);
    return pods.flatMap((pod) => rateOf(pod, base) ?? []);
  }

  /** Two: the newer may be too new to compare with. */
  async #keepReading(): Promise<void> {
    const pods = await this.#node.usage();
    const reading = { atMs: this.#clock.nowMs(), pods: new Map(pods.map((pod) => [pod.uid, pod])) };
    this.#readings = [...this.#readings, reading].slice(-2);
  }
}

type Reading = { readonly atMs: number; readonly pods: ReadonlyMap<string, PodUsage> };

/** Undefined when one of its containers has only just started. */
function rateOf(pod: PodUsage, base: Reading | undefined): PodRate | undefined {
  const { uid, atMs } = pod;
  const before = base?.pods.get(uid);
  const compared = pod.containers.map((now) => {
    const earlier = before?.containers.find((one) => isSameRun(one, now));
    const fromMs = before && earlier ? before.atMs : now.startedAtMs;
    return { now, windowMs: atMs - fromMs, usedBefore: earlier?.cpuNanoseconds ?? 0 };
  });
  const windowMs = Math.max(...compared.map((one) => one.windowMs));
  if (compared.some((one) => one.windowMs < shortestRunMs)) return undefined;
  const containers = compared.map(({ now, windowMs: lengthMs, usedBefore }) => ({
    name: now.name,
    // Processes of a container that have ended uncollected may take their time with them.
    cpuNanocores: Math.max(0, Math.round(((now.cpuNanoseconds - usedBefore) * 1000) / lengthMs)),
    memoryBytes: now.memoryBytes,
  }));
  return { uid, atMs, windowMs, containers };
}

function isSameRun(one: ContainerUsage, other: ContainerUsage): boolean {
  return one.name === other.name && one.startedAtMs === other.startedAtMs;
}
