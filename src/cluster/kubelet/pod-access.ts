// What clients reach in a pod that runs on this node: a command of their own beside a container's
// process, that process itself, and its ports. In the words that kubelets have for what cannot be.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { Pod } from "../../resources/pod.ts";
import {
  NodeProblem,
  type AttachOptions,
  type CommandRun,
  type ExecOptions,
} from "../apiserver/node-access.ts";
import { attachToContainer } from "./container-attach.ts";
import { execInContainer } from "./container-exec.ts";
import type { ProcessHost } from "./container-process.ts";
import type { RunningContainer } from "./container-runner.ts";
import type { PodWorker } from "./pod-worker.ts";
import { translatedCommand } from "./translated-command.ts";

/** Throws a NodeProblem when the container does not run. */
export function podExec(
  worker: PodWorker | undefined,
  options: ExecOptions,
  host: ProcessHost | undefined,
): CommandRun {
  const container = runningContainer(worker, options.container);
  if (!host) throw new NodeProblem("the node has not started");
  const { mounts } = container.launch;
  const command = translatedCommand(options.command, mounts);
  return (streams, signal) =>
    execInContainer(container, { ...options, command }, host, streams, signal);
}

/** Throws a NodeProblem when the container does not run. */
export function podAttach(
  worker: PodWorker | undefined,
  options: AttachOptions,
  clock: Clock,
): CommandRun {
  const container = runningContainer(worker, options.container);
  const { initContainers = [], containers = [] } = worker?.pod.spec ?? {};
  const all = [...initContainers, ...containers];
  const spec = all.find(({ name }) => name === options.container);
  const { stdinOnce = false, tty = false } = spec ?? {};
  return (streams, signal) =>
    attachToContainer(container, { stdinOnce, tty }, clock, streams, signal);
}

/** Rejects as a container runtime does when nothing listens there. */
export async function connectToPod(
  { metadata, status }: Pod,
  worker: PodWorker | undefined,
  port: number,
): Promise<Duplex> {
  const address = status?.podIP;
  if (!worker || worker.running().length === 0 || address === undefined || address === "")
    throw new Error(`pod ${metadata.name} is not running`);
  const socket = connectSocket({ host: address, port, allowHalfOpen: true });
  try {
    await once(socket, "connect");
  } catch (cause) {
    const refused = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
    const reason = refused ? "connect: connection refused" : (cause as Error).message;
    throw new Error(`failed to connect: dial tcp4 ${address}:${port}: ${reason}`, { cause });
  }
  return socket;
}

function runningContainer(worker: PodWorker | undefined, name: string): RunningContainer {
  const running = worker?.runner(name)?.running;
  if (!running) throw new NodeProblem(`container not found (${JSON.stringify(name)})`);
  return running;
}
