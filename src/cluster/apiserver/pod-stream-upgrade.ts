// From a request to upgrade to the streams of a pod: agrees with the client on a protocol, then runs
// the command or forwards the ports over it, until either side is done or gone.
import { createWebSocketStream, type WebSocket } from "ws";
import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import { badRequest } from "../api-status.ts";
import { ChannelSocket, channelProtocols } from "../streams/channel-socket.ts";
import { SpdyConnection, type SpdyStream } from "../streams/spdy-connection.ts";
import { acceptWebSocket, offeredProtocols, type Upgrade } from "../streams/websocket.ts";
import type { Wants } from "./node-access.ts";
import { PortForwarding, forwardPort } from "./port-forwarding.ts";
import type { PodStream } from "./pod-streams.ts";
import { runRemoteCommand, type RemoteStreams } from "./remote-command.ts";

type CommandStream = Extract<PodStream, { kind: "command" }>;
type PortStream = Extract<PodStream, { kind: "ports" }>;

/** The tunnel of kubectl 1.30 and later: SPDY's bytes in a WebSocket's messages. */
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";
const channelProtocol = "v4.channel.k8s.io";
const spdyPortProtocol = "portforward.k8s.io";
/** Finds clients that are gone while nothing is sent, and while they are not read from. */
const pingMs = 10_000;
/** How long a client may take to open all the streams that it asked for, as upstream. */
const streamsMs = 30_000;
/** How long a client may take to close its side. */
const lingerMs = 5_000;

/** Throws an ApiProblem, before anything is written, when there is no protocol in common. */
export function serveUpgrade(stream: PodStream, upgrade: Upgrade, clock: Clock): void {
  const overWebSocket = upgrade.incoming.headers.upgrade?.toLowerCase() === "websocket";
  if (overWebSocket) serveWebSocket(stream, upgrade, clock);
  else serveSpdy(stream, upgrade, clock);
}

function serveWebSocket(stream: PodStream, upgrade: Upgrade, clock: Clock): void {
  const known =
    stream.kind === "command" ? channelProtocols : ([tunnelProtocol, channelProtocol] as const);
  const protocol = agreedProtocol(offeredProtocols(upgrade.incoming), known);
  acceptWebSocket(upgrade, protocol, (socket) => {
    socket.on("error", () => {}); // Followed by its end, which is listened for.
    const stopPings = regularly(clock, pingMs, () => socket.ping());
    socket.once("close", stopPings);
    if (stream.kind === "command") void commandOverChannels(stream, socket);
    else if (protocol === channelProtocol) void portsOverChannels(stream, socket);
    else {
      const tunnel = createWebSocketStream(socket);
      const spdy = new SpdyConnection(tunnel, portStreams(stream));
      void spdy.serve();
    }
  });
}

async function commandOverChannels({ wants, run }: CommandStream, socket: WebSocket) {
  const channels = new ChannelSocket(socket);
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const [stdout, stderr, error] = [1, 2, 3].map((channel) => channels.output(channel));
  const streams: RemoteStreams = {
    ...(wants.stdin && { stdin: channels.input(0) }),
    ...(wants.stdout && stdout && { stdout }),
    ...(wants.stderr && stderr && { stderr }),
    ...(wants.tty && { resizes: channels.input(4) }),
    ...(error && { error }),
  };
  // An empty message tells clients that wait for one that the connection stands.
  (streams.stdout ?? streams.stderr ?? streams.error)?.write(Buffer.alloc(0));
  await runRemoteCommand(run, streams, gone.signal);
  socket.close(1000);
}

/** Two channels for each port: data and error, each of which begins with the port's number. */
async function portsOverChannels({ ports, connect }: PortStream, socket: WebSocket) {
  const channels = new ChannelSocket(socket);
  const forwards = ports.map((port, index) => {
    const [data, error] = [channels.output(2 * index), channels.output(2 * index + 1)];
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    data.write(number);
    error.write(number);
    const input = channels.input(2 * index);
    // No message says that one direction has ended, so both do.
    data.once("finish", () => input.destroy());
    return forwardPort(connect, port, { input, output: data, error });
  });
  await Promise.all(forwards);
  socket.close(1000);
}

function serveSpdy(stream: PodStream, { incoming, socket, head }: Upgrade, clock: Clock): void {
  const offered = [incoming.headers["x-stream-protocol-version"] ?? []].flat().join(",");
  const known = stream.kind === "command" ? channelProtocol : spdyPortProtocol;
  const protocol = agreedProtocol(
    offered.split(",").map((name) => name.trim()),
    [known],
  );
  socket.write(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Connection: Upgrade",
      "Upgrade: SPDY/3.1",
      `X-Stream-Protocol-Version: ${protocol}`,
      "\r\n",
    ].join("\r\n"),
  );
  if (head.length > 0) socket.unshift(head);
  const onStream =
    stream.kind === "command"
      ? commandStreams(stream, socket, clock, () => spdy.close())
      : portStreams(stream);
  const spdy = new SpdyConnection(socket, onStream);
  const stopPings = regularly(clock, pingMs, () => spdy.ping());
  void spdy.serve().finally(stopPings);
}

/** Waits for all the streams that were asked for, then runs the command over them. */
function commandStreams(
  { wants, run }: CommandStream,
  socket: Duplex,
  clock: Clock,
  close: () => void,
): (stream: SpdyStream) => void {
  const missing = new Set(streamTypes(wants));
  const bodies = new Map<string, Duplex>();
  const gone = new AbortController();
  let cancelLinger = () => {};
  const giveUp = clock.after(streamsMs, () => socket.destroy());
  socket.once("close", () => {
    giveUp();
    cancelLinger();
    gone.abort();
  });
  return ({ headers, body }) => {
    const type = headers.get("streamtype") ?? "";
    if (!missing.delete(type)) return void body.destroy();
    bodies.set(type, body);
    if (missing.size > 0) return;
    giveUp();
    const { stdin, stdout, stderr, error, resize: resizes } = Object.fromEntries(bodies);
    const streams: RemoteStreams = {
      ...(stdin && { stdin }),
      ...(stdout && { stdout }),
      ...(stderr && { stderr }),
      ...(resizes && { resizes }),
      ...(error && { error }),
    };
    void runRemoteCommand(run, streams, gone.signal).then(() => {
      close();
      if (!socket.destroyed) cancelLinger = clock.after(lingerMs, () => socket.destroy());
    });
  };
}

function streamTypes({ stdin, stdout, stderr, tty }: Wants): readonly string[] {
  const wanted = { error: true, stdin, stdout, stderr, resize: tty };
  return Object.entries(wanted).flatMap(([type, isWanted]) => (isWanted ? [type] : []));
}

function portStreams({ connect }: PortStream): (stream: SpdyStream) => void {
  const forwarding = new PortForwarding(connect);
  return (stream) => forwarding.onStream(stream);
}

function agreedProtocol<T extends string>(offered: readonly string[], known: readonly T[]): T {
  const agreed = known.find((protocol) => offered.includes(protocol));
  if (agreed !== undefined) return agreed;
  throw badRequest(
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${known.join(" ")}]`,
  );
}

/** Returns what stops it. */
function regularly(clock: Clock, everyMs: number, run: () => void): () => void {
  let cancel = clock.after(everyMs, beat);
  function beat(): void {
    run();
    cancel = clock.after(everyMs, beat);
  }
  return () => cancel();
}
