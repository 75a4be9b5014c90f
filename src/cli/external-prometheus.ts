// A real Prometheus in place of ours, for `--prometheus external`: the program of that name on the
// PATH, as a child that ends with the cluster, scrapes what we tell it to and answers the queries.
import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  startProcess,
  type ContainerProcess,
  type ProcessHost,
} from "../cluster/kubelet/container-process.ts";
import { sleep, type CancelTimer, type Clock } from "../lib/clock.ts";
import { formatDuration } from "../lib/duration.ts";
import { UserError } from "../lib/user-error.ts";
import { httpSd } from "../telemetry/http-sd.ts";
import { serve } from "../telemetry/prometheus-server.ts";
import type { TargetGroup } from "../telemetry/scrape-job.ts";
import { podsJob, servicesJob } from "../telemetry/scrape-targets.ts";
import { followTargets, type PrometheusSide } from "./prometheus-side.ts";

export type ExternalPrometheusOptions = {
  readonly processes: ProcessHost;
  /** Where it listens, at any free port. */
  readonly address: string;
  /** Its configuration, samples and log go to folders and files of this one. */
  readonly dataDir: string;
  /** Where the program is looked for. */
  readonly path: string;
  readonly log: (line: string) => void;
};

/** http_sd came with 2.28; what a version after 3 understands is not known. */
const oldest = { major: 2, minor: 28 };
const newestMajor = 3;

/** What `--prometheus` asks for: undefined for our own. Throws a UserError for what cannot be had. */
export async function externalPrometheusOption(
  which: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly path: string } | undefined> {
  if (which === "internal") return undefined;
  if (which !== "external")
    throw new UserError(`--prometheus takes internal or external, not "${which}"`);
  const path = env["PATH"] ?? "";
  await checkPrometheus(path);
  return { path };
}

/** Throws a UserError when the program is missing, or of a version that is not known to work. */
async function checkPrometheus(path: string): Promise<void> {
  let output: string;
  try {
    const run = await promisify(execFile)("prometheus", ["--version"], {
      env: { PATH: path },
      timeout: 10_000,
    });
    output = run.stdout + run.stderr;
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new UserError(
      isMissing
        ? "--prometheus external runs the program prometheus, which is not on the PATH; " +
            "install it (on Debian: apt-get install prometheus)"
        : `--prometheus external: prometheus --version failed: ${String(cause)}`,
      { cause },
    );
  }
  const [, major, minor] = /version v?(\d+)\.(\d+)/.exec(output) ?? [];
  const version = { major: Number(major), minor: Number(minor) };
  const isOld =
    version.major < oldest.major ||
    (version.major === oldest.major && version.minor < oldest.minor);
  if (major === undefined || isOld || version.major > newestMajor)
    throw new UserError(
      "--prometheus external needs a Prometheus from version " +
        `${oldest.major}.${oldest.minor} to ${newestMajor}.x, and the one on the PATH says ` +
        JSON.stringify(output.split("\n")[0] ?? ""),
    );
}

/** It replays what an earlier run left before it is ready. */
const readyWithinMs = 60_000;
const restartMs = 5_000;
/** For writing down what it has in memory; what is not written then is in its journal. */
const graceMs = 5_000;

/** Resolves when it answers queries; throws a UserError with its own last words when it does not. */
export async function startExternalPrometheus(
  options: ExternalPrometheusOptions,
): Promise<PrometheusSide> {
  const { address } = options;
  await using started = new AsyncDisposableStack();
  const groups = new Map<string, TargetGroup>(jobs.map(({ name }) => [name, nothing]));
  const discovery = await serve(
    httpSd((job) => groups.get(job)),
    { host: address, port: 0 },
  );
  started.defer(() => discovery.close());
  const { port, close } = await keepRunning(options, configText(discovery.url));
  started.defer(close);
  const running = started.move();
  const { intervalMs } = podsJob;
  return {
    port,
    sources: (knownAs) => ({
      local: new Map(),
      scraped: new Map(knownAs.map((each) => [each, { intervalMs }])),
    }),
    scrape(caches) {
      followTargets(caches, options.processes.clock, ({ pods, services }) => {
        groups.set(podsJob.name, pods);
        groups.set(servicesJob.name, services);
      });
    },
    close: () => running.disposeAsync(),
  };
}

const jobs = [podsJob, servicesJob];
const nothing: TargetGroup = { targets: [], labels: {} };

