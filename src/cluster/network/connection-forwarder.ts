// Joins a client's connection to one of a Service's endpoints, byte by byte and in both directions. An
// endpoint that refuses is passed over; when there is none left the client is refused at once.
import { connect, type Socket } from "node:net";
import type { ServiceEndpoint } from "./service-endpoints.ts";

/**
 * `client` must be paused and allow half-open connections. Tries the endpoints in their order, and
 * tells of the one that took the connection.
 */
export function forwardConnection(
  client: Socket,
  endpoints: readonly ServiceEndpoint[],
  onConnected: (endpoint: ServiceEndpoint) => void = () => {},
): void {
  client.on("error", () => {}); // Told by "close", which follows.
  tryInOrder(client, endpoints, onConnected);
}

function tryInOrder(
  client: Socket,
  [endpoint, ...others]: readonly ServiceEndpoint[],
  onConnected: (endpoint: ServiceEndpoint) => void,
): void {
  if (!endpoint) return void client.resetAndDestroy();
  const upstream = connect({
    host: endpoint.address,
    port: endpoint.port,
    allowHalfOpen: true,
    noDelay: true,
    ...sourceOf(client, endpoint),
  });
  const giveUp = (): void => void upstream.destroy();
  client.once("close", giveUp);
  const next = (): void => {
    client.off("close", giveUp);
    if (!client.destroyed) tryInOrder(client, others, onConnected);
  };
  upstream.once("error", next);
  upstream.once("connect", () => {
    upstream.off("error", next);
    client.off("close", giveUp);
    onConnected(endpoint);
    join(client, upstream);
  });
}

/**
 * An endpoint in the cluster sees a pod's own address, which leads nowhere else; everybody else comes from
 * 127.0.0.1 in any case.
 */
function sourceOf(
  { remoteAddress }: Socket,
  { address }: ServiceEndpoint,
): { readonly localAddress?: string } {
  if (remoteAddress === undefined || remoteAddress === "127.0.0.1") return {};
  if (!address.startsWith("127.")) return {};
  return { localAddress: remoteAddress };
}

function join(client: Socket, upstream: Socket): void {
  client.setNoDelay(true);
  passOn(client, upstream);
  passOn(upstream, client);
  client.pipe(upstream);
  upstream.pipe(client);
}

/** A connection that breaks on one side breaks on the other; where both have ended, the rest is under way. */
function passOn(from: Socket, to: Socket): void {
  from.on("error", () => {});
  from.once("close", () => {
    if (!to.destroyed && !(from.readableEnded && to.readableEnded)) to.resetAndDestroy();
  });
}
