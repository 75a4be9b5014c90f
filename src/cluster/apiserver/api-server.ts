// The control plane behind HTTPS, on loopback only: a bearer token opens everything, without it
// nothing is answered but 401. HTTP/1.1, which is all that kubectl needs.
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { BufferedRequest, BufferedResponse } from "../../kube/buffered-message.ts";
import { listenError } from "../../lib/listen-error.ts";
import type { Upgrade } from "../streams/websocket.ts";
import { ApiProblem, statusOf } from "../api-status.ts";
import { problemAnswer } from "./api-handler.ts";
import type { ControlPlane } from "./api-handler.ts";
import { NodeProblem } from "./node-access.ts";
import { bodyBytesMax } from "./request-body.ts";

export type ServedApi = { readonly url: string; readonly port: number; close(): Promise<void> };

export type ServeOptions = {
  readonly plane: ControlPlane;
  /** 0 for any free one. */
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly token: string;
  readonly log: (line: string) => void;
  /** For how long a client may take nothing of an answer that waits in memory; 30 s when absent. */
  readonly stallMs?: number;
};

const host = "127.0.0.1";
const publicPaths = /^\/(?:healthz|livez|readyz|version)(?:[/?]|$)/;
const defaultStallMs = 30_000;
const requestMs = 60_000;
/** As upstream's: a long command of kubectl exec stands in the URL. */
const headBytesMax = 1024 * 1024;
/** How long a client that was refused an upgrade may take to close its side. */
const lingerMs = 5_000;
/** One for all: an error of its own, with its stack, would cost each request dearly. */
const clientGone = new Error("the client has gone");

/** Throws an Error that names the port and the flag when the port is taken. */
export async function serveApi(options: ServeOptions): Promise<ServedApi> {
  const { plane, tls, token, log, stallMs = defaultStallMs } = options;
  const server = createServer({
    ...tls,
    ALPNProtocols: ["http/1.1"],
    maxHeaderSize: headBytesMax,
    // Others are free to be answered in HTTP, as a client that offers HTTP/2 is.
    shouldUpgradeCallback: ({ headers }) => isUpgrade(headers),
  });
  server.keepAliveTimeout = 60_000;
  // To send it; a watch that has been asked for lasts as long as its client wants.
  server.requestTimeout = requestMs;
  server.on("request", (incoming, outgoing) => {
    answer({ plane, token, stallMs }, incoming, outgoing).catch((error: unknown) => {
      log(`answering ${incoming.method} ${incoming.url}: ${String(error)}`);
      outgoing.destroy();
    });
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    socket.on("error", () => socket.destroy());
    upgrade(plane, token, { incoming, socket, head }).catch((error: unknown) => {
      const refusal = refusalOf(error, (line) => log(`upgrading ${incoming.url}: ${line}`));
      endWith(refusal, socket, plane.clock);
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // What comes after the first error is one again; the answer is under way, and must not be cut off.
    if (socket.writableEnded) return;
    if (!socket.writable || error.code === "ECONNRESET") socket.destroy();
    else endWith(malformedAnswer(error), socket, plane.clock);
  });
  await listen(server, options.port);
  // No more open files, say: that connection is lost, and the next is tried again.
  server.on("error", (error) => log(`API server: ${error.message}`));
  const { port } = server.address() as AddressInfo;
  return { url: `https://${host}:${port}`, port, close: () => close(server, upgraded) };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw listenError(error, { host, port, flag: "--api-port" });
  }
}

async function close(server: Server, upgraded: ReadonlySet<Duplex>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  for (const socket of upgraded) socket.destroy();
  await closed;
}

async function answer(
  { plane, token, stallMs }: Pick<ServeOptions, "plane" | "token"> & { readonly stallMs: number },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    // An answer that has been given in full needs no cancelling, which costs more than most answers.
    if (!outgoing.writableFinished) gone.abort(clientGone);
  });
  const response = isAuthorized(incoming, token)
    ? await plane.transport(await webRequest(incoming, gone.signal))
    : unauthorized();
  const head = headOf(response.headers);
  if (response instanceof BufferedResponse) {
    const body = response.buffered;
    // Without its length, head and body would not go out in one piece.
    outgoing.writeHead(response.status, { ...head, "content-length": Buffer.byteLength(body) });
    end(outgoing, stallMs, body);
    return;
  }
  outgoing.writeHead(response.status, head);
  if (!response.body) {
    outgoing.end();
    return;
  }
  if (!isStream(response)) {
    end(outgoing, stallMs, new Uint8Array(await response.arrayBuffer()));
    return;
  }
  outgoing.flushHeaders();
  // A log that somebody pages through waits in its file; the events of a watch would wait in memory.
  const isWatch = response.headers.get("content-type") === "application/json";
  await forward(response.body, outgoing, isWatch ? stallMs : undefined, gone.signal);
}

/** Joined into one, as other headers may be, cookies could not be told apart. */
function headOf(headers: Headers): OutgoingHttpHeaders {
  const head = Object.fromEntries(headers);
  return headers.has("set-cookie") ? { ...head, "set-cookie": headers.getSetCookie() } : head;
}

