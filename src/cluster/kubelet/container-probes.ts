// The probes of one running container, in their order: startup first, then readiness and liveness
// side by side.
import type { Clock } from "../../lib/clock.ts";
import type { Container, Probe } from "../../resources/pod.ts";
import { runProbeLoop } from "./probe-loop.ts";
import { probeOnce, type ProbeTarget } from "./probe.ts";

export type ProbedContainer = {
  readonly clock: Clock;
  readonly target: ProbeTarget;
  readonly probes: Probes;
};

type Probes = Pick<Container, "startupProbe" | "readinessProbe" | "livenessProbe">;

export type ProbeVerdicts = {
  readonly started: () => void;
  readonly ready: (ready: boolean) => void;
  /** A failure that counts, by the probe's name as events have it. */
  readonly unhealthy: (probe: "Startup" | "Readiness" | "Liveness", message: string) => void;
  readonly dead: (name: "startup" | "liveness", probe: Probe) => void;
};

/** Runs until the signal aborts. A container without probes is started and ready from the outset. */
export async function runContainerProbes(
  probed: ProbedContainer,
  verdicts: ProbeVerdicts,
  signal: AbortSignal,
): Promise<void> {
  const { startupProbe, readinessProbe, livenessProbe } = probed.probes;
  if (startupProbe && !(await startup(probed, startupProbe, verdicts, signal))) return;
  verdicts.started();
  if (!readinessProbe) verdicts.ready(true);
  await Promise.all([
    readinessProbe && readiness(probed, readinessProbe, verdicts, signal),
    livenessProbe && liveness(probed, livenessProbe, verdicts, signal),
  ]);
}

/** Whether the container has started, rather than ended or been given up. */
async function startup(
  probed: ProbedContainer,
  probe: Probe,
  verdicts: ProbeVerdicts,
  signal: AbortSignal,
): Promise<boolean> {
  const decided = new AbortController();
  let started = false;
  const onVerdict = (healthy: boolean) => {
    started = healthy;
    if (!healthy) verdicts.dead("startup", probe);
    decided.abort();
  };
  const onFailure = (message: string) => verdicts.unhealthy("Startup", message);
  const loop = { ...loopOf(probed, probe), healthy: false, eager: true, onVerdict, onFailure };
  await runProbeLoop(loop, AbortSignal.any([signal, decided.signal]));
  return started && !signal.aborted;
}

async function readiness(
  probed: ProbedContainer,
  probe: Probe,
  verdicts: ProbeVerdicts,
  signal: AbortSignal,
): Promise<void> {
  let ready = false;
  const onVerdict = (healthy: boolean) => {
    if (healthy !== ready) verdicts.ready(healthy);
    ready = healthy;
  };
  const onFailure = (message: string) => verdicts.unhealthy("Readiness", message);
  const loop = { ...loopOf(probed, probe), healthy: false, eager: true, onVerdict, onFailure };
  await runProbeLoop(loop, signal);
}

async function liveness(
  probed: ProbedContainer,
  probe: Probe,
  verdicts: ProbeVerdicts,
  signal: AbortSignal,
): Promise<void> {
  const onVerdict = (healthy: boolean) => {
    if (!healthy) verdicts.dead("liveness", probe);
  };
  const onFailure = (message: string) => verdicts.unhealthy("Liveness", message);
  const loop = { ...loopOf(probed, probe), healthy: true, eager: false, onVerdict, onFailure };
  await runProbeLoop(loop, signal);
}

function loopOf({ clock, target }: ProbedContainer, probe: Probe) {
  const once = (signal: AbortSignal) => probeOnce(probe, target, clock, signal);
  return { probe, clock, once };
}
