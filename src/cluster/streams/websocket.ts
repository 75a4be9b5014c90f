// The WebSocket handshake for a subprotocol that has been chosen already. Kubernetes names one with a
// slash in it ("SPDY/3.1+portforward.k8s.io"), which is no token and which `ws` would refuse to read.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";

/** Clients send files in pieces; a longer message is an attack, and its connection is closed. */
const messageBytesMax = 32 * 1024 * 1024;

/** The subprotocols that the client offers, in its order. */
export function offeredProtocols(incoming: IncomingMessage): readonly string[] {
  const header = incoming.headers["sec-websocket-protocol"] ?? "";
  return header.split(",").flatMap((name) => name.trim() || []);
}

/** A handshake that is malformed is answered with 400, and `accepted` is not called. */
export function acceptWebSocket(
  { incoming, socket, head }: Upgrade,
  protocol: string,
  accepted: (webSocket: WebSocket) => void,
): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
  });
  server.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  delete incoming.headers["sec-websocket-protocol"];
  server.handleUpgrade(incoming, socket, head, accepted);
}

/** A request to speak another protocol, with the bytes of it that have come already. */
export type Upgrade = {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
};
