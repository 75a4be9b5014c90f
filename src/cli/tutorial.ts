// `dunlin tutorial`: from nothing to an autoscaled LLM service and back, in front of the reader's
// eyes, in under two minutes.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { kserveNamespace } from "../controllers/caches.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { configMapKind } from "../resources/config-map.ts";
import { inferenceServiceKind, type InferenceService } from "../resources/inference-service.ts";
import { newDecisions } from "./decision-log.ts";
import { openDataDir } from "./data-dir.ts";
import { externalPrometheusOption } from "./external-prometheus.ts";
import { runLoad, type LoadResult } from "./load.ts";
import { startLocalCluster, type LocalCluster } from "./local-cluster.ts";
import { openLogFile } from "./log-file.ts";
import { readOptions } from "./options.ts";
import { untilStopped } from "./signals.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { summary } from "./tutorial-screen.ts";
import { Interrupted, openStage, type Stage } from "./tutorial-stage.ts";
import { Story } from "./tutorial-story.ts";

const help = `Usage: dunlin tutorial [OPTION]...

Starts a cluster that keeps nothing, serves a model on it, sends 5 requests at a time for 30 seconds,
shows how the replicas follow and why, and stops everything again.

  --prometheus WHICH  internal (default), or external: the program prometheus on the PATH scrapes and
                      is asked, in place of Dunlin's own
`;

const clock = wallClock;
const load = { inFlight: 5, durationMs: 30_000 };
/** KServe's default is 300 s, which is right for GPUs and too long for a demonstration. */
const scaleDownWindowSeconds = 10;

const body = JSON.stringify({
  model: "qwen",
  messages: [
    { role: "system", content: "You are a helpful assistant that speaks like Shakespeare." },
    { role: "user", content: "Write a poem about colors" },
  ],
  stream: false,
  max_tokens: 100,
});

/** Exits with 0 when every request was answered, 1 when one was not, 130 when interrupted. */
export async function tutorial(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args, {
    help: { type: "boolean", short: "h" },
    prometheus: { type: "string", default: "internal" },
  });
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const externalPrometheus = await externalPrometheusOption(options.prometheus, env);
  const stop = new AbortController();
  void untilStopped(clock).then(() => stop.abort());
  const dataDir = openDataDir({ dataDir: undefined, ephemeral: true, env });
  const terminal = openTerminal(process.stdout, clock);
  const logFile = openLogFile(dataDir.path, () => clock.nowMs());
  const service = readExample();
  const story = new Story(terminal, service.spec.predictor.maxReplicas ?? 1);
  let cluster: LocalCluster | undefined;
  try {
    cluster = await startLocalCluster({
      dataDir: dataDir.path,
      persistent: false,
      apiPort: 0,
      ingressPort: 0,
      gpus: 8,
      externalPrometheus,
      compileCache: env["NODE_COMPILE_CACHE"],
      log: logFile.log,
      onDecision: newDecisions((line, record) => {
        terminal.tell(line);
        story.decided(record);
      }),
    });
    terminal.tell(`cluster ready ${(performance.now() / 1000).toFixed(1)} s after the start`);
    return await run(openStage({ cluster, service, story, clock, signal: stop.signal }), terminal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    terminal.finish(["Interrupted; everything is being stopped."]);
    return 130;
  } finally {
    stop.abort();
    terminal.close();
    await cluster?.close();
    logFile.close();
    dataDir.dispose();
  }
}

function readExample(): InferenceService {
  const file = new URL("../../examples/huggingface-qwen.yaml", import.meta.url);
  const service: InferenceService = parse(readFileSync(file, "utf8"));
  return { ...service, metadata: { ...service.metadata, namespace: "default" } };
}

async function run(stage: Stage, terminal: Terminal): Promise<number> {
  const { story } = stage;
  await shortenWindow(stage, terminal);
  await serve(stage, terminal);
  const result = await sendLoad(stage);
  story.phase(`the load has ended; replicas return to 1 after ${scaleDownWindowSeconds} s`);
  await stage.until(
    "one replica is left",
    () => stage.look().wanted === 1 && stage.podCount() === 1,
  );
  story.see(stage.look());
  const outcome = { ...story.times(), load: result, history: story.history };
  terminal.finish(summary(outcome, stage.service.spec.predictor.maxReplicas ?? 1));
  return [...result.outcomes.keys()].every((status) => status === "200") ? 0 : 1;
}

async function shortenWindow({ cluster }: Stage, terminal: Terminal): Promise<void> {
  const autoscaler = JSON.stringify({
    scaleUpStabilizationWindowSeconds: "0",
    scaleDownStabilizationWindowSeconds: String(scaleDownWindowSeconds),
  });
  const config = { namespace: kserveNamespace, name: "inferenceservice-config" };
  await cluster.client.patch(configMapKind, config, { data: { autoscaler } });
  terminal.tell(
    `ConfigMap ${config.namespace}/${config.name}: scaleDownStabilizationWindowSeconds is ` +
      `${scaleDownWindowSeconds} here, not 300, so that you need not wait five minutes`,
  );
}

async function serve(stage: Stage, terminal: Terminal): Promise<void> {
  const { cluster, service, story } = stage;
  const { name } = service.metadata;
  story.phase(`InferenceService ${name} is applied; waiting until it is Ready`);
  await cluster.client.create(inferenceServiceKind, service);
  await stage.until(`${name} is Ready`, () => stage.condition("Ready")?.status === "True");
  const note = stage.condition("dunlin.dev/EngineSimulated")?.message;
  if (note) terminal.tell(note);
}

async function sendLoad(stage: Stage): Promise<LoadResult> {
  const { cluster, story, signal } = stage;
  const { host, port } = cluster.ingress;
  const { inFlight, durationMs } = load;
  story.phase(`${inFlight} requests in flight for ${durationMs / 1000} s, target 2 per replica`);
  story.loadStarted(clock.nowMs());
  const hostname = new URL(stage.url()).host;
  const path = "/openai/v1/chat/completions";
  let result: LoadResult | undefined;
  const sent = runLoad({ clock, signal, host, port, hostname, path, body, inFlight, durationMs });
  void sent.then((finished) => (result = finished));
  await stage.until("the load ends", () => result !== undefined);
  return sent;
}
