// Calls one webhook over HTTPS: by URL, or by a Service of the cluster, whose name its certificate
// must bear. One exchange of JSON within a time limit; nothing is retried.
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../lib/clock.ts";
import type { WebhookClientConfig } from "../../resources/webhook-configuration.ts";
import { callProblem } from "./call-problem.ts";

/** A ready endpoint of a Service, by its cluster name; undefined when there is none. */
export type ResolveService = (
  hostname: string,
  port: number,
) => { readonly address: string; readonly port: number } | undefined;

export type CallOptions = {
  readonly config: WebhookClientConfig;
  readonly body: object;
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  readonly resolve: ResolveService;
};

/** An AdmissionReview with a patch of a large object, with room to spare. */
const answerBytesMax = 16 * 1024 * 1024;

/** Rejects with an Error in the words of Go's HTTP client, which users of webhooks know. */
export async function callWebhook(options: CallOptions): Promise<unknown> {
  const { config, body, timeoutSeconds, clock, resolve } = options;
  const url = urlOf(config);
  url.searchParams.set("timeout", `${timeoutSeconds}s`);
  const patience = new AbortController();
  const cancel = clock.after(timeoutSeconds * 1000, () => patience.abort());
  try {
    const answer = await exchange(url, config, body, resolve, patience.signal);
    return JSON.parse(answer) as unknown;
  } catch (error) {
    const why = patience.signal.aborted ? "context deadline exceeded" : callProblem(error);
    throw new Error(`failed to call webhook: Post "${url.href}": ${why}`, { cause: error });
  } finally {
    cancel();
  }
}

function urlOf({ url, service }: WebhookClientConfig): URL {
  if (url !== undefined) return new URL(url);
  const { name = "", namespace = "", path = "", port = 443 } = service ?? {};
  return new URL(`https://${name}.${namespace}.svc:${port}${path}`);
}

async function exchange(
  url: URL,
  { service, caBundle }: WebhookClientConfig,
  body: object,
  resolve: ResolveService,
  signal: AbortSignal,
): Promise<string> {
  const port = Number(url.port || 443);
  const endpoint = service ? resolve(url.hostname, port) : { address: undefined, port };
  if (!endpoint)
    return Promise.reject(new Error(`no endpoints available for service "${service?.name ?? ""}"`));
  const text = JSON.stringify(body);
  const { promise, resolve: answered, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(
    {
      host: endpoint.address ?? url.hostname.replace(/^\[|\]$/g, ""),
      port: endpoint.port,
      path: url.pathname + url.search,
      method: "POST",
      servername: service ? url.hostname : undefined,
      headers: {
        host: url.host,
        "content-type": "application/json",
        accept: "application/json",
        "content-length": Buffer.byteLength(text),
      },
      ...(caBundle && { ca: Buffer.from(caBundle, "base64").toString() }),
      agent: false,
      signal,
    },
    answered,
  );
  outgoing.on("error", reject);
  outgoing.end(text);
  return readAnswer(await promise);
}

async function readAnswer(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax)
      throw new Error(`the answer is longer than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const code = incoming.statusCode ?? 0;
  if (code < 200 || code > 299)
    throw new Error(`the server responded with status ${code}: ${text.slice(0, 200)}`);
  return text;
}
