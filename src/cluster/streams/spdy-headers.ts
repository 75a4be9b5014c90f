// Header blocks of SPDY/3.1: names and values, deflated with the protocol's dictionary. All blocks of
// one direction share one compression state, so each must pass through here, in order.
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";

export type Headers = ReadonlyMap<string, string>;

/** More than any client of ours sends; a block that inflates to more is an attack or an error. */
const blockBytesMax = 64 * 1024;

// prettier-ignore
const dictionaryWords = [
  "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset",
  "accept-encoding", "accept-language", "accept-ranges", "age", "allow", "authorization",
  "cache-control", "connection", "content-base", "content-encoding", "content-language",
  "content-length", "content-location", "content-md5", "content-range", "content-type", "date",
  "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match",
  "if-range", "if-unmodified-since", "last-modified", "location", "max-forwards", "pragma",
  "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after", "server", "te",
  "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
  "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public",
  "set-cookie", "keep-alive", "origin",
];
const dictionaryText = [
  "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505",
  "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request",
  "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented",
  "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00",
  " Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,",
  "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=",
  "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.",
].join("");

/** The dictionary of the SPDY/3 specification, §2.6.10.1: words with their lengths, then plain text. */
const spdyDictionary: Buffer = Buffer.concat([
  ...dictionaryWords.flatMap((word) => [uint32(word.length), Buffer.from(word)]),
  Buffer.from(dictionaryText),
]);

export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({
    dictionary: spdyDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
  });

  constructor() {
    this.#inflate.on("error", () => {}); // Told by `decode`; an error without a listener would end us.
  }

  /** Rejects for a block that is malformed or too large. */
  async decode(block: Buffer): Promise<Headers> {
    return parse(await through(this.#inflate, block));
  }

  close(): void {
    this.#inflate.close();
  }
}

export class HeaderEncoder {
  readonly #deflate: Deflate = createDeflate({
    dictionary: spdyDictionary,
    flush: constants.Z_SYNC_FLUSH,
  });

  encode(headers: Headers): Promise<Buffer> {
    const fields = [...headers].flatMap(([name, value]) => [field(name), field(value)]);
    return through(this.#deflate, Buffer.concat([uint32(headers.size), ...fields]));
  }

  close(): void {
    this.#deflate.close();
  }
}

/** What comes out for what is put in, which is known to be all once it has been taken. */
function through(zlib: Inflate | Deflate, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const output: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > blockBytesMax) finish(new Error("a header block is too large"));
      else output.push(chunk);
    };
    const finish = (error?: Error | null): void => {
      zlib.off("data", onData);
      zlib.off("error", finish);
      if (error) reject(error);
      else resolve(Buffer.concat(output));
    };
    zlib.on("data", onData);
    zlib.on("error", finish);
    zlib.write(input, finish);
  });
}

function parse(block: Buffer): Headers {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > block.length) throw new Error("a header block is cut off");
    at += length;
    return block.subarray(at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = take(4).readUInt32BE(); left > 0; left--) {
    const name = take(take(4).readUInt32BE()).toString().toLowerCase();
    headers.set(name, take(take(4).readUInt32BE()).toString());
  }
  return headers;
}

function field(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
