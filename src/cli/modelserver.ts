// `dunlin modelserver`: what a predictor's container runs. Reads arguments and environment, serves
// on the pod's address, and finishes what runs before it exits. It imports as little as it can: a
// new replica is waited for.
import { sleep } from "../lib/clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { ModelServer } from "../modelserver/model-server.ts";
import { parseServerArgs, type ServerArgs } from "../modelserver/server-args.ts";
import { servingProfile } from "../modelserver/serving-profile.ts";
import { SimulatedEngine } from "../modelserver/simulated-engine.ts";
import { type ModelRecord, readModelRecord } from "../storage/model-record.ts";

type Log = (line: string) => void;

const usage = `usage: modelserver [--FLAG=VALUE]...

  --model_name NAME             the name that requests ask for (default: model)
  --model_id ID                 the model, where none was prepared in --model_dir
  --model_dir FOLDER            where the storage initializer left it (default: $DUNLIN_MODEL_DIR,
                                else /mnt/models)
  --http_port PORT              on the address $POD_IP, else on all (default: 8080)
  --max-model-len TOKENS        prompt and answer together (default: the model's own)
  --max-num-seqs N              requests that run at once
  --max-num-batched-tokens N    tokens of one iteration
  --seed N                      of lengths and texts (default: 0)
  --simulated-profile NAME      which model on which hardware is simulated
  --simulated-load-seconds S    how long loading takes before the port opens (default: 0)

Other flags of vLLM and KServe's huggingfaceserver are accepted and have no effect.
`;

/**
 * Serves until SIGTERM, then until the last request is answered. The exit code: 0 after that, 1 when
 * the address cannot be had, 2 on arguments that cannot be used, 128 + the signal's number on SIGINT
 * or a second SIGTERM, which end everything at once.
 */
export async function modelserver(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const log: Log = (line) => void process.stdout.write(`${line}\n`);
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const stop = new AbortController();
  const killed = new Promise<number>((resolve) => {
    process.once("SIGINT", () => resolve(130));
    process.on("SIGTERM", () => (stop.signal.aborted ? resolve(143) : stop.abort()));
  });
  const parsed = parseServerArgs(args, env["DUNLIN_MODEL_DIR"] || "/mnt/models");
  if (parsed.kind === "invalid") return refuse(log, parsed.errors);
  const record = preparedModel(parsed.args.modelDir, log);
  const chosen = servingProfile(parsed.args, record?.config);
  if (chosen.kind === "invalid") return refuse(log, [chosen.message]);

  const { profile } = chosen;
  const engineReason = whySimulated(parsed.args, record);
  log(`engine: simulated. ${engineReason}`);
  log(`profile: ${profile.name}, ${profile.source}`);
  for (const flag of parsed.args.ignored) log(`${flag} has no effect on the simulated engine`);
  const { modelNames, modelId, modelDir, seed } = parsed.args;
  const server = new ModelServer({
    clock: wallClock,
    log,
    makeEngine: (observe) => new SimulatedEngine({ profile, clock: wallClock, seed, observe }),
    modelNames,
    modelRoot: record?.model ?? modelId ?? modelDir,
    engineReason,
  });
  const served = serve(server, parsed.args, env["POD_IP"] || "0.0.0.0", log, stop.signal);
  const code = await Promise.race([served, killed]);
  server.close();
  return code;
}

async function serve(
  server: ModelServer,
  args: ServerArgs,
  host: string,
  log: Log,
  stop: AbortSignal,
): Promise<number> {
  if (args.simulatedLoadSeconds > 0) {
    log(`loading the model takes ${args.simulatedLoadSeconds} s, as --simulated-load-seconds says`);
    await sleep(wallClock, args.simulatedLoadSeconds * 1000, stop);
  }
  if (stop.aborted) return 0;
  try {
    const port = await server.listen(host, args.httpPort);
    log(`serving ${args.modelNames.join(", ")} on http://${host}:${port}`);
  } catch (error) {
    log(`error: cannot listen on ${host}:${args.httpPort}: ${listenProblem(error)}`);
    return 1;
  }
  if (!stop.aborted)
    await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  log("terminating: requests that run are finished, new connections are refused");
  await server.drain();
  log("terminated: every request was answered");
  return 0;
}

function refuse(log: Log, errors: readonly string[]): number {
  for (const error of errors) log(`error: ${error}`);
  return 2;
}

/** What the storage initializer has left. A record that cannot be read is reported and left aside. */
function preparedModel(folder: string, log: Log): ModelRecord | undefined {
  try {
    return readModelRecord(folder);
  } catch (error) {
    log(`warning: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function whySimulated(args: ServerArgs, record: ModelRecord | undefined): string {
  if (record) return record.reason;
  return `no model was prepared in ${args.modelDir}: the simulated engine stands in`;
}

function listenProblem(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "the port is in use; choose another with --http_port";
  if (code === "EACCES") return "this user may not use the port; choose one above 1023";
  if (code === "EADDRNOTAVAIL") return "POD_IP is not an address of this machine";
  return error instanceof Error ? error.message : String(error);
}
