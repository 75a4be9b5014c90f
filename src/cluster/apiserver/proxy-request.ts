// The proxy subresource of pods and services: an HTTP request that is passed on to what runs there,
// and its answer.
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

/** Of the connection rather than of the message, and those that `fetch` sets itself. */
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
  const headers = new Headers(request.headers);
  for (const name of hopHeaders) headers.delete(name);
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  try {
    const answer = await fetch(`http://${address}:${port}${path}`, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: request.signal,
      ...(hasBody && { body: await request.arrayBuffer() }),
    });
    const answered = new Headers(answer.headers);
    // `fetch` has unpacked the body; it is handed on piece by piece.
    for (const name of ["connection", "content-encoding", "content-length", "keep-alive"])
      answered.delete(name);
    if (answer.body) answered.set("transfer-encoding", "chunked");
    return new Response(answer.body, { status: answer.status, headers: answered });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ApiProblem(503, "ServiceUnavailable", `error trying to reach service: ${why}`);
  }
}
