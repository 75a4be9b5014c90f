// Requests and responses whose whole body is at hand. Those of the platform turn every body into a
// stream and back, which costs a short exchange within the process a fifth of its time. These give
// their body as it is, and make a stream only for whoever asks for one.

type Body = string | Uint8Array<ArrayBuffer>;

/** What is overridden; the platform's types have these as properties, which no method may override. */
type BodyMember = "text" | "json" | "arrayBuffer" | "bytes" | "blob" | "body" | "clone";
const PlatformRequest: new (url: string, init: RequestInit) => Omit<Request, BodyMember> = Request;
const PlatformResponse: new (body: null, init: ResponseInit) => Omit<Response, BodyMember> =
  Response;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class BufferedRequest extends PlatformRequest {
  readonly #body: Body;

  constructor(url: string, init: Omit<RequestInit, "body">, body: Body) {
    super(url, init);
    this.#body = body;
  }

  text(): Promise<string> {
    return Promise.resolve(textOf(this.#body));
  }

  json(): Promise<unknown> {
    return jsonOf(this.#body);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(bufferOf(this.#body));
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(bytesOf(this.#body));
  }

  blob(): Promise<Blob> {
    return platformBody(this.#body).blob();
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return platformBody(this.#body).body;
  }

  clone(): BufferedRequest {
    const { url, method, headers, signal } = this;
    return new BufferedRequest(url, { method, headers, signal }, this.#body);
  }
}

export class BufferedResponse extends PlatformResponse {
  readonly #body: Body;

  constructor(body: Body, init: ResponseInit) {
    super(null, init);
    this.#body = body;
  }

  /** The body as it was given, for whoever sends it on. */
  get buffered(): Body {
    return this.#body;
  }

  text(): Promise<string> {
    return Promise.resolve(textOf(this.#body));
  }

  json(): Promise<unknown> {
    return jsonOf(this.#body);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(bufferOf(this.#body));
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(bytesOf(this.#body));
  }

  blob(): Promise<Blob> {
    return platformBody(this.#body).blob();
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return platformBody(this.#body).body;
  }

  clone(): BufferedResponse {
    const { status, statusText, headers } = this;
    return new BufferedResponse(this.#body, { status, statusText, headers });
  }
}

function textOf(body: Body): string {
  return typeof body === "string" ? body : decoder.decode(body);
}

function bytesOf(body: Body): Uint8Array<ArrayBuffer> {
  return typeof body === "string" ? encoder.encode(body) : body;
}

/** Exactly the body's bytes: a view of a larger buffer is copied. */
function bufferOf(body: Body): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytesOf(body);
  const isWhole = byteLength === buffer.byteLength;
  return isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

/** Rejects, as the platform's do, where the text is no JSON. */
async function jsonOf(body: Body): Promise<unknown> {
  return await Promise.resolve(JSON.parse(textOf(body)) as unknown);
}

function platformBody(body: Body): Response {
  return new Response(body);
}
