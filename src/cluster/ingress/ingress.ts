// The front door: an HTTP reverse proxy on the loopback address that leads each Host to the pods of
// the Service that an Ingress names for it, whatever the Ingress' class: there is no other door. It holds
// no request for a sleeping service and speaks no TLS.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listenError } from "../../lib/listen-error.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Ingress as IngressObject } from "../../resources/ingress.ts";
import {
  ingressRoutes,
  routeIngress,
  type IngressRoutes,
  type ServicePortRef,
} from "../../routing/ingress-route.ts";
import { readyEndpoints, type ServiceCaches } from "../network/service-endpoints.ts";
import { HttpForwarder, refuse, type ForwardTarget } from "./http-forwarder.ts";
import { refuseUpgrade } from "./http-upgrade.ts";

export type IngressOptions = {
  /** 0 takes any free port. */
  readonly port: number;
  readonly ingresses: Pick<WatchCache<IngressObject>, "list" | "subscribe">;
  readonly services: ServiceCaches;
  readonly slices: Pick<WatchCache<EndpointSlice>, "list" | "subscribe">;
  readonly log: (line: string) => void;
};

const host = "127.0.0.1";
/** Idle connections of clients stay open as long as common load balancers keep theirs. */
const keepAliveMs = 75_000;

export class Ingress {
  readonly #options: IngressOptions;
  readonly #server: Server;
  readonly #forwarder: HttpForwarder;
  readonly #unsubscribe: () => void;
  /** Put together anew by the first request after a change. */
  #routes: IngressRoutes | undefined;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#forwarder = new HttpForwarder({ ...options, name: "ingress" });
    this.#unsubscribe = options.ingresses.subscribe(() => (this.#routes = undefined));
    this.#server = createServer(
      {
        keepAliveTimeout: keepAliveMs,
        // Whoever offers HTTP/2 on the way is answered in HTTP/1.1 as if nothing had been said.
        shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.on("upgrade", (request, socket, head) => {
      const found = this.#targetOf(request);
      if ("missing" in found) this.#forwarder.upgrade(request, socket, head, found);
      else refuseUpgrade(socket, 404, found.unknown);
    });
    // An upload to a slow model may take as long as it likes.
    this.#server.requestTimeout = 0;
  }

  /** Throws an Error that names the port and its flag when it cannot listen. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      const { port } = this.#options;
      this.#server.once("error", (error) =>
        reject(listenError(error, { host, port, flag: "--ingress-port" })),
      );
      this.#server.listen({ host, port }, resolve);
    });
    // No more open files, say: that connection is lost, and the next is tried again.
    this.#server.on("error", (error) => this.#options.log(`ingress: ${error.message}`));
    const { port } = this.#server.address() as AddressInfo; // A TCP server has no other kind.
    return { host, port };
  }

  /** Requests that are in flight to a Service right now, through this door. */
  inFlight(namespace: string, service: string): number {
    return this.#forwarder.inFlight(`${namespace}/${service}`);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#forwarder.close();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const found = this.#targetOf(request);
    if ("missing" in found) this.#forwarder.forward(request, response, found);
    else refuse(response, 404, found.unknown);
  }

  /** Where a request goes, or why nobody knows. */
  #targetOf({ headers, url = "/" }: IncomingMessage): ForwardTarget | { readonly unknown: string } {
    this.#routes ??= ingressRoutes(this.#options.ingresses.list());
    const route = routeIngress(this.#routes, headers.host ?? "", url);
    switch (route.kind) {
      case "unknownHost":
        return {
          unknown: `no Ingress has the host "${route.host}"; see them with: kubectl get ingress --all-namespaces`,
        };
      case "unknownPath":
        return {
          unknown: `no Ingress for the host "${route.host}" covers this path; see its rules with: kubectl describe ingress --all-namespaces`,
        };
      case "service":
        return serviceTarget(this.#options.services, route.target, url);
    }
  }
}

function serviceTarget(
  caches: ServiceCaches,
  { namespace, service, port }: ServicePortRef,
  path: string,
): ForwardTarget {
  const name = `${namespace}/${service}`;
  return {
    name,
    path,
    find: () => readyEndpoints(caches, namespace, service, port),
    missing(what) {
      switch (what) {
        case "noService":
          return `service "${name}" does not exist, though an Ingress names it`;
        case "noPort":
          return `service "${name}" has no port ${port}, though an Ingress names it`;
        case "noEndpoint":
          return `service "${name}" has no ready endpoint; see its pods with: kubectl get pods -n ${namespace}`;
      }
    },
  };
}