/** Starts it again whenever it ends by itself. */
async function keepRunning(
  options: ExternalPrometheusOptions,
  config: string,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { address, dataDir, processes, log } = options;
  const folder = join(dataDir, "prometheus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "prometheus.yml"), config, { mode: 0o600 });
  const logPath = join(dataDir, "prometheus.log");
  const place: Place = { folder, logPath, port: await freePort(address) };
  rmSync(logPath, { force: true });
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const lookAfter = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { how } = await runOnce(options, place, stop.signal, ready.resolve);
      if (stop.signal.aborted) return;
      const ended = `prometheus ${how}; its log is ${logPath}`;
      ready.reject(new UserError(`--prometheus external: ${ended}`));
      log(`${ended}; it is started again in ${restartMs / 1000} s`);
      await sleep(processes.clock, restartMs, stop.signal);
    }
  };
  const over = lookAfter();
  const close = async (): Promise<void> => {
    stop.abort();
    await over;
  };
  try {
    await ready.promise;
  } catch (error) {
    await close();
    throw error;
  }
  return { port: place.port, close };
}

type Place = { readonly folder: string; readonly logPath: string; readonly port: number };

/** From its start to its end, which it never throws: `how` is a clause that says what happened. */
async function runOnce(
  { address, path, processes }: ExternalPrometheusOptions,
  { folder, logPath, port }: Place,
  stop: AbortSignal,
  onReady: () => void,
): Promise<{ readonly how: string }> {
  const command = [
    "prometheus",
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}:${port}`,
    // By default a target that is found waits up to 5 s here, a multiple of what a decision takes.
    "--scrape.discovery-reload-interval=1s",
  ];
  let lastWords = "";
  const onOutput = (_stream: string, chunk: Buffer): void => {
    const text = chunk.toString("utf8");
    lastWords = text.trimEnd().split("\n").at(-1) ?? "";
    appendLog(logPath, text);
  };
  const { clock } = processes;
  let running: ContainerProcess;
  try {
    running = await startProcess(
      { command, env: { PATH: path }, cwd: folder, onOutput },
      processes,
    );
  } catch (error) {
    return {
      how: `could not be started: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const ended = new AbortController();
  let cancelKill: CancelTimer = () => {};
  const terminate = (): void => {
    running.signal("SIGTERM");
    cancelKill = clock.after(graceMs, () => running.signal("SIGKILL"));
  };
  stop.addEventListener("abort", terminate, { once: true });
  if (stop.aborted) terminate();
  let isLate = false;
  void untilReady(`http://${address}:${port}/-/ready`, clock, ended.signal).then((outcome) => {
    if (outcome === "ready") onReady();
    if (outcome !== "late") return;
    isLate = true;
    running.signal("SIGKILL");
  });
  const { exitCode } = await running.exited;
  ended.abort();
  cancelKill();
  stop.removeEventListener("abort", terminate);
  if (isLate) return { how: `was not ready within ${readyWithinMs / 1000} s` };
  return { how: `ended with exit code ${exitCode}: ${lastWords || "it said nothing"}` };
}

async function untilReady(
  url: string,
  clock: Clock,
  ended: AbortSignal,
): Promise<"ready" | "late" | "ended"> {
  const lateAtMs = clock.nowMs() + readyWithinMs;
  for (;;) {
    const response = await fetch(url, { signal: ended }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => {});
    if (response?.ok) return "ready";
    if (ended.aborted) return "ended";
    if (clock.nowMs() > lateAtMs) return "late";
    await sleep(clock, 50, ended);
  }
}

/** A full disk costs the log its lines, and nobody the cluster. */
function appendLog(path: string, text: string): void {
  try {
    appendFileSync(path, text, { mode: 0o600 });
  } catch {
    // There is nowhere to say it.
  }
}

/** One that was free a moment ago: Prometheus wants it by number, and keeps it over restarts. */
function freePort(address: string): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, address, () => {
      // A server that listens on TCP has an address of this form.
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** JSON is YAML. */
function configText(discoveryUrl: string): string {
  const config = {
    scrape_configs: jobs.map(({ name, intervalMs, timeoutMs, honorTimestamps }) => ({
      job_name: name,
      scrape_interval: formatDuration(intervalMs),
      scrape_timeout: formatDuration(timeoutMs),
      honor_timestamps: honorTimestamps,
      http_sd_configs: [{ url: `${discoveryUrl}/${name}`, refresh_interval: "1s" }],
    })),
  };
  return `# Written by dunlin at every start.\n${JSON.stringify(config, undefined, 2)}\n`;
}
