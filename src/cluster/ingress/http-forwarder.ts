// Forwards one HTTP request to an endpoint of a Service and the answer back. It balances every request by
// itself, streams both ways, and tries another endpoint when one turned out to be gone. What it says in
// its own name has the form of the OpenAI API's errors, which its clients can read.
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import { pickEndpoint } from "../../routing/pick-endpoint.ts";
import {
  allReadyKeys,
  type EndpointLookup,
  type ServiceEndpoint,
} from "../network/service-endpoints.ts";
import { errorBody } from "./error-body.ts";
import { forwardedHeaders, forwardedNames, passHeaders } from "./http-headers.ts";
import { passUpgrade, refuseUpgrade } from "./http-upgrade.ts";
import { ReplayableBody } from "./replayable-body.ts";
import { UpstreamPool } from "./upstream-pool.ts";

/** Where a request is to go. */
export type ForwardTarget = {
  /** `namespace/service`, for messages and for counting. */
  readonly name: string;
  /** The path and query to ask for there. */
  readonly path: string;
  /** Its endpoints at this moment. */
  readonly find: () => EndpointLookup;
  /** What to tell the client when there is none. */
  readonly missing: (what: "noService" | "noPort" | "noEndpoint") => string;
};

export type HttpForwarderOptions = {
  readonly slices: Pick<WatchCache<EndpointSlice>, "list" | "subscribe">;
  /** Leads each line of the log. */
  readonly name: string;
  readonly log: (line: string) => void;
};

/** Bodies up to this size can be sent to a second pod; prompts rarely exceed it. */
const replayableBytesMax = 4 * 1024 * 1024;

export class HttpForwarder {
  readonly #options: HttpForwarderOptions;
  readonly #pool = new UpstreamPool();
  readonly #byService = new Map<string, number>();
  readonly #upgraded = new Set<Duplex>();
  readonly #unsubscribe: () => void;
  #rotation = 0;

  constructor(options: HttpForwarderOptions) {
    this.#options = options;
    const { slices } = options;
    // Connections to endpoints that went are closed while idle, before a request meets their end.
    this.#unsubscribe = slices.subscribe(() => this.#pool.retain(allReadyKeys(slices.list())));
  }

  /** Requests and upgraded connections that are in flight to `namespace/service` right now. */
  inFlight(name: string): number {
    return this.#byService.get(name) ?? 0;
  }

  forward(request: IncomingMessage, response: ServerResponse, target: ForwardTarget): void {
    const over = this.#count(target.name);
    const body = new ReplayableBody(request, replayableBytesMax);
    response.once("close", () => {
      body.discard();
      over();
    });
    this.#attempt({ request, response, body, target, failed: new Set(), stale: new Set() });
  }

