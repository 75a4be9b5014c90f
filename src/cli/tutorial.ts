// `dunlin tutorial`: from nothing to an autoscaled LLM service and back, in front of the reader's
// eyes, in under two minutes.
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { sleep } from "../lib/clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { kserveNamespace } from "../controllers/caches.ts";
import type { DecisionRecord } from "../controllers/scaledobject/controller.ts";
import { WatchCache } from "../kube/watch-cache.ts";
import { configMapKind } from "../resources/config-map.ts";
import { deploymentKind } from "../resources/deployment.ts";
import {
  inferenceServiceKind,
  inferenceServiceLabel,
  type InferenceService,
} from "../resources/inference-service.ts";
import { conditionOf } from "../resources/object.ts";
import { podKind } from "../resources/pod.ts";
import { isReady } from "../resources/pod-state.ts";
import { newDecisions } from "./decision-log.ts";
import { openDataDir } from "./data-dir.ts";
import { startLoad, type Load, type LoadResult } from "./load.ts";
import { startLocalCluster, type LocalCluster } from "./local-cluster.ts";
import { openLogFile } from "./log-file.ts";
import { readOptions } from "./options.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { summary, type Sample, type TutorialOutcome } from "./tutorial-screen.ts";
import { untilStopped } from "./signals.ts";

const help = `Usage: dunlin tutorial

Starts a cluster that keeps nothing, serves a model on it, sends 5 requests at a time for 30 seconds,
shows how the replicas follow and why, and stops everything again.
`;

const clock = wallClock;
const load = { inFlight: 5, durationMs: 30_000 };
/** KServe's default is 300 s, which is right for GPUs and too long for a demonstration. */
const scaleDownWindowSeconds = 10;
/** Nothing below should take this long; a reader who waits is told instead of left waiting. */
const patienceMs = 110_000;

const body = JSON.stringify({
  model: "qwen",
  messages: [
    { role: "system", content: "You are a helpful assistant that speaks like Shakespeare." },
    { role: "user", content: "Write a poem about colors" },
  ],
  stream: false,
  max_tokens: 100,
});

