// The cluster's DNS server: UDP and TCP at one unprivileged port of the node's own address.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { ServiceCaches } from "./service-endpoints.ts";

export type DnsServer = {
  readonly port: number;
  readonly close: () => Promise<void>;
};

export type DnsServerOptions = {
  readonly address: string;
  readonly names: ServiceCaches;
  readonly log: (line: string) => void;
};

type AnswerQuery = typeof import("./dns-answer.ts").answerQuery;

/** How long a client may leave a TCP connection unused. */
const idleMs = 10_000;
const unreadBytesMax = 1024 * 1024;
/** Ports are free for UDP and TCP apart from each other; rarely is one free for the first alone. */
const attempts = 10;

/** Takes any port that is free for both. Throws the last error when there is none. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  for (let attempt = 1; ; attempt++) {
    const udp = createSocket("udp4");
    try {
      udp.bind({ address: options.address, port: 0 });
      await once(udp, "listening");
      const { port } = udp.address();
      const tcp = await listenTcp(options, port);
      return serve(udp, tcp, options);
    } catch (error) {
      udp.close();
      if (attempt === attempts) throw error;
    }
  }
}

async function listenTcp({ address }: DnsServerOptions, port: number): Promise<Server> {
  const server = createServer();
  server.listen({ host: address, port });
  await once(server, "listening");
  return server;
}

function serve(udp: UdpSocket, tcp: Server, { names, log }: DnsServerOptions): DnsServer {
  // Loaded with the first question, since it takes longer than all else here, at every cluster's start.
  const loaded = (): Promise<AnswerQuery> =>
    import("./dns-answer.ts").then(({ answerQuery }) => answerQuery);
  const complain = (error: Error): void => log(`dns: ${error.message}`);
  udp.on("error", complain);
  tcp.on("error", complain);
  let closing = false;
  udp.on("message", (query, { address, port }) => {
    void loaded().then((answerQuery) => {
      const answer = answerQuery(query, names, "udp");
      // Whoever asked may be gone; nobody is to be told.
      if (answer && !closing) udp.send(answer, port, address, () => {});
    });
  });
  const connections = new Set<Socket>();
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    socket.on("error", () => {}); // "close" follows.
    void loaded().then((answerQuery) => answerStream(socket, names, answerQuery));
  });
  return {
    port: (tcp.address() as AddressInfo).port, // A TCP server has no other kind.
    async close() {
      closing = true;
      const closed = [once(udp, "close"), once(tcp, "close")];
      udp.close();
      tcp.close();
      for (const socket of connections) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** Each message is led by its length in two bytes (RFC 1035, section 4.2.2). */
function answerStream(socket: Socket, names: ServiceCaches, answerQuery: AnswerQuery): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
      const end = 2 + pending.readUInt16BE();
      const answer = answerQuery(pending.subarray(2, end), names, "tcp");
      pending = pending.subarray(end);
      if (!answer) return void socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
      // A client that sends queries and reads no answers is not waited for.
      if (socket.writableLength > unreadBytesMax) return void socket.destroy();
    }
  });
}
