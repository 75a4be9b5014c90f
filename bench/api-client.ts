// A load generator for API servers: keep-alive HTTPS connections, each with one request at a time.
import { Agent, request } from "node:https";
import { readKubeconfig } from "../src/kube/kubeconfig.ts";

export type BenchClient = {
  /** Rejects on any answer that is no success. Returns the body's text. */
  readonly send: (
    method: string,
    path: string,
    body?: object,
    contentType?: string,
  ) => Promise<string>;
  /** Calls back with each line of a watch until `close`. Resolves when the first bytes are there. */
  readonly watch: (path: string, onLine: (line: string) => void) => Promise<void>;
  readonly close: () => void;
};

export function benchClient(kubeconfig: string, connections: number): BenchClient {
  const { server, certificateAuthority, token = "" } = readKubeconfig(kubeconfig);
  const { hostname, port } = new URL(server);
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: certificateAuthority });
  const watching = new AbortController();
  const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
  return {
    send(method, path, body, contentType = "application/json") {
      const text = body === undefined ? undefined : JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const outgoing = request({
          agent,
          hostname,
          port,
          method,
          path,
          headers: {
            ...headers,
            ...(text !== undefined && {
              "content-type": contentType,
              "content-length": Buffer.byteLength(text),
            }),
          },
        });
        outgoing.on("response", (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () => {
            const answer = Buffer.concat(chunks).toString("utf8");
            if ((incoming.statusCode ?? 500) < 300) resolve(answer);
            else reject(new Error(`${method} ${path}: ${incoming.statusCode} ${answer}`));
          });
        });
        outgoing.on("error", reject);
        outgoing.end(text);
      });
    },
    watch(path, onLine) {
      return new Promise((resolve, reject) => {
        const outgoing = request({
          agent: new Agent({ ca: certificateAuthority }),
          hostname,
          port,
          path,
          headers,
          signal: watching.signal,
        });
        outgoing.on("error", reject);
        outgoing.on("response", (incoming) => {
          resolve();
          let rest = "";
          incoming.setEncoding("utf8");
          incoming.on("error", () => {});
          incoming.on("data", (chunk: string) => {
            const lines = (rest + chunk).split("\n");
            rest = lines.pop() ?? "";
            lines.forEach(onLine);
          });
        });
        outgoing.end();
      });
    },
    close() {
      watching.abort();
      agent.destroy();
    },
  };
}

/** Runs `count` jobs, `width` at a time; returns how long all of them took, in milliseconds. */
export async function inParallel(
  count: number,
  width: number,
  run: (index: number) => Promise<unknown>,
): Promise<number> {
  const beganMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return performance.now() - beganMs;
}

/** The number that a write put into the watched object, as a line of the watch tells it. */
export function markOf(line: string): string | undefined {
  return /"mark":"(\d+)"/.exec(line)?.[1];
}
