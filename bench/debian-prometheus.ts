// Debian's Prometheus as the peer of our figures: on a free loopback port, with its data in a folder
// that goes when it ends, and fed by remote write.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeRequestBody, type SeriesToWrite } from "../src/telemetry/write-request-fixture.ts";

export type PeerPrometheus = {
  readonly url: string;
  readonly pid: number;
  /** Rejects with the answer's text if it is refused. */
  write(series: readonly SeriesToWrite[]): Promise<void>;
  stop(): Promise<void>;
};

/** Rejects if there is none on the PATH, or it is not ready within 30 s. */
export async function startPrometheus(): Promise<PeerPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-bench-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, "global: {}\n");
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${new URL(url).host}`,
      "--web.enable-remote-write-receiver",
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    // It rejects if there was nothing to start, which the caller has been told.
    await ended.catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([untilReady(url), failedToStart(ended)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    stop,
    write: async (series) => {
      const answer = await fetch(`${url}/api/v1/write`, {
        method: "POST",
        headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
        body: new Uint8Array(writeRequestBody(series)),
      });
      if (!answer.ok) throw new Error(`prometheus refused a write: ${await answer.text()}`);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("prometheus was not ready within 30 s");
}

async function failedToStart(ended: Promise<unknown[]>): Promise<never> {
  const [code] = await ended;
  throw new Error(`prometheus ended with ${String(code)} before it was ready`);
}
