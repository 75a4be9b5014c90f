// For tests: the client's side of SPDY/3.1, frame by frame, so that it can also break the rules.
import type { Duplex } from "node:stream";
import { ByteReader } from "./byte-reader.ts";
import { HeaderDecoder, HeaderEncoder } from "./spdy-headers.ts";

export type SpdyFrame =
  | { readonly kind: "data"; readonly stream: number; readonly fin: boolean; readonly data: string }
  | { readonly kind: "control"; readonly type: number; readonly payload: Buffer };

export class SpdyClient {
  readonly #transport: Duplex;
  readonly #bytes: ByteReader;
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  #nextStream = 1;

  constructor(transport: Duplex) {
    this.#transport = transport;
    this.#bytes = new ByteReader(transport);
  }

  /** Opens a stream, and resolves with its number; the answer is read by `next`. */
  async open(headers: Readonly<Record<string, string>>): Promise<number> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const block = await this.#encoder.encode(new Map(Object.entries(headers)));
    this.control(1, Buffer.concat([uint32(stream), uint32(0), Buffer.alloc(2), block]));
    return stream;
  }

  control(type: number, payload: Buffer): void {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(payload.length, 4);
    this.#transport.write(Buffer.concat([head, payload]));
  }

  /** False when the transport wants no more for now. */
  data(stream: number, data: string | Buffer, fin = false): boolean {
    const bytes = Buffer.from(data);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(stream, 0);
    head.writeUInt32BE(bytes.length, 4);
    head.writeUInt8(fin ? 1 : 0, 4);
    return this.#transport.write(Buffer.concat([head, bytes]));
  }

  reset(stream: number): void {
    this.control(3, Buffer.concat([uint32(stream), uint32(5)]));
  }

  /** Undefined at the end of the connection. */
  async next(): Promise<SpdyFrame | undefined> {
    const head = await this.#bytes.exactly(8);
    if (!head) return undefined;
    const payload = await this.#bytes.exactly(head.readUInt32BE(4) & 0xffffff);
    if (!payload) return undefined;
    if (head.readUInt8(0) < 0x80) {
      const fin = (head.readUInt8(4) & 1) !== 0;
      return { kind: "data", stream: head.readUInt32BE(0), fin, data: payload.toString() };
    }
    const type = head.readUInt16BE(2);
    if (type === 2) await this.#decoder.decode(payload.subarray(4));
    return { kind: "control", type, payload };
  }

  /** What comes on each stream, until that many have ended. */
  async texts(streams: number): Promise<ReadonlyMap<number, string>> {
    const texts = new Map<number, string>();
    for (let left = streams; left > 0;) {
      const frame = await this.next();
      if (!frame) throw new Error(`the connection ended after ${JSON.stringify([...texts])}`);
      if (frame.kind !== "data") continue;
      texts.set(frame.stream, (texts.get(frame.stream) ?? "") + frame.data);
      if (frame.fin) left--;
    }
    return texts;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
