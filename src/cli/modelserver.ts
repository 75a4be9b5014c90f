// `dunlin modelserver`: what a predictor's container runs. Reads arguments and environment, starts
// the server on the pod's address, and drains it on SIGTERM.
import { assertProfile, type ReplicaProfile } from "../inference/replica-profile.ts";
import { findProfile, profiles, tutorialQwen } from "../inference/profiles.ts";
import { sleep } from "../lib/clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { ModelServer } from "../modelserver/model-server.ts";
import { parseServerArgs, type ServerArgs } from "../modelserver/server-args.ts";
import { SimulatedEngine } from "../modelserver/simulated-engine.ts";
import { type ModelRecord, readModelRecord } from "../storage/model-record.ts";

/** The exit code: 0 after a drain, 2 on arguments that cannot be used, 1 when it cannot start. */
export async function modelserver(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  const parsed = parseServerArgs(args, env["DUNLIN_MODEL_DIR"] || "/mnt/models");
  if (parsed.kind === "invalid") {
    for (const error of parsed.errors) log(`error: ${error}`);
    return 2;
  }
  const options = parsed.args;
  for (const flag of options.ignored) log(`${flag} has no effect: the engine is simulated`);
  const profile = chooseProfile(options, undefined);
  if (typeof profile === "string") {
    log(`error: ${profile}`);
    return 2;
  }
  const record = readModelRecord(options.modelDir);
  const engineReason = reasonFor(record);
  log(`${engineReason}; profile ${profile.name} (${profile.source})`);
  const server = new ModelServer({
    clock: wallClock,
    log,
    makeEngine: (observe) =>
      new SimulatedEngine({ profile, clock: wallClock, seed: options.seed, observe }),
    modelNames: options.modelNames,
    modelRoot: record?.model ?? options.modelId ?? options.modelDir,
    engineReason,
  });
  if (options.simulatedLoadSeconds > 0) await sleep(wallClock, options.simulatedLoadSeconds * 1000);
  const host = env["POD_IP"] || "0.0.0.0";
  const port = await server.listen(host, options.httpPort);
  log(`model ${options.modelNames.join(", ")} is served on http://${host}:${port}`);
  return await new Promise((resolve) => {
    let terminating = false;
    process.on("SIGTERM", () => {
      if (terminating) return resolve(143);
      terminating = true;
      void server.drain().then(() => resolve(0));
    });
  });
}

function chooseProfile(
  options: ServerArgs,
  _record: ModelRecord | undefined,
): ReplicaProfile | string {
  const name = options.simulatedProfile;
  const base = name === undefined ? tutorialQwen : findProfile(name);
  if (!base) return `unknown profile ${name}; there are ${profiles.map((p) => p.name).join(", ")}`;
  const profile = {
    ...base,
    maxNumSeqs: options.maxNumSeqs ?? base.maxNumSeqs,
    maxBatchedTokens: options.maxBatchedTokens ?? base.maxBatchedTokens,
    maxModelLen: options.maxModelLen ?? base.maxModelLen,
  };
  assertProfile(profile);
  return profile;
}

function reasonFor(record: ModelRecord | undefined): string {
  return record?.reason ?? "simulated engine";
}
