// A proxy for programs of the cluster that cannot be taught its names: those not written in Node. It takes
// plain HTTP requests and CONNECT (RFC 9110, section 9.3.6) for NAME.NAMESPACE.svc and refuses the world:
// who reaches that without a proxy has no need of one, and who does not would need another.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { EndpointSlice } from "../../resources/endpoint-slice.ts";
import { clusterDomain, recordsOf } from "../network/cluster-names.ts";
import { forwardConnection } from "../network/connection-forwarder.ts";
import {
  readyEndpoints,
  type EndpointLookup,
  type ServiceCaches,
} from "../network/service-endpoints.ts";
import { HttpForwarder, refuse, type ForwardTarget } from "./http-forwarder.ts";
import { refuseUpgrade } from "./http-upgrade.ts";

export type ForwardProxy = { readonly port: number; readonly close: () => Promise<void> };

export type ForwardProxyOptions = {
  /** Where it listens, at any free port. */
  readonly address: string;
  readonly services: ServiceCaches;
  readonly slices: Pick<WatchCache<EndpointSlice>, "list" | "subscribe">;
  readonly log: (line: string) => void;
};

export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const { address, services } = options;
  const forwarder = new HttpForwarder({ ...options, name: "proxy" });
  const server = createServer((request, response) => {
    const found = targetOfRequest(request, services);
    if ("missing" in found) forwarder.forward(request, response, found);
    else refuse(response, found.status, found.message);
  });
  // A model may take as long as it likes.
  server.requestTimeout = 0;
  server.on("upgrade", (request, socket, head) => {
    const found = targetOfRequest(request, services);
    if ("missing" in found) forwarder.upgrade(request, socket, head, found);
    else refuseUpgrade(socket, found.status, found.message);
  });
  const tunnels = new Set<Duplex>();
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket);
    socket.once("close", () => tunnels.delete(socket));
    openTunnel(request, socket, head, services);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port: 0 }, resolve);
  });
  server.on("error", (error) => options.log(`proxy: ${error.message}`));
  return {
    port: (server.address() as AddressInfo).port, // A TCP server has no other kind.
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      forwarder.close();
      await closed;
    },
  };
}

type Refusal = { readonly status: number; readonly message: string };

/** Requests to a proxy name the whole URL. */
function targetOfRequest(
  { url = "", headers }: IncomingMessage,
  services: ServiceCaches,
): ForwardTarget | Refusal {
  const asked = URL.parse(url);
  if (asked?.protocol !== "http:")
    return {
      status: 400,
      message: `this is a forward proxy for the cluster's names: ask it for a URL such as http://NAME.NAMESPACE.svc/ (asked for "${url}" of "${headers.host ?? ""}")`,
    };
  const port = asked.port === "" ? 80 : Number(asked.port);
  return clusterTarget(asked.hostname, port, asked.pathname + asked.search, services);
}

function openTunnel(
  { url = "" }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  services: ServiceCaches,
): void {
  const [, hostname, digits] = /^(.+):(\d{1,5})$/.exec(url) ?? [];
  const port = Number(digits);
  if (hostname === undefined || port > 65_535)
    return refuseUpgrade(socket, 400, `CONNECT needs a host and a port, not "${url}"`);
  const target = clusterTarget(hostname, port, "", services);
  if (!("missing" in target)) return refuseUpgrade(socket, target.status, target.message);
  const found = target.find();
  if (found.kind !== "endpoints" || found.endpoints.length === 0) {
    const what = found.kind === "endpoints" ? "noEndpoint" : found.kind;
    return refuseUpgrade(socket, 503, target.missing(what));
  }
  if (head.length > 0) socket.unshift(head);
  // What a server of TCP hands over as a stream is the connection itself.
  forwardConnection(socket as Socket, found.endpoints, () =>
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n"),
  );
}

/** The Service or pod of a name of the cluster, or why there is none for it. */
function clusterTarget(
  hostname: string,
  port: number,
  path: string,
  services: ServiceCaches,
): ForwardTarget | Refusal {
  const full = fullName(hostname);
  if (full === undefined) {
    const message = `this proxy knows the cluster's names only, such as NAME.NAMESPACE.svc; ask for "${hostname}" without it`;
    return { status: 403, message };
  }
  const records = recordsOf(full, services);
  if (!records) {
    const message = `there is no "${hostname}" in the cluster; see the Services with: kubectl get services --all-namespaces`;
    return { status: 502, message };
  }
  if (records.alias !== undefined)
    return {
      status: 502,
      message: `"${hostname}" is another name for "${records.alias}"; use that one`,
    };
  const [service = "", namespace = "", kind] = full.split(".");
  const known = kind === "svc" ? services.services.get(`${namespace}/${service}`) : undefined;
  const name = known ? `${namespace}/${service}` : hostname;
  return {
    name,
    path,
    // Behind a virtual address the port is the Service's; else a name stands for the pods themselves.
    find: () =>
      known && known.spec.clusterIP !== "None"
        ? readyEndpoints(services, namespace, service, port)
        : addressesAt(recordsOf(full, services)?.addresses ?? [], port),
    missing: (what) =>
      what === "noPort"
        ? `service "${name}" has no port ${port}; see its ports with: kubectl get service ${service} -n ${namespace}`
        : `"${name}" has no ready endpoint; see its pods with: kubectl get pods -n ${namespace}`,
  };
}

function addressesAt(addresses: readonly string[], port: number): EndpointLookup {
  const endpoints = addresses.map((address) => ({ key: `${address}:${port}`, address, port }));
  return { kind: "endpoints", endpoints };
}

/** Undefined for what is no name of the cluster. A bare NAME would leave the namespace open. */
function fullName(hostname: string): string | undefined {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name.endsWith(`.${clusterDomain}`)) return name;
  return name.endsWith(".svc") ? `${name}.${clusterDomain}` : undefined;
}
