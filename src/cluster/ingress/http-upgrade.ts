// Passes a connection through that leaves HTTP behind, as WebSocket does: the request for it and its
// answer go over as messages, and after them the bytes, in both directions.
import { STATUS_CODES, request as httpRequest, type IncomingMessage } from "node:http";
import { pipeline, type Duplex } from "node:stream";
import type { ServiceEndpoint } from "../network/service-endpoints.ts";
import { errorBody } from "./error-body.ts";
import { passHeaders } from "./http-headers.ts";

export type UpgradeOptions = {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client has sent beyond its request. */
  readonly head: Buffer;
  readonly path: string;
  /** Without those that are meant for one connection. */
  readonly headers: readonly string[];
  readonly endpoint: ServiceEndpoint;
  /** Called when the endpoint has broken off before it answered; the client waits still. */
  readonly failed: (error: NodeJS.ErrnoException) => void;
};

export function passUpgrade(options: UpgradeOptions): void {
  const { request, socket, head, path, endpoint, failed } = options;
  const upgrade = ["Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? ""];
  const upstream = httpRequest({
    agent: false,
    host: endpoint.address,
    port: endpoint.port,
    method: request.method,
    path,
    headers: [...options.headers, ...upgrade],
  });
  const abort = (): void => void upstream.destroy();
  socket.on("error", abort);
  socket.once("close", abort);
  let over = false;
  upstream.on("error", (error) => {
    socket.off("error", abort);
    socket.off("close", abort);
    if (!over && !socket.destroyed) failed(error);
    over = true;
  });
  upstream.once("upgrade", (answer, upstreamSocket: Duplex, upstreamHead: Buffer) => {
    over = true;
    socket.off("close", abort);
    socket.write(headText(101, answer, answer.rawHeaders));
    socket.write(upstreamHead);
    upstreamSocket.write(head);
    // An end of one side is passed on; an error on one side ends both, and nobody is left to be told.
    pipeline(socket, upstreamSocket, () => {});
    pipeline(upstreamSocket, socket, () => {});
  });
  // The server would rather not: its answer is an ordinary one, after which the connection ends.
  upstream.once("response", (answer) => {
    over = true;
    const status = answer.statusCode ?? 502;
    socket.write(
      headText(status, answer, [...passHeaders(answer.rawHeaders), "Connection", "close"]),
    );
    pipeline(answer, socket, () => {});
  });
  upstream.end();
}

/** Says no in HTTP, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  const body = errorBody(status, message);
  socket.on("error", () => {});
  // What has been sent beyond the request is read away: behind it, the client's end would never be seen.
  socket.resume();
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}

function headText(
  status: number,
  { statusMessage = "" }: IncomingMessage,
  headers: readonly string[],
): string {
  const lines = Array.from(
    { length: headers.length / 2 },
    (_, index) => `${headers[2 * index]}: ${headers[2 * index + 1]}\r\n`,
  );
  return `HTTP/1.1 ${status} ${statusMessage}\r\n${lines.join("")}\r\n`;
}
