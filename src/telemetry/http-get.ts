// The real way to fetch a page: HTTP over connections that are kept open between rounds. Everything
// that went wrong is thrown as an Error whose message suits a target's `lastError`.
import http from "node:http";
import https from "node:https";

/** Resolves with the body of a 200 response; aborting the signal rejects. */
export type HttpGet = (url: string, options: HttpGetOptions) => Promise<string>;

export type HttpGetOptions = {
  /** Told to the server; the caller ends the request by the signal. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

/** Each getter has connections of its own; idle ones do not keep the process alive. */
export function keepAliveGet(): HttpGet {
  const agents = {
    "http:": new http.Agent({ keepAlive: true, maxFreeSockets: 1 }),
    "https:": new https.Agent({ keepAlive: true, maxFreeSockets: 1 }),
  };
  return async (url, options) => {
    const parsed = new URL(url);
    if (parsed.protocol !== "http:" && parsed.protocol !== "https:")
      throw new Error(`unsupported scheme ${parsed.protocol}`);
    const agent = agents[parsed.protocol];
    try {
      return await get(parsed, agent, options);
    } catch (error) {
      // The server may close an idle connection just as it is used again: that says nothing about
      // the server, so the request is made once more, on a new connection.
      if (!(error instanceof ReusedConnectionLost) || options.signal.aborted) throw error;
      return get(parsed, agent, options);
    }
  };
}

class ReusedConnectionLost extends Error {}

/** Prometheus' classic text, which every exporter can write. */
const accept = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

function get(url: URL, agent: http.Agent, options: HttpGetOptions): Promise<string> {
  const { timeoutMs, maxBytes, signal } = options;
  const { request: send } = url.protocol === "https:" ? https : http;
  const headers = {
    accept,
    "accept-encoding": "identity",
    "user-agent": "dunlin",
    "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000),
  };
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, headers, signal }, (response) => {
      const { statusCode = 0, statusMessage = "" } = response;
      if (statusCode !== 200) {
        response.resume();
        reject(new Error(`server returned HTTP status ${statusCode} ${statusMessage}`.trimEnd()));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) request.destroy(new Error(`body exceeds ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      response.on("error", reject);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const lost = request.reusedSocket && error.code === "ECONNRESET";
      reject(lost ? new ReusedConnectionLost(error.message, { cause: error }) : error);
    });
    request.end();
  });
}
