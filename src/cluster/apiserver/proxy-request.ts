// The proxy subresource of pods and services: an HTTP request that is passed on to what runs there,
// and its answer.
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import { ApiProblem, badRequest } from "../api-status.ts";
import type { ResolveService } from "../webhooks/webhook-client.ts";
import { parsePort } from "./pod-streams.ts";

/** Where a request goes: NAME, NAME:PORT or SCHEME:NAME:PORT, as the path has it. */
export type ProxyName = {
  readonly name: string;
  /** A number, or the name of one; empty where there is but one. */
  readonly port: string;
};

export type ProxyTarget = { readonly address: string; readonly port: number };

/** Of the connection rather than of the message; and the token of the cluster, which is nobody's. */
const hopHeaders = [
  "authorization",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Throws 400 for a name that is none of the three, and for https, which is not spoken here. */
export function parseProxyName(text: string): ProxyName {
  const parts = text.split(":");
  const [scheme, name, port = ""] = parts.length === 3 ? parts : ["http", ...parts];
  if (scheme === "https") throw badRequest(`"${text}": the proxy of this cluster speaks http only`);
  if (parts.length > 3 || !name || (scheme !== "http" && scheme !== ""))
    throw badRequest(`invalid pod or service request "${text}"`);
  return { name, port };
}

/** Throws 400 for a pod without an address, or without that port. */
export function podTarget(pod: Pod, port: string): ProxyTarget {
  const address = pod.status?.podIP;
  if (address === undefined || address === "")
    throw badRequest(`pod ${pod.metadata.name} has no address yet`);
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const named = ports.find(({ name }) => name === port)?.containerPort;
  const number = port === "" ? (ports[0]?.containerPort ?? 80) : (named ?? parsePort(port));
  if (number === undefined) throw badRequest(`no port "${port}" in pod ${pod.metadata.name}`);
  return { address, port: number };
}

/** Throws 503 for a service without endpoints or without that port, in upstream's words. */
export function serviceTarget(
  { metadata, spec }: Service,
  port: string,
  resolve: ResolveService,
): ProxyTarget {
  const { name, namespace = "default" } = metadata;
  const ports = spec.ports ?? [];
  const chosen =
    port === "" && ports.length === 1
      ? ports[0]
      : ports.find((one) => one.name === port || String(one.port) === port);
  if (!chosen)
    throw new ApiProblem(
      503,
      "ServiceUnavailable",
      `no service port "${port}" found for service "${name}"`,
    );
  const target = resolve(`${name}.${namespace}.svc`, chosen.port);
  if (target) return target;
  throw new ApiProblem(503, "ServiceUnavailable", `no endpoints available for service "${name}"`);
}

/** Throws 503 when nothing answers there. `path` begins with a slash and includes the query. */
export async function passOn(
  request: Request,
  { address, port }: ProxyTarget,
  path: string,
): Promise<Response> {
  const { method, signal } = request;
  const headers = new Headers(request.headers);
  for (const name of hopHeaders) headers.delete(name);
  const body = Buffer.from(await request.arrayBuffer());
  // Not `fetch`, which knows ports that it will not go to.
  const outgoing = httpRequest({
    host: address,
    port,
    path,
    method,
    signal,
    headers: {
      ...Object.fromEntries(headers),
      ...(body.length > 0 && { "content-length": body.length }),
    },
  });
  outgoing.end(body);
  try {
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    return answerOf(incoming, method);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiProblem(503, "ServiceUnavailable", `error trying to reach service: ${why}`);
  }
}

/** Handed on piece by piece. */
function answerOf(incoming: IncomingMessage, method: string): Response {
  const { statusCode = 502, headersDistinct } = incoming;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct))
    if (!hopHeaders.includes(name)) for (const value of values) headers.append(name, value);
  const isEmpty = method === "HEAD" || statusCode === 204 || statusCode === 304;
  if (isEmpty) {
    incoming.resume();
    return new Response(null, { status: statusCode, headers });
  }
  headers.set("transfer-encoding", "chunked");
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, {
    status: statusCode,
    headers,
  });
}
