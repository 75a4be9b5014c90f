// Puts a Request → Response handler on a TCP port, over node:http: bodies, times and connections are
// bounded, and answers are compressed where the client takes that.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Handler } from "./prometheus-api.ts";

export type HttpServer = {
  /** `http://address:port`, with the port that was really bound. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
};

export type ServeOptions = {
  readonly host: string;
  readonly port: number;
  /** Bodies that may be larger than a form, in bytes by path. */
  readonly maxBodyBytes?: Readonly<Record<string, number>>;
};

/** A form holds a query, which is shorter. */
const maxFormBytes = 1024 * 1024;
/** As Prometheus' --web.max-connections. */
const maxConnections = 512;
const maxHeaderWaitMs = 10_000;
const maxRequestMs = 60_000;
/** An answer shorter than this fits into a packet, or nearly, and is sent as it is. */
const minCompressedBytes = 2048;

/** Rejects if the address cannot be bound; port 0 takes any free one. */
export function serve(handler: Handler, options: ServeOptions): Promise<HttpServer> {
  const { host, port } = options;
  const limits = { headersTimeout: maxHeaderWaitMs, requestTimeout: maxRequestMs };
  const server = createServer(
    limits,
    (request, response) => void answer(handler, request, response, options),
  );
  server.maxConnections = maxConnections;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      // A server that listens on TCP has an address of this form.
      const bound = server.address() as AddressInfo;
      const name = host.includes(":") ? `[${host}]` : host;
      resolve({
        url: `http://${name}:${bound.port}`,
        port: bound.port,
        close: () =>
          new Promise((closed, failed) => {
            server.close((error) => (error ? failed(error) : closed()));
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ServeOptions,
): Promise<void> {
  const left = new AbortController();
  outgoing.once("close", () => left.abort());
  try {
    const response = await responseTo(handler, incoming, left.signal, options);
    const body = Buffer.from(await response.arrayBuffer());
    const headers = Object.fromEntries(response.headers);
    if (acceptsGzip(incoming) && body.length >= minCompressedBytes) {
      const compressed = await compress(body, { level: 1 });
      send(outgoing, response.status, { ...headers, "content-encoding": "gzip" }, compressed);
    } else send(outgoing, response.status, headers, body);
  } catch (error) {
    // What is no request, or a handler that failed: either way the client learns which.
    const [status, text] =
      error instanceof BadRequest ? [400, error.message] : [500, "internal error"];
    if (!outgoing.headersSent) outgoing.writeHead(status, { "content-type": "text/plain" });
    outgoing.end(`${text}\n`);
  }
}

const compress = promisify(gzip);

function send(
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): void {
  const hasBody = status !== 204;
  outgoing.writeHead(status, {
    ...headers,
    vary: "accept-encoding",
    ...(hasBody && { "content-length": body.length }),
  });
  outgoing.end(hasBody ? body : undefined);
}

/** A coding of weight 0 is refused by the client; any other will do. */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  const codings = String(headers["accept-encoding"] ?? "")
    .toLowerCase()
    .split(",");
  const gzip = codings.find((coding) => /^\s*(?:gzip|x-gzip)\s*(?:;|$)/.test(coding));
  return gzip !== undefined && !/;\s*q=0(?:\.0*)?\s*$/.test(gzip);
}

async function responseTo(
  handler: Handler,
  incoming: IncomingMessage,
  signal: AbortSignal,
  { maxBodyBytes = {} }: ServeOptions,
): Promise<Response> {
  const url = URL.parse(incoming.url ?? "/", "http://localhost");
  if (!url) throw new BadRequest(`invalid address ${incoming.url}`);
  const limit = maxBodyBytes[url.pathname] ?? maxFormBytes;
  const body = await bodyOf(incoming, limit);
  if (body === undefined) return tooLarge(limit);
  return handler(requestOf(incoming, url, body, signal));
}

class BadRequest extends Error {}

const tooLarge = (limit: number): Response =>
  new Response(`request body exceeds ${limit} bytes\n`, {
    status: 413,
    headers: { connection: "close" },
  });

/** Undefined as soon as there is more than fits: the rest is not read. */
function bodyOf(incoming: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else {
        incoming.pause();
        resolve(undefined);
      }
    });
    incoming.once("end", () => resolve(Buffer.concat(chunks)));
    incoming.once("error", reject);
    incoming.once("close", () => reject(new Error("the client left")));
  });
}

function requestOf(
  { method = "GET", headers }: IncomingMessage,
  url: URL,
  body: Buffer,
  signal: AbortSignal,
): Request {
  const given = new Headers();
  for (const name of passedOn) {
    const value = headers[name];
    if (value !== undefined) given.set(name, String(value));
  }
  return new Request(url, {
    method,
    headers: given,
    signal,
    ...(method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) }),
  });
}

/** What any endpoint reads. */
const passedOn = [
  "content-type",
  "content-encoding",
  "x-prometheus-remote-write-version",
  "user-agent",
] as const;
