// Ports of a pod over a client's streams: each connection is a pair of them, one for its data and one
// for what went wrong.
import { type Duplex, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SpdyStream } from "../streams/spdy-connection.ts";
import { parsePort } from "./pod-streams.ts";

/** Rejects, in words for the user, when nothing listens there. */
export type Connect = (port: number) => Promise<Duplex>;

type Ends = { readonly input: Readable; readonly output: Writable; readonly error: Writable };

/** Resolves when both directions have ended. That nothing listens there is told to the client. */
export async function forwardPort(connect: Connect, port: number, ends: Ends): Promise<void> {
  const { input, output, error } = ends;
  let target: Duplex;
  try {
    target = await connect(port);
  } catch (problem) {
    const words = problem instanceof Error ? problem.message : String(problem);
    error.end(`error forwarding port ${port}: ${words}`);
    output.end();
    return;
  }
  // Each direction ends by itself; one that breaks destroys the target, and so breaks the other. Who
  // broke it knows, and there is nothing to tell.
  await Promise.allSettled([pipeline(input, target), pipeline(target, output)]);
  error.end();
}

/** Pairs the streams of a SPDY connection by the request that they name. */
export class PortForwarding {
  readonly #connect: Connect;
  readonly #halves = new Map<string, SpdyStream>();

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  onStream(stream: SpdyStream): void {
    const { headers, body } = stream;
    const id = headers.get("requestid") ?? "";
    const other = this.#halves.get(id);
    if (!other) {
      this.#halves.set(id, stream);
      body.once("close", () => {
        if (this.#halves.get(id) === stream) this.#halves.delete(id);
      });
      return;
    }
    this.#halves.delete(id);
    const pair = [stream, other];
    const of = (type: string) => pair.find((one) => one.headers.get("streamtype") === type)?.body;
    const [data, error] = [of("data"), of("error")];
    const port = parsePort(headers.get("port") ?? "");
    if (!data || !error || port === undefined) {
      for (const one of pair) one.body.destroy();
      return;
    }
    void forwardPort(this.#connect, port, { input: data, output: data, error });
  }
}
