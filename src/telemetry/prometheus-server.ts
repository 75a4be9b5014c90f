// Puts a Request → Response handler on a TCP port, over node:http.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handler } from "./prometheus-api.ts";

export type HttpServer = {
  /** `http://address:port`, with the port that was really bound. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
};

const maxBodyBytes = 1024 * 1024;

/** Rejects if the address cannot be bound; port 0 takes any free one. */
export function serve(
  handler: Handler,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const server = createServer((request, response) => void answer(handler, request, response));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      // A server that listens on TCP has an address of this form.
      const bound = server.address() as AddressInfo;
      const name = host.includes(":") ? `[${host}]` : host;
      resolve({
        url: `http://${name}:${bound.port}`,
        port: bound.port,
        close: () =>
          new Promise((closed, failed) => {
            server.close((error) => (error ? failed(error) : closed()));
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const body = await bodyOf(incoming);
    const response = body === undefined ? tooLarge() : await handler(requestOf(incoming, body));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch {
    // The client sent what is no request, or left; there is nobody to tell more.
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  }
}

const tooLarge = (): Response =>
  new Response(`request body exceeds ${maxBodyBytes} bytes\n`, { status: 413 });

/** Undefined if there is more than fits. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks);
}

function requestOf(incoming: IncomingMessage, body: Buffer): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const contentType = headers["content-type"];
  return new Request(new URL(url, "http://localhost"), {
    method,
    ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
    ...(method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) }),
  });
}
