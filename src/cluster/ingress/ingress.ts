// The front door: an HTTP reverse proxy on the loopback address that leads each Host to the pods of
// the Service that an Ingress names for it. It balances every request by itself, streams both ways,
// and tries another pod when one turned out to be gone. It holds no request for a sleeping service,
// speaks no TLS and upgrades nothing.
import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { listenError } from "../../lib/listen-error.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import type { Ingress as IngressObject } from "../../resources/ingress.ts";
import { routeIngress, type ServicePortRef } from "../../routing/ingress-route.ts";
import { pickEndpoint } from "../../routing/pick-endpoint.ts";
import { forwardedHeaders, forwardedNames, passHeaders } from "./http-headers.ts";
import { ReplayableBody } from "./replayable-body.ts";
import {
  allReadyKeys,
  readyEndpoints,
  type ServiceEndpoint,
  type ServiceCaches,
} from "../network/service-endpoints.ts";
import { UpstreamPool } from "./upstream-pool.ts";

export type IngressOptions = {
  /** 0 takes any free port. */
  readonly port: number;
  readonly ingresses: Pick<WatchCache<IngressObject>, "list">;
  readonly services: ServiceCaches;
  readonly slices: Pick<WatchCache<EndpointSlice>, "list" | "subscribe">;
  readonly log: (line: string) => void;
};

const host = "127.0.0.1";
/** Bodies up to this size can be sent to a second pod; prompts rarely exceed it. */
const replayableBytesMax = 4 * 1024 * 1024;
/** Idle connections of clients stay open as long as common load balancers keep theirs. */
const keepAliveMs = 75_000;

export class Ingress {
  readonly #options: IngressOptions;
  readonly #server: Server;
  readonly #pool = new UpstreamPool();
  readonly #byService = new Map<string, number>();
  #rotation = 0;
  #unsubscribe = (): void => {};

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) =>
      this.#serve(request, response),
    );
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
    const { slices } = this.#options;
    // Connections to endpoints that went are closed while idle, before a request meets their end.
    this.#unsubscribe = slices.subscribe(() => this.#pool.retain(allReadyKeys(slices.list())));
    const { port } = this.#server.address() as AddressInfo; // A TCP server has no other kind.
    return { host, port };
  }

  /** Requests that are in flight to a Service right now, through this door. */
  inFlight(namespace: string, service: string): number {
    return this.#byService.get(`${namespace}/${service}`) ?? 0;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#pool.close();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { ingresses } = this.#options;
    const authority = request.headers.host ?? "";
    const route = routeIngress(ingresses.list(), authority, request.url ?? "/");
    switch (route.kind) {
      case "unknownHost":
        return refuse(
          response,
          404,
          `no Ingress has the host "${route.host}"; see them with: kubectl get ingress --all-namespaces`,
        );
      case "unknownPath":
        return refuse(
          response,
          404,
          `no Ingress for the host "${route.host}" covers this path; see its rules with: kubectl describe ingress --all-namespaces`,
        );
      case "service":
        return this.#forward(request, response, route.target);
    }
  }

  #forward(request: IncomingMessage, response: ServerResponse, target: ServicePortRef): void {
    const name = `${target.namespace}/${target.service}`;
    this.#byService.set(name, (this.#byService.get(name) ?? 0) + 1);
    const body = new ReplayableBody(request, replayableBytesMax);
    response.once("close", () => {
      body.discard();
      const left = (this.#byService.get(name) ?? 1) - 1;
      if (left === 0) this.#byService.delete(name);
      else this.#byService.set(name, left);
    });
    this.#attempt({ request, response, body, target, failed: new Set(), stale: new Set() });
  }

  #attempt(exchange: Exchange): void {
    const { response, target, failed } = exchange;
    const found = readyEndpoints(
      this.#options.services,
      target.namespace,
      target.service,
      target.port,
    );
    if (found.kind !== "endpoints") return refuse(response, 503, missing(found.kind, target));
    const loads = found.endpoints.map((endpoint) => ({
      ...endpoint,
      inFlight: this.#pool.inFlight(endpoint.key),
    }));
    const endpoint = pickEndpoint(loads, this.#rotation++, failed);
    if (endpoint) return this.#send(exchange, endpoint);
    if (failed.size > 0)
      return refuse(response, 502, `no endpoint of service "${nameOf(target)}" could be reached`);
    return refuse(response, 503, missing("noEndpoint", target));
  }

  #send(exchange: Exchange, endpoint: ServiceEndpoint): void {
    const { request, response, body, stale } = exchange;
    const { agent, release } = this.#pool.acquire(endpoint.key);
    const upstream = httpRequest({
      agent: stale.has(endpoint.key) ? false : agent,
      host: endpoint.address,
      port: endpoint.port,
      method: request.method,
      path: request.url,
      headers: upstreamHeaders(request),
    });
    let answered = false;
    let failed = false;
    const abort = (): void => void upstream.destroy();
    response.once("close", abort);
    upstream.once("close", () => {
      release();
      response.off("close", abort);
    });
    upstream.once("response", (answer) => {
      answered = true;
      try {
        relay(answer, response);
      } catch (error) {
        // A head that the client's parser lets through and that may not be written: a status of 99.
        upstream.destroy();
        const what = error instanceof Error ? error.message : String(error);
        const at = `service "${nameOf(exchange.target)}" answered at ${endpoint.key}`;
        refuse(response, 502, `${at} with what is no HTTP: ${what}`);
      }
    });
    // A connection can fail twice, at a write and at a read; the first time counts. Once there is an
    // answer, it tells by itself whether it is whole: a server may answer before it has read all.
    upstream.on("error", (error: NodeJS.ErrnoException) => {
      if (failed || answered || response.destroyed) return;
      failed = true;
      response.off("close", abort);
      this.#fail(exchange, endpoint, upstream, error);
    });
    body.sendTo(upstream);
  }

  /** Nothing has been answered yet: another endpoint may, where asking twice does no harm. */
  #fail(
    exchange: Exchange,
    endpoint: ServiceEndpoint,
    upstream: ClientRequest,
    error: NodeJS.ErrnoException,
  ): void {
    const { request, response, body, target, failed, stale } = exchange;
    const { code = error.message } = error;
    this.#options.log(`ingress: ${nameOf(target)} at ${endpoint.key}: ${code}`);
    if (upstream.reusedSocket) stale.add(endpoint.key);
    else failed.add(endpoint.key);
    // A kept connection that ends before any answer was closed while it was idle; and an endpoint
    // that is no longer ready was stopping, and has finished what it had accepted.
    const untouched = unreachable.has(code) || upstream.reusedSocket;
    const repeatable = idempotent.has(request.method ?? "") || !this.#isReady(endpoint, target);
    if (body.replayable && (untouched || repeatable)) return this.#attempt(exchange);
    refuse(response, 502, `service "${nameOf(target)}" broke off at ${endpoint.key}: ${code}`);
  }

  #isReady({ key }: ServiceEndpoint, { namespace, service, port }: ServicePortRef): boolean {
    const found = readyEndpoints(this.#options.services, namespace, service, port);
    return found.kind === "endpoints" && found.endpoints.some((endpoint) => endpoint.key === key);
  }
}

