// `dunlin status`: whether a cluster runs, how to reach it, and what is on it.
import { KubeClient } from "../kube/client.ts";
import { readKubeconfig } from "../kube/kubeconfig.ts";
import { httpTransport } from "../kube/transport.ts";
import { formatAge } from "../lib/duration.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { inferenceServiceKind, type InferenceService } from "../resources/inference-service.ts";
import { podKind } from "../resources/pod.ts";
import { scaledObjectKind } from "../resources/scaled-object.ts";
import { dataDirPath } from "./data-dir.ts";
import { exportLines } from "./exports.ts";
import { readOptions } from "./options.ts";
import { findRunning, notRunningAt, type RunningRecord } from "./running.ts";

const help = `Usage: dunlin status [OPTION]...

Says whether a cluster runs, how to reach it, and what is on it. Exits with 3 when none runs, and with
1 when it does not answer.

  --data-dir DIR      where its state is kept (default: dunlin in the user's data home)
`;

/** As a service manager says it of a service that does not run. */
const notRunning = 3;

export async function status(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args, {
    help: { type: "boolean", short: "h" },
    "data-dir": { type: "string" },
  });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const dataDir = dataDirPath(options["data-dir"], env);
  const running = findRunning(dataDir);
  if (!running) {
    say(`# ${notRunningAt(dataDir)}`);
    return notRunning;
  }
  const age = formatAge(wallClock.nowMs() - Date.parse(running.startedAt));
  say(`# Dunlin has been running for ${age} (process ${running.pid}); state in ${dataDir}.`);
  try {
    for (const line of await describe(running)) say(`# ${line}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`# Its API server at ${running.apiUrl} does not answer: ${why}`);
    return 1;
  }
  for (const line of exportLines(running)) say(line);
  return 0;
}

async function describe({ kubeconfig }: RunningRecord): Promise<readonly string[]> {
  const { transport, close } = httpTransport(readKubeconfig(kubeconfig));
  try {
    const client = new KubeClient(transport);
    const [pods, services, scaled] = await Promise.all([
      client.list(podKind),
      client.list(inferenceServiceKind),
      client.list(scaledObjectKind),
    ]);
    const ready = pods.items.filter(({ status: pod }) =>
      pod?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
    );
    return [
      `pods: ${pods.items.length}, ready: ${ready.length}; ScaledObjects: ${scaled.items.length}`,
      ...services.items.map(serviceLine),
    ];
  } finally {
    close();
  }
}

function serviceLine({ metadata, status: known }: InferenceService): string {
  const condition = known?.conditions?.find(({ type }) => type === "Ready");
  const state =
    condition?.status === "True"
      ? `ready at ${known?.url ?? "no address yet"}`
      : `not ready${condition?.message ? `: ${condition.message}` : ""}`;
  return `InferenceService ${metadata.namespace ?? "default"}/${metadata.name} is ${state}`;
}
