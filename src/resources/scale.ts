// Scale: the replica count of anything that can be scaled, as the scale subresource shows it.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type Scale = KubeObject & {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector?: string };
};

/** How kubectl prints it. */
export const scaleRows: Pick<Kind<Scale>, "columns" | "cells"> = {
  columns: [
    nameColumn,
    column("Desired", "How many replicas are wanted."),
    column("Available", "How many replicas there are."),
    ageColumn,
  ],
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata.name,
    `${spec.replicas ?? 0}`,
    `${status.replicas}`,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
};
