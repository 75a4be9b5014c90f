// `dunlin storage-initializer URI FOLDER`: what a predictor's init container runs.
import { existsSync, writeFileSync } from "node:fs";
import { wallClock } from "../lib/wall-clock.ts";
import { initializeStorage } from "../storage/initializer.ts";

const usage = `usage: storage-initializer URI FOLDER, as in hf://owner/model /mnt/models

Asks the hub at $HF_ENDPOINT (default: https://huggingface.co) for the model, with the token
$HF_TOKEN if it is set, and leaves a record of the answer in FOLDER. With DUNLIN_SIMULATED_ENGINE=1
a model that cannot be reached is no error.
`;

/**
 * The exit code: 0 when the model can be served, 1 when it cannot, 2 on wrong arguments. Where a
 * name's lookup still hangs, it does not return but replaces the process; see `leave`.
 */
export async function storageInitializer(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const [uri, folder] = args;
  if (uri === undefined || folder === undefined || args.length > 2) {
    process.stderr.write(usage);
    return 2;
  }
  const { ok, message, timedOut } = await initializeStorage({
    clock: wallClock,
    uri,
    folder,
    endpoint: env["HF_ENDPOINT"] || "https://huggingface.co",
    token: env["HF_TOKEN"] || undefined,
    simulatedEngine: env["DUNLIN_SIMULATED_ENGINE"] === "1",
  });
  if (ok) process.stdout.write(`${message}\n`);
  else process.stderr.write(`error: ${message}\n`);
  writeTerminationMessage(message, env["DUNLIN_TERMINATION_LOG"]);
  const code = ok ? 0 : 1;
  if (timedOut) leave(code);
  return code;
}

/** A kubelet mounts its file; it is never made where there is none. */
const kubernetesFile = "/dev/termination-log";

/** It is what `kubectl describe` shows; failing to write it must not fail the pod. */
function writeTerminationMessage(message: string, path: string | undefined): void {
  const file = path || (existsSync(kubernetesFile) ? kubernetesFile : undefined);
  if (file === undefined) return;
  try {
    writeFileSync(file, message);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    process.stderr.write(`warning: the termination message was not written (${cause})\n`);
  }
}

/**
 * Exits at once. A getaddrinfo that hangs cannot be cancelled, and Node waits for its thread on the
 * way out (5 to 30 s, by the resolver's settings); a process that is replaced does not wait. Where
 * the platform cannot replace it, the ordinary, slower exit follows.
 */
function leave(code: number): void {
  try {
    process.execve?.("/bin/sh", ["sh", "-c", `exit ${code}`], {});
  } catch {
    // The ordinary exit does the same, later.
  }
}
