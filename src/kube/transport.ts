// The way to an API server: one function from request to response. Over HTTPS it reaches any
// cluster that a kubeconfig names; inside the embedded cluster it is the handler itself.
import { Agent, request as httpsRequest } from "node:https";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

/** The host of the request's URL is ignored: a transport leads to one server. */
export type Transport = (request: Request) => Promise<Response>;

export type ServerAccess = {
  readonly server: string;
  /** PEM; absent where the system's authorities are to be trusted. */
  readonly certificateAuthority?: string;
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecureSkipTlsVerify?: boolean;
};

export type HttpTransport = { readonly transport: Transport; readonly close: () => void };

const answerTimeoutMs = 30_000;

/** Rejects with the system's error (ECONNREFUSED and so on) when the server cannot be reached. */
export function httpTransport(access: ServerAccess): HttpTransport {
  const server = new URL(access.server);
  const secure = server.protocol === "https:";
  const agent = secure
    ? new Agent({
        keepAlive: true,
        ca: access.certificateAuthority,
        cert: access.clientCertificate,
        key: access.clientKey,
        rejectUnauthorized: access.insecureSkipTlsVerify !== true,
      })
    : new HttpAgent({ keepAlive: true });
  const send = secure ? httpsRequest : httpRequest;

  const exchange = (request: Request, body: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(request.url);
      const headers: Record<string, string> = Object.fromEntries(request.headers);
      if (access.token !== undefined) headers["authorization"] = `Bearer ${access.token}`;
      if (body !== "") headers["content-length"] = String(Buffer.byteLength(body));
      const outgoing = send({
        agent,
        host: server.hostname,
        port: server.port,
        path: server.pathname.replace(/\/$/, "") + pathname + search,
        method: request.method,
        headers,
        signal: request.signal,
      });
      // A server that accepts and then says nothing must not hold its caller for ever. What an answer
      // then takes is its own business: a watch lasts.
      outgoing.setTimeout(answerTimeoutMs, () =>
        outgoing.destroy(new Error(`no answer from ${access.server} within ${answerTimeoutMs} ms`)),
      );
      outgoing.on("response", (incoming) => {
        outgoing.setTimeout(0);
        resolve(incoming);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  return {
    async transport(request) {
      const incoming = await exchange(request, await request.text());
      return new Response(webBody(incoming), {
        status: incoming.statusCode ?? 500,
        headers: { "content-type": incoming.headers["content-type"] ?? "application/json" },
      });
    },
    close: () => agent.destroy(),
  };
}

/** The two declarations of ReadableStream, Node's and the global one, describe the same class. */
function webBody(incoming: IncomingMessage): globalThis.ReadableStream<Uint8Array> {
  const stream: ReadableStream = Readable.toWeb(incoming);
  return stream as globalThis.ReadableStream<Uint8Array>;
}
