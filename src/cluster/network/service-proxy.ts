// The virtual addresses of Services: a listener at each port of each ClusterIP Service, which joins every
// connection to a ready endpoint, in turns. It learns of Services as any kube-proxy does, from the API.
// Connections that are made outlive the endpoint's readiness and the Service; they end by themselves.
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { runController, watching, type Requeue } from "../../kube/controller.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { Service } from "../../resources/service.ts";
import { forwardConnection } from "./connection-forwarder.ts";
import {
  connectableEndpoints,
  type ServiceCaches,
  type ServiceEndpoint,
} from "./service-endpoints.ts";
import { listenPlaces, unservedParts, type ListenPlace } from "./service-ports.ts";
import { defaultAffinityMs, SessionAffinity } from "./session-affinity.ts";

export type ServiceProxyOptions = {
  readonly services: Pick<WatchCache<Service>, "get" | "subscribe">;
  readonly endpoints: ServiceCaches;
  readonly nodeAddress: string;
  readonly clock: Clock;
  readonly recorder: Pick<EventRecorder, "record">;
  readonly log: (line: string) => void;
};

export type ServiceProxy = {
  /** Resolves when nothing listens and every connection is cut; abort the signal first. */
  readonly closed: () => Promise<void>;
};

/** A port that another program has may become free. */
const portRetryMs = 5_000;

export function runServiceProxy(options: ServiceProxyOptions, signal: AbortSignal): ServiceProxy {
  const { clock, log, services } = options;
  const proxied = new Map<string, ProxiedService>();
  // Of all Services, those that are gone included.
  const sockets = new Set<Socket>();
  const reconcile = async (key: string): Promise<Requeue> => {
    const service = services.get(key);
    let known = proxied.get(key);
    if (known && known.uid !== service?.metadata.uid) {
      known.stopListening();
      proxied.delete(key);
      known = undefined;
    }
    if (!service) return;
    if (!known) proxied.set(key, (known = new ProxiedService(service, options, sockets)));
    return known.follow(service);
  };
  const loop = runController(
    { name: "service-proxy", clock, log, sources: [watching(services)], reconcile },
    signal,
  );
  return {
    async closed() {
      await loop.stopped;
      for (const one of proxied.values()) one.stopListening();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Listener = { readonly server: Server; readonly servicePort: number };

/** One Service, from its first sight to its end. */
class ProxiedService {
  readonly uid: string | undefined;
  readonly #options: ServiceProxyOptions;
  readonly #listeners = new Map<string, Listener>();
  readonly #affinities = new Map<number, SessionAffinity>();
  readonly #sockets: Set<Socket>;
  readonly #told = new Set<string>();
  #service: Service;
  #turn = 0;

  constructor(service: Service, options: ServiceProxyOptions, sockets: Set<Socket>) {
    this.uid = service.metadata.uid;
    this.#service = service;
    this.#options = options;
    this.#sockets = sockets;
  }

  /** Listens where this state of the Service asks for it, and nowhere else. */
  async follow(service: Service): Promise<Requeue> {
    this.#service = service;
    for (const { reason, message } of unservedParts(service)) this.#tellOnce(reason, message);
    const places = new Map(
      listenPlaces(service, this.#options.nodeAddress).map((place) => [place.key, place]),
    );
    for (const [key, { server, servicePort }] of this.#listeners) {
      if (places.get(key)?.servicePort === servicePort) continue;
      this.#listeners.delete(key);
      server.close();
    }
    let taken = false;
    for (const place of places.values())
      if (!this.#listeners.has(place.key)) taken = !(await this.#listen(place)) || taken;
    return taken ? { requeueAfterMs: portRetryMs } : undefined;
  }

  stopListening(): void {
    for (const { server } of this.#listeners.values()) server.close();
    this.#listeners.clear();
  }

  /** False when another program has the port and it is worth trying again. */
  async #listen(place: ListenPlace): Promise<boolean> {
    const server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (socket) => this.#serve(socket, place.servicePort),
    );
    const error = await listening(server, place);
    if (error === undefined) {
      // No more open files, say: that connection is lost, and the next is tried again.
      server.on("error", (late) => this.#options.log(`service at ${place.key}: ${late.message}`));
      this.#listeners.set(place.key, { server, servicePort: place.servicePort });
      return true;
    }
    // As an ordinary user; the port's other place serves it.
    if (error.code === "EACCES" && place.privileged) return true;
    this.#tellOnce(
      "PortTaken",
      error.code === "EADDRINUSE"
        ? `port ${place.port} is taken at every address of this machine, so that ${place.key} ` +
            `cannot be served: a program listens on 0.0.0.0:${place.port} or [::]:${place.port}; ` +
            "stop it, or give the Service another port"
        : `cannot listen at ${place.key}: ${error.message}`,
    );
    return false;
  }

  #serve(socket: Socket, port: number): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const { clock, endpoints: caches } = this.#options;
    const { metadata, spec } = this.#service;
    const found = connectableEndpoints(caches, metadata.namespace ?? "", metadata.name, port);
    const inTurn = rotated(found, this.#turn++);
    if (spec.sessionAffinity !== "ClientIP") return forwardConnection(socket, inTurn);
    const client = socket.remoteAddress ?? "";
    const affinity = this.#affinities.get(port) ?? new SessionAffinity();
    this.#affinities.set(port, affinity);
    const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
    const timeoutMs = seconds === undefined ? defaultAffinityMs : seconds * 1000;
    const bound = affinity.endpointOf(client, clock.nowMs(), timeoutMs);
    const order = inTurn.toSorted((a, b) => Number(b.key === bound) - Number(a.key === bound));
    forwardConnection(socket, order, ({ key }) =>
      affinity.bind(client, key, clock.nowMs(), timeoutMs),
    );
  }

  #tellOnce(reason: string, message: string): void {
    const identity = `${reason} ${message}`;
    if (this.#told.has(identity)) return;
    this.#told.add(identity);
    this.#options.recorder.record(this.#service, "Warning", reason, message);
  }
}

function rotated(endpoints: readonly ServiceEndpoint[], turn: number): readonly ServiceEndpoint[] {
  const first = turn % Math.max(endpoints.length, 1);
  return [...endpoints.slice(first), ...endpoints.slice(0, first)];
}

/** Undefined once the server listens; else why it does not. */
function listening(
  server: Server,
  { address, port }: ListenPlace,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen({ host: address, port }, () => {
      server.off("error", resolve);
      resolve(undefined);
    });
  });
}
