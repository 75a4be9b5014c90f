// The embedded control plane in memory, with a client of it: what controllers are tested against.
// It has no node and no workload loops; a test plays their part through the API.
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { ControlPlane } from "../src/cluster/apiserver/api-handler.ts";
import { startCaches, type Caches } from "../src/controllers/caches.ts";
import { KubeClient } from "../src/kube/client.ts";
import { EventRecorder } from "../src/kube/events.ts";
import type { Transport } from "../src/kube/transport.ts";
import { seededRandom } from "../src/lib/random.ts";
import { wallClock } from "../src/lib/wall-clock.ts";
import { builtinKinds } from "../src/resources/builtin-kinds.ts";
import { customKinds } from "../src/resources/custom-kinds.ts";
import { namespaceKind } from "../src/resources/namespace.ts";

export type TestControlPlane = {
  readonly client: KubeClient;
  readonly transport: Transport;
  readonly caches: Caches;
  readonly recorder: EventRecorder;
  readonly signal: AbortSignal;
  /** Lines that controllers logged. */
  readonly lines: string[];
};

export async function openControlPlane(t: TestContext): Promise<TestControlPlane> {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const plane = ControlPlane.open({
    clock: wallClock,
    random: seededRandom(1),
    kinds: builtinKinds,
    customKinds,
    admission: [],
    newUid: randomUUID,
    log,
  });
  const stop = new AbortController();
  t.after(async () => {
    stop.abort();
    await plane.close();
  });
  const transport: Transport = (request) => plane.transport(request);
  const client = new KubeClient(transport);
  await client.create(namespaceKind, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "kserve" },
  });
  const caches = await startCaches({ client, clock: wallClock, log }, stop.signal);
  const recorder = new EventRecorder({ client, clock: wallClock, component: "test", log });
  return { client, transport, caches, recorder, signal: stop.signal, lines };
}
