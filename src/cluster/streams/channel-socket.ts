// Kubernetes' channels over one WebSocket: the first byte of each message names the channel that the
// rest belongs to. In v5, a message on channel 255 closes the one that its second byte names.
import { Readable, Writable } from "node:stream";
import type { RawData, WebSocket } from "ws";

/** Best first. */
export const channelProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;

const closeChannel = 255;
/** What may wait in a channel that its reader is slow with, either side, before the writer waits. */
const waitingBytesMax = 256 * 1024;

export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #inputs = new Map<number, Readable>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#onMessage(bytesOf(data)));
    socket.once("close", () => {
      for (const input of this.#inputs.values()) input.destroy();
    });
  }

  /** What the client sends on a channel. While it is not read, the client cannot send on any. */
  input(channel: number): Readable {
    const input = new Readable({
      highWaterMark: waitingBytesMax,
      read: () => this.#socket.resume(),
      destroy: (error, done) => {
        // What nobody reads any more must not hold up the other channels.
        this.#inputs.delete(channel);
        this.#socket.resume();
        done(error);
      },
    });
    input.on("error", () => {});
    this.#inputs.set(channel, input);
    return input;
  }

  /** A write is done once it has left this process. */
  output(channel: number): Writable {
    const output = new Writable({
      highWaterMark: waitingBytesMax,
      write: (chunk: Buffer, _encoding, done) =>
        this.#socket.send(Buffer.concat([Buffer.of(channel), chunk]), done),
    });
    output.on("error", () => {});
    return output;
  }

  #onMessage(message: Buffer): void {
    const [channel, closed] = message;
    if (channel === closeChannel) {
      const input = this.#inputs.get(closed ?? closeChannel);
      if (input && !input.readableEnded) input.push(null);
      this.#inputs.delete(closed ?? closeChannel);
      return;
    }
    // Nothing follows what nobody asked for, nor an empty message.
    const input = this.#inputs.get(channel ?? closeChannel);
    if (message.length > 1 && input && !input.push(message.subarray(1))) this.#socket.pause();
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