  /** A request to speak another protocol from here on, such as WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, target: ForwardTarget): void {
    const over = this.#count(target.name);
    this.#upgraded.add(socket);
    socket.once("close", () => {
      this.#upgraded.delete(socket);
      over();
    });
    this.#attemptUpgrade({ request, socket, head, target, failed: new Set() });
  }

  close(): void {
    this.#unsubscribe();
    for (const socket of this.#upgraded) socket.destroy();
    this.#pool.close();
  }

  /** Counts a request in; the result counts it out. */
  #count(name: string): () => void {
    this.#byService.set(name, this.inFlight(name) + 1);
    return () => {
      const left = this.inFlight(name) - 1;
      if (left <= 0) this.#byService.delete(name);
      else this.#byService.set(name, left);
    };
  }

  #pick(target: ForwardTarget, failed: ReadonlySet<string>): ServiceEndpoint | Refusal {
    const found = target.find();
    if (found.kind !== "endpoints") return { status: 503, message: target.missing(found.kind) };
    const loads = found.endpoints.map((endpoint) => ({
      ...endpoint,
      inFlight: this.#pool.inFlight(endpoint.key),
    }));
    const endpoint = pickEndpoint(loads, this.#rotation++, failed);
    if (endpoint) return endpoint;
    if (failed.size > 0)
      return { status: 502, message: `no endpoint of service "${target.name}" could be reached` };
    return { status: 503, message: target.missing("noEndpoint") };
  }

  #attempt(exchange: Exchange): void {
    const picked = this.#pick(exchange.target, exchange.failed);
    if ("status" in picked) refuse(exchange.response, picked.status, picked.message);
    else this.#send(exchange, picked);
  }

  #attemptUpgrade(exchange: UpgradeExchange): void {
    const { request, socket, head, target, failed } = exchange;
    const picked = this.#pick(target, failed);
    if ("status" in picked) return refuseUpgrade(socket, picked.status, picked.message);
    const { key } = picked;
    const { release } = this.#pool.acquire(key);
    socket.once("close", release);
    passUpgrade({
      request,
      socket,
      head,
      path: target.path,
      headers: upstreamHeaders(request),
      endpoint: picked,
      failed: ({ message, code = message }) => {
        socket.off("close", release);
        release();
        this.#options.log(`${this.#options.name}: ${target.name} at ${key}: ${code}`);
        failed.add(key);
        if (unreachable.has(code)) this.#attemptUpgrade(exchange);
        else refuseUpgrade(socket, 502, `service "${target.name}" broke off at ${key}: ${code}`);
      },
    });
  }

  #send(exchange: Exchange, endpoint: ServiceEndpoint): void {
    const { request, response, body, stale, target } = exchange;
    const { agent, release } = this.#pool.acquire(endpoint.key);
    const upstream = httpRequest({
      agent: stale.has(endpoint.key) ? false : agent,
      host: endpoint.address,
      port: endpoint.port,
      method: request.method,
      path: target.path,
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
        const at = `service "${target.name}" answered at ${endpoint.key}`;
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
    this.#options.log(`${this.#options.name}: ${target.name} at ${endpoint.key}: ${code}`);
    if (upstream.reusedSocket) stale.add(endpoint.key);
    else failed.add(endpoint.key);
    // A kept connection that ends before any answer was closed while it was idle; and an endpoint
    // that is no longer ready was stopping, and has finished what it had accepted.
    const untouched = unreachable.has(code) || upstream.reusedSocket;
    const repeatable = idempotent.has(request.method ?? "") || !isReady(endpoint, target);
    if (body.replayable && (untouched || repeatable)) return this.#attempt(exchange);
    refuse(response, 502, `service "${target.name}" broke off at ${endpoint.key}: ${code}`);
  }
}

type Refusal = { readonly status: number; readonly message: string };

/** One request of a client, through all attempts to have it answered. */
type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: ReplayableBody;
  readonly target: ForwardTarget;
  /** Endpoints that are not to be tried again. */
  readonly failed: Set<string>;
  /** Endpoints whose kept connection was closed already: they get a new one. */
  readonly stale: Set<string>;
};

/** One request to speak another protocol, until an endpoint has answered it. */
type UpgradeExchange = {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: ForwardTarget;
  readonly failed: Set<string>;
};

/** The connection was never made, so nobody has seen the request. */
const unreachable: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
]);
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

function isReady({ key }: ServiceEndpoint, target: ForwardTarget): boolean {
  const found = target.find();
  return found.kind === "endpoints" && found.endpoints.some((endpoint) => endpoint.key === key);
}

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
  // The first token of a stream may be seconds away, and the client waits for the headers. What came
  // with them goes out with them, in one write.
  const flush = setImmediate(() => response.flushHeaders());
  answer.once("data", () => clearImmediate(flush));
  answer.once("close", () => clearImmediate(flush));
  answer.on("error", () => response.destroy());
  answer.pipe(response);
}

/** The error in the form in which the OpenAI API and its clients have it. */
export function refuse(response: ServerResponse, code: number, message: string): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const body = errorBody(code, message);
  response.writeHead(code, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
