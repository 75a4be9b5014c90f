// The server's one link to node:http: reads bodies up to a limit, sends answers and streams, tells a
// handler when its client is gone, writes the access log, and drains.
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, Server as TcpServer } from "node:net";
import { once } from "node:events";
import { type Clock, sleep } from "../lib/clock.ts";
import { type ApiRequest, type ApiResponse, errorResponse, type Handler } from "./http-message.ts";

export type HttpServerOptions = {
  readonly handler: Handler;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Paths whose requests are not logged when they succeed: probes and scrapes, every second. */
  readonly quietPaths: ReadonlySet<string>;
  readonly maxBodyBytes: number;
};

/**
 * How long a server that drains stays for requests that were already on their way on open
 * connections, after the last one was answered.
 */
const lingerMs = 200;

/** Longer than the pools of common clients keep idle connections, so that they close first. */
const keepAliveMs = 75_000;

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  #active = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { keepAliveTimeout: keepAliveMs },
      (incoming, outgoing) => void this.#serve(incoming, outgoing),
    );
  }

  /** Resolves with the port; rejects with Node's error when the address cannot be taken. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no new connections, lets every request finish, and resolves when the last one has. */
  async drain(): Promise<void> {
    this.#draining = true;
    // Of net's, because http's own close() would cut idle connections that may carry a request.
    TcpServer.prototype.close.call(this.#server);
    do {
      await this.#idle();
      await sleep(this.#options.clock, lingerMs);
    } while (this.#active > 0);
    this.close();
  }

  /** Cuts every connection. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #idle(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const startMs = this.#options.clock.nowMs();
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    this.#active++;
    let answer: ApiResponse | undefined;
    try {
      answer = await this.#answer(incoming, gone.signal);
      await this.#send(incoming, outgoing, answer);
    } catch (error) {
      // A client that leaves while its body is read is no fault of ours.
      if (!gone.signal.aborted)
        this.#options.log(`error: ${incoming.method} ${incoming.url}: ${describe(error)}`);
      outgoing.destroy();
    } finally {
      this.#logAccess(incoming, outgoing, answer, startMs);
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  async #answer(incoming: IncomingMessage, signal: AbortSignal): Promise<ApiResponse> {
    const body = await readBody(incoming, this.#options.maxBodyBytes);
    if (body === undefined) {
      const limit = `The request body exceeds ${this.#options.maxBodyBytes} bytes.`;
      return errorResponse(413, limit, "body");
    }
    const request: ApiRequest = {
      method: incoming.method ?? "GET",
      path: pathOf(incoming),
      body,
      signal,
    };
    try {
      return await this.#options.handler(request);
    } catch (error) {
      this.#options.log(`error: ${request.method} ${request.path}: ${describe(error)}`);
      return errorResponse(500, "The server failed to answer; its log has the cause.");
    }
  }

  async #send(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    answer: ApiResponse,
  ): Promise<void> {
    const headers: OutgoingHttpHeaders = { "content-type": answer.contentType, ...answer.headers };
    if (this.#draining) headers["connection"] = "close";
    if (typeof answer.body === "string") headers["content-length"] = Buffer.byteLength(answer.body);
    outgoing.writeHead(answer.status, headers);
    if (incoming.method === "HEAD") outgoing.end();
    else if (typeof answer.body === "string") outgoing.end(answer.body);
    else await stream(outgoing, answer.body);
    if (!outgoing.closed) await once(outgoing, "close");
  }

  #logAccess(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    answer: ApiResponse | undefined,
    startMs: number,
  ): void {
    const path = pathOf(incoming);
    if (this.#options.quietPaths.has(path) && outgoing.statusCode < 400) return;
    const seconds = ((this.#options.clock.nowMs() - startMs) / 1000).toFixed(3);
    const tokens = answer?.tokens ? ` ${answer.tokens()} tokens` : "";
    const cut = outgoing.writableFinished ? "" : " (client gone)";
    // Whoever left before a whole answer got none, whatever was written for nobody.
    const status = cut && typeof answer?.body !== "object" ? "-" : outgoing.statusCode;
    this.#options.log(`${incoming.method} ${path} ${status}${tokens} ${seconds} s${cut}`);
  }
}

async function stream(outgoing: ServerResponse, texts: AsyncIterable<string>): Promise<void> {
  outgoing.flushHeaders();
  for await (const text of texts) {
    if (outgoing.closed) return;
    if (!outgoing.write(text)) await drainedOrClosed(outgoing);
  }
  outgoing.end();
}

function drainedOrClosed(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}

/** The whole body as text, or undefined when it is longer than allowed. */
async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    // The rest of a long body is read and dropped: a client that still sends would not see the answer.
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes <= maxBytes ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? "/").replace(/[?#].*$/, "");
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
