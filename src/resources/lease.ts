// Lease: who leads, and until when.
import { invalid, negative } from "./cause.ts";
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import { described, int32, object, string, time } from "./schema.ts";

export type Lease = KubeObject & {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
};

export const leaseKind: Kind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  singular: "lease",
  namespaced: true,
  schema: described(
    "Who leads, and until when.",
    object({
      spec: object({
        holderIdentity: string,
        leaseDurationSeconds: int32,
        acquireTime: time,
        renewTime: time,
        leaseTransitions: int32,
        preferredHolder: string,
        strategy: string,
      }),
    }),
  ),
  columns: [nameColumn, column("Holder", "Who leads."), ageColumn],
  cells: ({ metadata, spec }, nowMs) => [
    metadata.name,
    spec?.holderIdentity ?? "",
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  validate: ({ spec }) => [
    ...(spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0
      ? [invalid("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0")]
      : []),
    ...negative("spec.leaseTransitions", spec?.leaseTransitions),
  ],
};
