// Writes into each Ingress where it is reached, the loopback address of the front door, and tells by
// events what of it is not served.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import { ingressKind, type Ingress } from "../../resources/ingress.ts";
import { unservedFields } from "./unserved-fields.ts";

export type IngressStatusOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly recorder: Pick<EventRecorder, "record">;
  readonly ingresses: WatchCache<Ingress>;
  readonly door: { readonly host: string; readonly port: number };
};

export function runIngressStatus(options: IngressStatusOptions, signal: AbortSignal): Controller {
  const { client, clock, log, ingresses, recorder, door } = options;
  const status = { loadBalancer: { ingress: [{ ip: door.host }] } };
  /** By Ingress: what its author has been told. */
  const told = new Map<string, Set<string>>();
  return runController(
    {
      name: "ingress",
      clock,
      log,
      sources: [watching(ingresses)],
      reconcile: async (key) => {
        const ingress = ingresses.get(key);
        if (!ingress) return void told.delete(key);
        const known = told.get(key) ?? new Set<string>();
        told.set(key, known);
        for (const { reason, message } of unservedFields(ingress, `${door.host}:${door.port}`)) {
          if (!known.has(message)) recorder.record(ingress, "Warning", reason, message);
          known.add(message);
        }
        if (jsonEqual(ingress.status, status)) return;
        try {
          await client.patch(ingressKind, ingress.metadata, { status }, { subresource: "status" });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      },
    },
    signal,
  );
}
