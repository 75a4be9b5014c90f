// Starts `dunlin up` as a user would, in a process of its own, and runs commands against it with
// the environment that it prints.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("..", import.meta.url));
export const example = (name: string): string => join(repository, "examples", name);

/**
 * For kubectl: everything that an InferenceService brings about, in the default namespace, where the
 * Service kubernetes always is.
 */
export const listChildren =
  "get deploy,rs,pods,svc,endpointslices,ingress,scaledobjects -o name " +
  "--field-selector metadata.name!=kubernetes";

export type Output = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type RunningDunlin = {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Runs a program with the cluster's environment; resolves whatever its exit code. */
  readonly run: (program: string, args: readonly string[], input?: string) => Promise<Output>;
  /** Runs kubectl, and throws what it printed when it fails. Returns its standard output. */
  readonly kubectl: (line: string, input?: string) => Promise<string>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Stops it as Ctrl-C does and removes its data. */
  readonly stop: () => Promise<void>;
};

/**
 * Resolves when it has printed its exports; rejects with its output when it ends before. Whoever
 * starts it stops it in `t.after`, registered at once, so that a test that fails midway leaves nothing.
 */
export async function startDunlin(
  options: {
    readonly dataDir?: string;
    readonly args?: readonly string[];
    /** Whether it leads a process group of its own, to be killed as one. */
    readonly ownGroup?: boolean;
  } = {},
): Promise<RunningDunlin> {
  const home = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  const dataDir = options.dataDir ?? join(home, "data");
  const args = ["up", "--data-dir", dataDir, "--api-port", "0", "--ingress-port", "0"];
  const child = spawn(join(repository, "dunlin"), [...args, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: options.ownGroup === true,
  });
  let output = "";
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      if (/^export INGRESS_PORT=\d+$/m.test(output)) resolve();
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    void exited.then(() => reject(new Error(`dunlin up ended: ${output}`)));
  });
  await ready.catch((error: unknown) => {
    rmSync(home, { recursive: true, force: true });
    throw error;
  });
  const exports = Object.fromEntries(
    [...output.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  // kubectl caches discovery in the home directory; each cluster gets one of its own.
  const env = { ...process.env, ...exports, HOME: home } as Readonly<Record<string, string>>;
  const run: RunningDunlin["run"] = (program, programArgs, input) =>
    runProgram(program, programArgs, env, input);
  return {
    pid: child.pid ?? 0,
    env,
    dataDir,
    output: () => output,
    run,
    async kubectl(line, input) {
      const { code, stdout, stderr } = await run("kubectl", words(line), input);
      if (code !== 0) throw new Error(`kubectl ${line} exited with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
    async stop() {
      await stopChild(child, exited);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Processes whose environment names the data directory: the cluster's pods. */
export function processesOf(dataDir: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(dataDir);
      } catch {
        return false; // It ended meanwhile, or belongs to somebody else.
      }
    })
    .map(Number);
}

/** Splits on spaces; single quotes keep what is between them together. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']+|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
  await exited;
}

export function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input?: string,
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"], cwd: repository });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input ?? "");
  });
}

/** Resolves with the first defined result; rejects after `timeoutMs` with what was last seen. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`timed out after ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
