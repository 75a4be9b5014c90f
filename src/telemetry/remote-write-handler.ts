// POST /api/v1/write: remote write 1.0 over HTTP. Senders try again after a 5xx, for ever, and drop what
// is answered with a 4xx, so everything that would fail again is a 4xx.
import type { RemoteWriteReceiver } from "./remote-write-receiver.ts";
import { RemoteWriteError } from "./remote-write.ts";
import { SnappyError } from "./snappy.ts";

/** What a server should let through: a body is smaller than the message that it holds, as a rule. */
export const maxWriteBodyBytes = 16 * 1024 * 1024;

export type RemoteWriteOptions = {
  readonly receiver: RemoteWriteReceiver;
  /** Told when samples begin to be refused, or the reason changes, and when all is well again. */
  readonly log?: (line: string) => void;
};

export function remoteWrite(options: RemoteWriteOptions): (request: Request) => Promise<Response> {
  const { receiver, log = () => {} } = options;
  let trouble = "";
  return async (request) => {
    const refusal = refusalOf(request);
    if (refusal) return refusal;
    const { status, message, kind } = take(receiver, new Uint8Array(await request.arrayBuffer()));
    if (kind !== trouble) log(`remote write: ${kind === "" ? "samples are taken again" : message}`);
    trouble = kind;
    return message === undefined ? new Response(null, { status }) : text(status, message);
  };
}

/** `kind` tells one trouble from another, whichever series it befalls; "" is none. */
type Answer = { readonly status: number; readonly message?: string; readonly kind: string };

function take(receiver: RemoteWriteReceiver, body: Uint8Array): Answer {
  try {
    const { stored, refused } = receiver.receive(body);
    if (refused === 0) return { status: 204, kind: "" };
    const message = `no room for ${refused} of ${stored + refused} samples, which are dropped: the limits on series are reached`;
    return { status: 400, message, kind: "limit" };
  } catch (error) {
    if (error instanceof SnappyError)
      return { status: 400, message: `snappy: ${error.message}`, kind: "snappy" };
    if (error instanceof RemoteWriteError)
      return { status: 400, message: error.message, kind: error.message.replace(/:.*/s, "") };
    throw error;
  }
}

/** What is no remote write 1.0 by its headers; a sender that says nothing is believed. */
function refusalOf({ headers }: Request): Response | undefined {
  const encoding = headers.get("content-encoding") ?? "snappy";
  if (encoding !== "snappy")
    return text(
      415,
      `${encoding} encoding (compression) is not accepted by this server; only snappy is acceptable`,
    );
  const [media = "", ...parameters] = (headers.get("content-type") ?? protobuf)
    .split(";")
    .map((part) => part.trim());
  if (media.toLowerCase() !== protobuf)
    return text(415, `expected ${protobuf} as the first (media) part, got ${media} content-type`);
  const proto =
    parameters.find((parameter) => parameter.startsWith("proto="))?.slice(6) ?? version1;
  if (proto !== version1)
    return text(
      415,
      `${proto} protobuf message is not accepted by this server; only accepts ${version1}: set protobuf_message in remote_write`,
    );
  return undefined;
}

const protobuf = "application/x-protobuf";
const version1 = "prometheus.WriteRequest";

const text = (status: number, message: string): Response =>
  new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