/** A client that takes nothing of what is left loses its connection, and we the memory of it. */
function end(
  outgoing: ServerResponse,
  stallMs: number | undefined,
  body: string | Uint8Array = "",
): void {
  outgoing.end(body);
  // Node takes a socket that still sends for alive; once all is sent, its own timeout takes over.
  if (stallMs !== undefined && !outgoing.writableFinished) outgoing.setTimeout(stallMs);
}

/** Watches and logs come piece by piece and wait for the client where it is slow: a while, or for ever. */
async function forward(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  stallMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  if (signal.aborted) return stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await drained(outgoing, stallMs, signal);
      if (signal.aborted) return;
    }
  } catch (error) {
    // The stream of an aborted request ends with an error; nobody is left to be told.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  end(outgoing, stallMs);
}

async function drained(
  outgoing: ServerResponse,
  stallMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const stalled = stallMs === undefined ? undefined : setTimeout(() => outgoing.destroy(), stallMs);
  try {
    await once(outgoing, "drain", { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  } finally {
    clearTimeout(stalled);
  }
}

async function webRequest(incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  // A client that says nothing of itself is still one from outside, whose writes are tracked.
  const headers = new Headers({ "user-agent": "unknown" });
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  const url = `https://${host}${incoming.url ?? "/"}`;
  // Only what may last can be given up; a signal that follows another is dear for a short write.
  const mayLast = !hasBody || url.includes("/proxy");
  const init = { method, headers, ...(mayLast && { signal }) };
  return hasBody ? new BufferedRequest(url, init, await readAll(incoming)) : new Request(url, init);
}

/** One byte past the limit is enough for the handler to refuse the body. */
function readAll(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const chunks: Buffer[] = [];
  let length = 0;
  incoming.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= bodyBytesMax + chunk.length) chunks.push(chunk);
  });
  incoming.on("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
  incoming.on("error", reject);
  return promise;
}

/** The handler says so of watches and logs; everything else is there as a whole. */
function isStream(response: Response): boolean {
  return response.headers.get("transfer-encoding") === "chunked";
}

/** As upstream, anybody may ask for health and version; who shows a token must show the right one. */
function isAuthorized({ headers, url = "/" }: IncomingMessage, token: string): boolean {
  if (headers.authorization === undefined) return publicPaths.test(url);
  const given = Buffer.from(/^Bearer (.+)$/i.exec(headers.authorization)?.[1] ?? "");
  const wanted = Buffer.from(token);
  // All tokens are equally long, so their length is no secret.
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function unauthorized(): Response {
  return problemAnswer(new ApiProblem(401, "Unauthorized", "Unauthorized"));
}

/** Rejects before anything is written when the connection cannot be upgraded. */
async function upgrade(plane: ControlPlane, token: string, request: Upgrade): Promise<void> {
  const { incoming } = request;
  if (!isAuthorized(incoming, token)) throw new ApiProblem(401, "Unauthorized", "Unauthorized");
  const stream = await plane.podStream(new URL(`https://${host}${incoming.url ?? "/"}`));
  // Most clusters end without a single one, and start faster without the library for them.
  const { serveUpgrade } = await import("./pod-stream-upgrade.ts");
  serveUpgrade(stream, request, plane.clock);
}

/** What a client has sent beyond its request is read away: behind it, its end would never be seen. */
function endWith(refusal: string, socket: Duplex, clock: Clock): void {
  socket.resume();
  socket.end(refusal);
  socket.once(
    "close",
    clock.after(lingerMs, () => socket.destroy()),
  );
}

/** Whether a request asks for one of the protocols that are known here. */
function isUpgrade({ upgrade: protocol = "" }: IncomingHttpHeaders): boolean {
  return ["websocket", "spdy/3.1"].includes(protocol.toLowerCase());
}

/** Raw HTTP: a Status, or the node's own words as plain text, as kubelets answer. */
function refusalOf(error: unknown, tell: (line: string) => void): string {
  if (error instanceof NodeProblem)
    return rawAnswer(500, "Internal Server Error", "text/plain", error.message);
  if (!(error instanceof ApiProblem)) tell(error instanceof Error ? (error.stack ?? "") : "");
  const problem =
    error instanceof ApiProblem
      ? error
      : new ApiProblem(500, "InternalError", `Internal error occurred: ${String(error)}`);
  const body = JSON.stringify(statusOf(problem));
  return rawAnswer(problem.code, problem.reason, "application/json", body);
}

/** For what is no HTTP, or not in time; nothing is known yet of what was asked. */
function malformedAnswer({ code }: NodeJS.ErrnoException): string {
  const [status, phrase] =
    code === "HPE_HEADER_OVERFLOW"
      ? ([431, "Request Header Fields Too Large"] as const)
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ([408, "Request Timeout"] as const)
        : ([400, "Bad Request"] as const);
  return rawAnswer(status, phrase, "text/plain", phrase);
}

function rawAnswer(code: number, phrase: string, type: string, body: string): string {
  return [
    `HTTP/1.1 ${code} ${phrase}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
