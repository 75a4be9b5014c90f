// Scale: the replica count of anything that can be scaled, as the scale subresource shows it.
import type { KubeObject } from "./object.ts";

export type Scale = KubeObject & {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector?: string };
};
