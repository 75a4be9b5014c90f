// Writes into each Ingress where it is reached: the loopback address of the front door.
import type { Clock } from "../../lib/clock.ts";
import { jsonEqual } from "../../lib/json.ts";
import { isNotFound, type KubeClient } from "../../kube/client.ts";
import { runController, watching, type Controller } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import { ingressKind, type Ingress } from "../../resources/ingress.ts";

export type IngressStatusOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly ingresses: WatchCache<Ingress>;
  readonly address: string;
};

export function runIngressStatus(options: IngressStatusOptions, signal: AbortSignal): Controller {
  const { client, clock, log, ingresses, address } = options;
  const status = { loadBalancer: { ingress: [{ ip: address }] } };
  return runController(
    {
      name: "ingress",
      clock,
      log,
      sources: [watching(ingresses)],
      reconcile: async (key) => {
        const ingress = ingresses.get(key);
        if (!ingress || jsonEqual(ingress.status, status)) return;
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
