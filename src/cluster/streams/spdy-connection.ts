// The server's side of SPDY/3.1 over any byte stream, as far as Kubernetes uses it: streams that the
// client opens, in both directions. Kubernetes' own clients (spdystream) keep no flow-control windows
// and send no updates for them, so none are kept here: the transport's back-pressure holds a slow
// client's data, and a stream that is not read stops the reading of the connection.
import { Duplex } from "node:stream";
import { ByteReader } from "./byte-reader.ts";
import { HeaderDecoder, HeaderEncoder, type Headers } from "./spdy-headers.ts";

export type SpdyStream = { readonly headers: Headers; readonly body: Duplex };

const frame = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7, headers: 8 } as const;
const finFlag = 1;
const refusedStream = 3;
const cancel = 5;
/** A control frame holds a few headers; data frames may be as long as they like. */
const controlBytesMax = 64 * 1024;
const pieceBytes = 64 * 1024;
/** What may wait in a stream that its reader is slow with, either side, before the writer waits. */
const waitingBytesMax = 256 * 1024;
const openStreamsMax = 1000;

type Open = { readonly body: Duplex; room: () => void; clientDone: boolean; serverDone: boolean };

export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #decoder = new HeaderDecoder();
  readonly #encoder = new HeaderEncoder();
  readonly #open = new Map<number, Open>();
  #pings = 0;
  #lastStream = 0;

  /** `serve` then calls `onStream` for each stream that the client opens. */
  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
  }

  /** Resolves when the connection has ended, in whatever way; all its streams have then, too. */
  async serve(): Promise<void> {
    // Errors of the transport are the end of the connection, which reading notices.
    this.#transport.on("error", () => {});
    this.#transport.once("close", () => this.#endStreams());
    try {
      await this.#readFrames(new ByteReader(this.#transport));
      this.#transport.end();
    } catch {
      // A client that broke the protocol, or is gone: there is nobody to be told more.
      this.#transport.destroy();
    } finally {
      this.#endStreams();
      this.#decoder.close();
      this.#encoder.close();
    }
  }

  /** A client that is gone makes the transport fail, even while it is not read from. */
  ping(): void {
    this.#pings += 2;
    this.#control(frame.ping, uint32(this.#pings));
  }

  /** Tells the client that no more comes, and ends the connection after what has been written. */
  close(): void {
    this.#control(frame.goAway, Buffer.concat([uint32(this.#lastStream), uint32(0)]));
    this.#transport.end();
  }

  async #readFrames(bytes: ByteReader): Promise<void> {
    for (;;) {
      const head = await bytes.exactly(8);
      if (!head) return;
      const flags = head.readUInt8(4);
      const length = head.readUInt32BE(4) & 0xffffff;
      const isControl = head.readUInt8(0) >= 0x80;
      if (isControl) {
        if (length > controlBytesMax) throw new Error("a control frame is too long");
        const payload = await bytes.exactly(length);
        if (!payload) return;
        await this.#onControl(head.readUInt16BE(2), flags, payload);
      } else if (!(await this.#onData(head.readUInt32BE(0), flags, length, bytes))) return;
    }
  }

  async #onControl(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case frame.synStream:
        return await this.#onSynStream(payload.readUInt32BE(0), flags, payload.subarray(10));
      case frame.headers:
        // Nobody asks for them, but the compression state goes on with each block.
        return void (await this.#decoder.decode(payload.subarray(4)));
      case frame.reset:
        return this.#reset(payload.readUInt32BE(0));
      case frame.ping:
        // Even numbers are answers to our own.
        if (payload.readUInt32BE(0) % 2 === 1) this.#control(frame.ping, payload);
        return;
      default:
        // GOAWAY comes before the end, SETTINGS and WINDOW_UPDATE are of no consequence here.
        return;
    }
  }

  async #onSynStream(id: number, flags: number, block: Buffer): Promise<void> {
    const headers = await this.#decoder.decode(block);
    if (this.#open.size >= openStreamsMax || this.#open.has(id))
      return this.#control(frame.reset, Buffer.concat([uint32(id), uint32(refusedStream)]));
    this.#lastStream = id;
    const reply = await this.#encoder.encode(new Map());
    this.#control(frame.synReply, Buffer.concat([uint32(id), reply]));
    const body = this.#newBody(id);
    this.#open.set(id, { body, room: () => {}, clientDone: false, serverDone: false });
    if ((flags & finFlag) !== 0) this.#onClientDone(id);
    this.#onStream({ headers, body });
  }

  /** False when the connection ended within the frame. Data for streams that are gone is dropped. */
  async #onData(id: number, flags: number, length: number, bytes: ByteReader): Promise<boolean> {
    for (let left = length; left > 0;) {
      const piece = await bytes.some(Math.min(left, pieceBytes));
      if (!piece) return false;
      left -= piece.length;
      const stream = this.#open.get(id);
      if (stream && !stream.clientDone && !stream.body.push(piece))
        await new Promise<void>((resolve) => (stream.room = resolve));
    }
    if ((flags & finFlag) !== 0) this.#onClientDone(id);
    return true;
  }

  #newBody(id: number): Duplex {
    const body = new Duplex({
      highWaterMark: waitingBytesMax,
      read: () => this.#open.get(id)?.room(),
      write: (chunk: Buffer, _encoding, done) =>
        this.#transport.write(Buffer.concat([dataHead(id, 0, chunk.length), chunk]), done),
      final: (done) => {
        this.#transport.write(dataHead(id, finFlag, 0), done);
        this.#onServerDone(id);
      },
      destroy: (error, done) => {
        const stream = this.#open.get(id);
        if (stream) {
          this.#open.delete(id);
          stream.room();
          this.#control(frame.reset, Buffer.concat([uint32(id), uint32(cancel)]));
        }
        done(error);
      },
    });
    body.on("error", () => {}); // Told to whoever reads or writes it; alone it would end us.
    return body;
  }

  #onClientDone(id: number): void {
    const stream = this.#open.get(id);
    if (!stream || stream.clientDone) return;
    stream.clientDone = true;
    stream.body.push(null);
    if (stream.serverDone) this.#open.delete(id);
  }

  #onServerDone(id: number): void {
    const stream = this.#open.get(id);
    if (!stream) return;
    stream.serverDone = true;
    if (stream.clientDone) this.#open.delete(id);
  }

  #endStreams(): void {
    for (const { body } of this.#open.values()) body.destroy();
  }

  #reset(id: number): void {
    const stream = this.#open.get(id);
    this.#open.delete(id);
    stream?.body.destroy();
  }

  #control(type: number, payload: Buffer): void {
    if (!this.#transport.writable) return;
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(payload.length, 4);
    this.#transport.write(Buffer.concat([head, payload]));
  }
}

function dataHead(id: number, flags: number, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(id, 0);
  head.writeUInt32BE(length, 4);
  head.writeUInt8(flags, 4);
  return head;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
