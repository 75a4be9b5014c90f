// How far a rollout may stray from the wanted number of replicas. Pure.
import type { Deployment } from "../../resources/deployment.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";

/** What RollingUpdate may add above, and may miss below, the wanted number. Never both zero. */
export function rolloutLimits(deployment: Deployment): {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
} {
  const { strategy } = deployment.spec;
  const wanted = wantedReplicas(deployment);
  // Recreate has no surge; for its Available condition every replica may be missing.
  if (strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: wanted };
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, wanted, Math.ceil);
  const unavailable = Math.min(share(maxUnavailable, wanted, Math.floor), wanted);
  if (surge === 0 && unavailable === 0) return { maxSurge: 0, maxUnavailable: 1 };
  return { maxSurge: surge, maxUnavailable: unavailable };
}

export function wantedReplicas({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

export function replicasOf({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1;
}

function share(value: number | string, of: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseFloat(value) * of) / 100) || 0;
}
