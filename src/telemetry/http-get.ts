// The real way to fetch a page: HTTP over connections that are kept open between scrapes, with the
// settings of a job. Everything that went wrong is thrown as an Error whose message suits a target's
// `lastError`.
import { readFile } from "node:fs/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Authorization, HttpSettings, Secret } from "./scrape-job.ts";

/** Resolves with a 200 response; aborting the signal rejects. */
export type HttpGet = (url: string, options: HttpGetOptions) => Promise<HttpPage>;

export type HttpGetOptions = {
  /** Told to the server; the caller ends the request by the signal. */
  readonly timeoutMs: number;
  /** Of the body when it is no longer compressed; 0 is without limit. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

export type HttpPage = {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
};

/** As many as Go's client follows. */
const maxRedirects = 10;

/** Each getter has connections of its own; idle ones do not keep the process alive. */
export function keepAliveGet(settings: HttpSettings): HttpGet {
  const { ca, cert, key, serverName, insecureSkipVerify } = settings.tls;
  const agents = {
    "http:": new http.Agent({ keepAlive: true, maxFreeSockets: 1 }),
    "https:": new https.Agent({
      keepAlive: true,
      maxFreeSockets: 1,
      rejectUnauthorized: insecureSkipVerify !== true,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(serverName !== undefined && { servername: serverName }),
    }),
  };
  return async (url, options) => {
    const authorization = settings.authorization && (await headerOf(settings.authorization));
    let from = new URL(url);
    const { host } = from;
    for (let redirects = 0; ; redirects++) {
      if (from.protocol !== "http:" && from.protocol !== "https:")
        throw new Error(`unsupported protocol scheme ${JSON.stringify(from.protocol)}`);
      const headers = {
        accept: settings.accept,
        "accept-encoding": settings.gzip ? "gzip" : "identity",
        "user-agent": "dunlin",
        "x-prometheus-scrape-timeout-seconds": String(options.timeoutMs / 1000),
        // A server that sends us elsewhere must not thereby hand out what is meant for itself.
        ...(authorization !== undefined && from.host === host && { authorization }),
      };
      const answer = await getOnce(from, agents[from.protocol], headers, options);
      if (answer.kind === "page") return answer.page;
      if (!settings.followRedirects) throw new Error(answer.status);
      if (redirects === maxRedirects) throw new Error(`stopped after ${maxRedirects} redirects`);
      from = answer.to;
    }
  };
}

async function headerOf(authorization: Authorization): Promise<string> {
  if (authorization.kind === "credentials")
    return `${authorization.type} ${await secretOf(authorization.credentials)}`;
  const { username, password } = authorization;
  const pair = `${await secretOf(username)}:${await secretOf(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** Files often end with a newline, which belongs to no secret. */
async function secretOf(secret: Secret): Promise<string> {
  return "text" in secret ? secret.text : (await readFile(secret.file, "utf8")).trim();
}

type Answer =
  | { readonly kind: "page"; readonly page: HttpPage }
  | { readonly kind: "redirect"; readonly to: URL; readonly status: string };

class ReusedConnectionLost extends Error {}

async function getOnce(
  url: URL,
  agent: http.Agent,
  headers: http.OutgoingHttpHeaders,
  options: HttpGetOptions,
): Promise<Answer> {
  try {
    return await get(url, agent, headers, options);
  } catch (error) {
    // The server may close an idle connection just as it is used again: that says nothing about the
    // server, so the request is made once more, on a new connection.
    if (!(error instanceof ReusedConnectionLost) || options.signal.aborted) throw error;
    return get(url, agent, headers, options);
  }
}

function get(
  url: URL,
  agent: http.Agent,
  headers: http.OutgoingHttpHeaders,
  { maxBytes, signal }: HttpGetOptions,
): Promise<Answer> {
  const limit = maxBytes > 0 ? maxBytes : Number.POSITIVE_INFINITY;
  const { request: send } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, headers, signal }, (response) => {
      const status = statusOf(response);
      if (status !== undefined) {
        response.resume();
        const to = redirectOf(response, url);
        if (to) resolve({ kind: "redirect", to, status });
        else reject(new Error(status));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= limit) return void chunks.push(chunk);
        reject(bodyTooLarge());
        request.destroy();
      });
      response.on("end", () => {
        const { headers: received } = response;
        const contentType = received["content-type"];
        uncompressed(Buffer.concat(chunks), received["content-encoding"], limit).then(
          (body) => resolve({ kind: "page", page: { body, contentType, headers: received } }),
          reject,
        );
      });
      response.on("error", reject);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const lost = request.reusedSocket && error.code === "ECONNRESET";
      reject(lost ? new ReusedConnectionLost(error.message, { cause: error }) : error);
    });
    request.end();
  });
}

/** Undefined for 200. */
function statusOf({ statusCode = 0, statusMessage = "" }: IncomingMessage): string | undefined {
  return statusCode === 200
    ? undefined
    : `server returned HTTP status ${statusCode} ${statusMessage}`.trimEnd();
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined;
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

const bodyTooLarge = (): Error => new Error("body size limit exceeded");

const inflate = promisify(gunzip);

/** The limit holds while it is inflated: a few bytes can stand for gigabytes. */
async function uncompressed(
  body: Buffer,
  encoding: string | undefined,
  limit: number,
): Promise<Buffer> {
  if (encoding === undefined || encoding === "identity" || body.length === 0) return body;
  if (encoding !== "gzip") throw new Error(`unsupported Content-Encoding ${encoding}`);
  try {
    return await inflate(body, Number.isFinite(limit) ? { maxOutputLength: limit } : {});
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") throw bodyTooLarge();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`invalid gzip: ${reason}`, { cause: error });
  }
}