/** One request of a client, through all attempts to have it answered. */
type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: ReplayableBody;
  readonly target: ServicePortRef;
  /** Endpoints that are not to be tried again. */
  readonly failed: Set<string>;
  /** Endpoints whose kept connection was closed already: they get a new one. */
  readonly stale: Set<string>;
};

/** The connection was never made, so nobody has seen the request. */
const unreachable: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
]);
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

function upstreamHeaders(request: IncomingMessage): string[] {
  const dropped = [...forwardedNames, "expect"];
  const headers = passHeaders(request.rawHeaders, dropped);
  const { remoteAddress = "", localPort = 0 } = request.socket;
  headers.push(...forwardedHeaders(request.headers, { address: remoteAddress, localPort }));
  // The length is known or the body is sent in chunks; without either there is none.
  if (request.headers["transfer-encoding"] !== undefined)
    headers.push("Transfer-Encoding", "chunked");
  return headers;
}

function relay(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(
    answer.statusCode ?? 502,
    answer.statusMessage,
    passHeaders(answer.rawHeaders),
  );
  // The first token of a stream may be seconds away, and the client waits for the headers.
  response.flushHeaders();
  answer.on("error", () => response.destroy());
  answer.pipe(response);
}

function missing(
  what: "noService" | "noPort" | "noEndpoint",
  { namespace, service, port }: ServicePortRef,
): string {
  switch (what) {
    case "noService":
      return `service "${namespace}/${service}" does not exist, though an Ingress names it`;
    case "noPort":
      return `service "${namespace}/${service}" has no port ${port}, though an Ingress names it`;
    case "noEndpoint":
      return `service "${namespace}/${service}" has no ready endpoint; see its pods with: kubectl get pods -n ${namespace}`;
  }
}

const nameOf = ({ namespace, service }: ServicePortRef): string => `${namespace}/${service}`;

/** The error in the form in which the OpenAI API and its clients have it. */
function refuse(response: ServerResponse, code: number, message: string): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const body = JSON.stringify({ error: { message, type: "ingress", code } }) + "\n";
  response.writeHead(code, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
