// `dunlin up`: a cluster with Dunlin in it, left running until it is told to stop.
import { UserError } from "../lib/user-error.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { newDecisions } from "./decision-log.ts";
import { openDataDir } from "./data-dir.ts";
import { externalPrometheusOption } from "./external-prometheus.ts";
import { readImageFile } from "./image-file.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { openLogFile } from "./log-file.ts";
import { exportLines } from "./exports.ts";
import { integerOption, readOptions } from "./options.ts";
import { recordRunning } from "./running.ts";
import { readScrapeConfigFile, type ScrapeConfigFile } from "./scrape-config-file.ts";
import { untilStopped } from "./signals.ts";

const help = `Usage: dunlin up [OPTION]...

Starts a Kubernetes-compatible cluster in this process, with Dunlin in it, and leaves it running.

  --data-dir DIR      where its state is kept (default: dunlin in the user's data home)
  --ephemeral         keep nothing when it stops (default: the state is kept)
  --api-port PORT     where the API server listens (default 7443; 0: any free port)
  --ingress-port PORT where inference requests come in (default 7080; 0: any free port)
  --gpus N            how many nvidia.com/gpu the node claims to have (default 8; simulated)
  --images FILE       which local commands images stand for, beside Dunlin's own (default: none);
                      examples/images/vllm.yaml is one
  --prometheus WHICH  internal (default), or external: the program prometheus on the PATH scrapes and
                      is asked, in place of Dunlin's own
  --scrape-config FILE
                      scrape_configs of Prometheus, scraped besides the cluster (default: none)
`;

export async function up(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args, {
    help: { type: "boolean", short: "h" },
    "data-dir": { type: "string" },
    ephemeral: { type: "boolean", default: false },
    "api-port": { type: "string", default: "7443" },
    "ingress-port": { type: "string", default: "7080" },
    gpus: { type: "string", default: "8" },
    images: { type: "string" },
    prometheus: { type: "string", default: "internal" },
    "scrape-config": { type: "string" },
  });
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const ports = { min: 0, max: 65_535 };
  const apiPort = integerOption("--api-port", options["api-port"], ports);
  const ingressPort = integerOption("--ingress-port", options["ingress-port"], ports);
  const gpus = integerOption("--gpus", options.gpus, { min: 0, max: 1_000 });
  const images =
    options.images === undefined ? [] : readImageFile(options.images, env["PATH"] ?? "");
  const externalPrometheus = await externalPrometheusOption(options.prometheus, env);
  const scrapeConfig = scrapeConfigOption(options["scrape-config"], externalPrometheus);
  const dataDir = openDataDir({
    dataDir: options["data-dir"],
    ephemeral: options.ephemeral,
    env,
  });
  // A signal that comes while the cluster starts must not be lost, nor end the process half-way.
  const stopped = untilStopped(wallClock);
  try {
    const say = (line: string) => process.stdout.write(`${line}\n`);
    const logFile = openLogFile(dataDir.path, () => wallClock.nowMs());
    const cluster = await startLocalCluster({
      dataDir: dataDir.path,
      persistent: dataDir.persistent,
      apiPort,
      ingressPort,
      gpus,
      images,
      externalPrometheus,
      scrapeConfig,
      compileCache: env["NODE_COMPILE_CACHE"],
      log: logFile.log,
      onDecision: newDecisions((line, { key }) => {
        logFile.log(`${key}: ${line}`);
        say(`${new Date(wallClock.nowMs()).toISOString().slice(11, 19)}  ${key}: ${line}`);
      }),
    });
    const seconds = (performance.now() / 1000).toFixed(1);
    const kept = dataDir.persistent ? `state in ${dataDir.path}` : "nothing is kept";
    say(`# Dunlin is ready after ${seconds} s; ${kept}.`);
    const claimed = gpus > 0 ? `${gpus} ×` : "no";
    say(
      `# The node's resources are simulated, ${claimed} nvidia.com/gpu among them. Log: ${logFile.path}`,
    );
    const { kubeconfigPath: kubeconfig, apiUrl, ingress } = cluster;
    const { host, port } = ingress;
    const startedAt = new Date(wallClock.nowMs()).toISOString();
    const ended = recordRunning(dataDir.path, {
      startedAt,
      kubeconfig,
      apiUrl,
      ingress: { host, port },
    });
    exportLines({ kubeconfig, ingress }).forEach(say);
    say("# Stop with Ctrl-C. Decisions appear here as they are made, with their reasons:");
    await stopped;
    await cluster.close();
    ended();
    logFile.close();
    return 0;
  } finally {
    dataDir.dispose();
  }
}

function scrapeConfigOption(
  path: string | undefined,
  externalPrometheus: object | undefined,
): ScrapeConfigFile | undefined {
  if (path === undefined) return undefined;
  if (externalPrometheus)
    throw new UserError(
      "--scrape-config is for Dunlin's own Prometheus; with --prometheus external, series of other " +
        "targets come from a Prometheus of yours, which a ScaledObject's serverAddress may name",
    );
  return readScrapeConfigFile(path);
}
