// One run of a container, from the start of its process to its end: the hooks of its lifecycle, its
// probes, and the wish that it end. What the run amounts to is told as it happens.
import { sleep, type Clock } from "../../lib/clock.ts";
import type { EventType } from "../../resources/event.ts";
import type { Container, Probe } from "../../resources/pod.ts";
import { runCommand } from "./container-command.ts";
import type { Launch } from "./container-launch.ts";
import type { ContainerProcess, ProcessExit, ProcessHost } from "./container-process.ts";
import { runContainerProbes } from "./container-probes.ts";
import { runLifecycleHook } from "./lifecycle-hook.ts";
import type { ProbeTarget } from "./probe.ts";

export type ContainerRun = {
  readonly clock: Clock;
  readonly host: ProcessHost;
  readonly container: Container;
  readonly process: ContainerProcess;
  readonly launch: Launch;
  /** Of the pod. */
  readonly address: string;
  /** Init containers have no probes: they are done when they have ended. */
  readonly probed: boolean;
  /** Aborts when the container's image has changed. */
  readonly redefined: AbortSignal;
  /** What the container gets to end in when the reason is its own. */
  readonly graceMs: () => number;
};

export type RunListener = {
  /** It is up: the postStart hook, if there is one, is over. */
  readonly running: () => void;
  /** It has passed its startup probe, if it has one. */
  readonly started: () => void;
  readonly ready: (ready: boolean) => void;
  readonly postStartFailed: (message: string) => void;
  readonly record: (type: EventType, reason: string, message: string) => void;
};

/**
 * `stop` asks for a graceful end and no further start; `kill`, after it, for the end at once. A kill
 * whose reason is `forced` leaves no time for anything.
 */
export type EndSignals = { readonly stop: AbortSignal; readonly kill: AbortSignal };

export const forced = "forced";

/** A container gets as much after a preStop hook that has used up its time, as a kubelet gives it. */
const shortestGraceMs = 2_000;

/** Resolves when the process has ended, and everything that was done around it. */
export async function liveThrough(
  run: ContainerRun,
  tell: RunListener,
  { stop, kill }: EndSignals,
): Promise<ProcessExit> {
  const { name } = run.container;
  const wanted = new AbortController();
  const over = new AbortController();
  let ending: Promise<void> | undefined;
  const end = (message: string, graceMs?: number): void => {
    if (ending) return;
    wanted.abort();
    tell.ready(false);
    tell.record("Normal", "Killing", message);
    ending = endProcess(run, tell, { kill, over: over.signal, graceMs });
  };
  const onStop = () => end(`Stopping container ${name}`);
  const onRedefined = () =>
    end(`Container ${name} definition changed, will be restarted`, run.graceMs());
  onceAborted(stop, onStop);
  onceAborted(run.redefined, onRedefined);
  const up = comeUp(run, tell, end, wanted.signal);
  const exit = await run.process.exited;
  over.abort();
  wanted.abort();
  await up;
  await ending;
  stop.removeEventListener("abort", onStop);
  run.redefined.removeEventListener("abort", onRedefined);
  return exit;
}

async function comeUp(
  run: ContainerRun,
  tell: RunListener,
  end: (message: string, graceMs: number) => void,
  wanted: AbortSignal,
): Promise<void> {
  const { clock, container, probed, graceMs } = run;
  const target = targetOf(run);
  const { postStart } = container.lifecycle ?? {};
  if (wanted.aborted) return;
  const problem = postStart && (await runLifecycleHook(postStart, target, clock, wanted));
  if (wanted.aborted) return;
  if (problem !== undefined) {
    tell.postStartFailed(problem);
    // Without the output of the hook, which may hold secrets; so do kubelets.
    tell.record("Warning", "FailedPostStartHook", "PostStartHook failed");
    end("FailedPostStartHook", graceMs());
    return;
  }
  tell.running();
  if (!probed) return;
  const verdicts = {
    started: tell.started,
    ready: tell.ready,
    unhealthy: (probe: string, message: string) =>
      tell.record("Warning", "Unhealthy", `${probe} probe failed: ${message}`),
    dead: (name: string, { terminationGracePeriodSeconds: seconds }: Probe) =>
      end(
        `Container ${container.name} failed ${name} probe, will be restarted`,
        seconds === undefined ? graceMs() : seconds * 1000,
      ),
  };
  await runContainerProbes({ clock, target, probes: container }, verdicts, wanted);
}

/** The preStop hook, then SIGTERM, and SIGKILL when the time for both is over. */
async function endProcess(
  run: ContainerRun,
  tell: RunListener,
  {
    kill,
    over,
    graceMs,
  }: {
    readonly kill: AbortSignal;
    readonly over: AbortSignal;
    readonly graceMs?: number | undefined;
  },
): Promise<void> {
  const { clock, container, process } = run;
  const { preStop, stopSignal = "SIGTERM" } = container.lifecycle ?? {};
  const timeUp = new AbortController();
  const cancel = graceMs === undefined ? () => {} : clock.after(graceMs, () => timeUp.abort());
  const late = AbortSignal.any([kill, timeUp.signal]);
  const lateOrOver = AbortSignal.any([late, over]);
  const hook = late.aborted ? undefined : preStop;
  const problem = hook && (await runLifecycleHook(hook, targetOf(run), clock, lateOrOver));
  if (!over.aborted) {
    if (problem !== undefined) tell.record("Warning", "FailedPreStopHook", "PreStopHook failed");
    process.signal(stopSignal as NodeJS.Signals);
    if (!late.aborted) await aborted(lateOrOver);
    else if (hook && kill.reason !== forced) await sleep(clock, shortestGraceMs, over);
    process.signal("SIGKILL");
  }
  cancel();
}

const targetOf = ({ address, container, launch, host }: ContainerRun): ProbeTarget => ({
  address,
  container,
  exec: (command, signal) => runCommand(command, launch, host, signal),
});

function onceAborted(signal: AbortSignal, run: () => void): void {
  if (signal.aborted) run();
  else signal.addEventListener("abort", run, { once: true });
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => onceAborted(signal, resolve));
}