export async function tutorial(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { help: wantsHelp } = readOptions(args, { help: { type: "boolean", short: "h" } });
  if (wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  const dataDir = openDataDir({ dataDir: undefined, ephemeral: true, env });
  const terminal = openTerminal(process.stdout, clock);
  const logFile = openLogFile(dataDir.path, () => clock.nowMs());
  let cluster: LocalCluster | undefined;
  try {
    const story = new Story(terminal);
    cluster = await startLocalCluster({
      dataDir: dataDir.path,
      persistent: false,
      apiPort: 0,
      ingressPort: 0,
      gpus: 8,
      compileCache: env["NODE_COMPILE_CACHE"],
      log: logFile.log,
      onDecision: newDecisions((line, record) => {
        terminal.tell(line);
        story.decided(record);
      }),
    });
    terminal.tell(`cluster ready ${(performance.now() / 1000).toFixed(1)} s after the start`);
    return await run(cluster, story, terminal, stop.signal);
  } finally {
    stop.abort();
    terminal.close();
    await cluster?.close();
    logFile.close();
    dataDir.dispose();
  }
}

/** Returns the exit code: 0 when all went as the tutorial promises. */
async function run(
  cluster: LocalCluster,
  story: Story,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { client } = cluster;
  const manifest = readFileSync(
    new URL("../../examples/huggingface-qwen.yaml", import.meta.url),
    "utf8",
  );
  const service: InferenceService = parse(manifest);
  const metadata = { ...service.metadata, namespace: "default" };
  const name = metadata.name;
  story.maxReplicas = service.spec.predictor.maxReplicas ?? 1;

  const pods = new WatchCache({
    client,
    clock,
    kind: podKind,
    namespace: "default",
    labelSelector: `${inferenceServiceLabel}=${name}`,
  });
  const deployments = new WatchCache({ client, clock, kind: deploymentKind, namespace: "default" });
  const services = new WatchCache({
    client,
    clock,
    kind: inferenceServiceKind,
    namespace: "default",
  });
  for (const cache of [pods, deployments, services]) cache.start(signal);

  let running: Load | undefined;
  const observe = (): Sample => {
    const ready = pods.list().filter(isReady);
    const wanted = deployments.get(`default/${name}-predictor`)?.spec.replicas ?? 0;
    return { atMs: clock.nowMs(), inFlight: running?.inFlight() ?? 0, wanted, ready: ready.length };
  };
  const deadlineMs = clock.nowMs() + patienceMs;
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    while (!holds()) {
      if (signal.aborted) throw new Interrupted();
      if (clock.nowMs() > deadlineMs) throw new Error(`gave up waiting until ${what}`);
      story.see(observe());
      await sleep(clock, 100, signal);
    }
  };

  try {
    await client.patch(
      configMapKind,
      { namespace: kserveNamespace, name: "inferenceservice-config" },
      {
        data: {
          autoscaler: JSON.stringify({
            scaleUpStabilizationWindowSeconds: "0",
            scaleDownStabilizationWindowSeconds: String(scaleDownWindowSeconds),
          }),
        },
      },
    );
    terminal.tell(
      `ConfigMap ${kserveNamespace}/inferenceservice-config: scaleDownStabilizationWindowSeconds is ` +
        `${scaleDownWindowSeconds} here, not 300, so that you need not wait five minutes`,
    );
    story.phase(`InferenceService ${name} is applied; waiting until it is Ready`);
    await client.create(inferenceServiceKind, { ...service, metadata });
    const isServing = (): boolean =>
      conditionOf(services.get(`default/${name}`)?.status?.conditions, "Ready")?.status === "True";
    await until(`${name} is Ready`, isServing);
    const status = services.get(`default/${name}`)?.status;
    const note = conditionOf(status?.conditions, "dunlin.dev/EngineSimulated")?.message;
    if (note) terminal.tell(note);

    story.phase(
      `${load.inFlight} requests in flight for ${load.durationMs / 1000} s, target 2 per replica`,
    );
    story.loadStarted();
    running = startLoad({
      clock,
      signal,
      ...cluster.ingress,
      hostname: new URL(status?.url ?? "http://unknown").host,
      path: "/openai/v1/chat/completions",
      body,
      ...load,
    });
    let result: LoadResult | undefined;
    void running.finished.then((finished) => (result = finished));
    await until("the load ends", () => result !== undefined);

    story.phase(`the load has ended; replicas return to 1 after ${scaleDownWindowSeconds} s`);
    await until("one replica is left", () => {
      const now = observe();
      return now.wanted === 1 && pods.list().length === 1;
    });
    story.see(observe());
    terminal.finish(
      summary(
        { ...story.times(), load: result as LoadResult, history: story.history },
        story.maxReplicas,
      ),
    );
    const failed = [...(result as LoadResult).outcomes.keys()].some((outcome) => outcome !== "200");
    return failed ? 1 : 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      terminal.finish(["Interrupted; everything is being stopped."]);
      return 130;
    }
    throw error;
  }
}

class Interrupted extends Error {}

/** What happened so far, for the screen and the summary. */
class Story {
  readonly history: Sample[] = [];
  maxReplicas = 1;
  readonly #terminal: Terminal;
  #loadStartedMs: number | undefined;
  #thirdReadyMs: number | undefined;
  #firstGrowth: { readonly writtenAtMs: number; readonly roundEndMs: number } | undefined;
  #phase = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  phase(text: string): void {
    this.#phase = text;
    this.#terminal.tell(text);
  }

  loadStarted(): void {
    this.#loadStartedMs = clock.nowMs();
  }

  decided({ decision, round, writtenAtMs }: DecisionRecord): void {
    if (this.#loadStartedMs === undefined || decision.kind !== "scale") return;
    if (decision.to <= decision.from || !round || writtenAtMs === undefined) return;
    this.#firstGrowth ??= { writtenAtMs, roundEndMs: round.completedAtMs };
  }

  see(sample: Sample): void {
    this.history.push(sample);
    if (sample.ready >= 3) this.#thirdReadyMs ??= sample.atMs;
    this.#terminal.draw({
      phase: this.#phase,
      now: sample,
      maxReplicas: this.maxReplicas,
      history: this.history,
    });
  }

  times(): Omit<TutorialOutcome, "load" | "history"> {
    const startedMs = this.#loadStartedMs;
    const since = (endMs: number | undefined): number | undefined =>
      startedMs === undefined || endMs === undefined ? undefined : endMs - startedMs;
    const growth = this.#firstGrowth;
    return {
      metricToScaleMs: since(growth?.writtenAtMs),
      roundToScaleMs: growth && growth.writtenAtMs - growth.roundEndMs,
      loadToThirdReadyMs: since(this.#thirdReadyMs),
    };
  }
}
