// One running container: a local process with a process group of its own, so that all that it starts
// can be signalled together. When the first process ends the rest of its group is killed, as the end
// of a container's first process ends the container.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, resolve as resolvePath } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";
import { closed, closeWriteEnds, openPipes } from "./output-pipes.ts";
import { tokenVariable, type ProcessLedger } from "./process-ledger.ts";

export type ProcessExit = {
  /** 128 plus the signal's number for a process that a signal ended, as a shell has it. */
  readonly exitCode: number;
  readonly signal?: number;
};

export type ProcessOptions = {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Whether it gets a standard input that stays open; else it reads the end of a file at once. */
  readonly stdin?: boolean;
  readonly onOutput: OutputListener;
};

export type OutputListener = (stream: "stdout" | "stderr", chunk: Buffer) => void;

export type ProcessHost = {
  readonly clock: Clock;
  readonly ledger: ProcessLedger;
  /** What `deathSignalPrefix` found. */
  readonly prefix: readonly string[];
};

/** The command cannot be run at all; the message is what a container runtime would say. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}

/** How long the output of a process may outlast it. */
const drainMs = 500;

export class ContainerProcess {
  readonly pid: number;
  /** Resolves when the process has ended and its output has been handed over. */
  readonly exited: Promise<ProcessExit>;
  /** For a process that was started with one. */
  readonly stdin: Writable | undefined;
  readonly #outputs: Outputs;
  #ended = false;

  constructor({ pid, child, outputs }: Spawned, clock: Clock, onEnd: () => void) {
    this.pid = pid;
    this.#outputs = outputs;
    this.stdin = child.stdin ?? undefined;
    // A process that ends without having read it all is no error of ours.
    this.stdin?.on("error", () => {});
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.signal("SIGKILL");
        this.#ended = true;
        onEnd();
        // A descendant that left the group may hold the pipes open for ever; it must not hold us.
        const cancel = clock.after(drainMs, () => void giveUp(outputs));
        void Promise.all(Object.values(outputs).map(closed)).then(() => {
          cancel();
          resolve(exitOf(code, signal));
        });
      });
    });
  }

  /** Hears what is printed from now on, as it comes, until the returned function is called. */
  listen(listener: OutputListener): () => void {
    const { stdout, stderr } = this.#outputs;
    const onStdout = (chunk: Buffer) => listener("stdout", chunk);
    const onStderr = (chunk: Buffer) => listener("stderr", chunk);
    stdout?.on("data", onStdout);
    stderr?.on("data", onStderr);
    return () => {
      stdout?.off("data", onStdout);
      stderr?.off("data", onStderr);
    };
  }

  /** Reaches the whole group; does nothing once the process has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#ended) return;
    try {
      process.kill(-this.pid, name);
    } catch {
      // The group is gone between the process's end and the news of it.
    }
  }
}

/** Rejects with a StartError when the command cannot be run. */
export async function startProcess(
  options: ProcessOptions,
  host: ProcessHost,
): Promise<ContainerProcess> {
  const { stdin = false, onOutput } = options;
  const spawned = await spawnInGroup(options, host, { stdin, stdout: true, stderr: true });
  const started = new ContainerProcess(spawned, host.clock, () => host.ledger.remove(spawned.pid));
  started.listen(onOutput);
  return started;
}

/** What stands in the pipes already is read in the next turns, whatever the clock says. */
async function giveUp(outputs: Outputs): Promise<void> {
  await nextTurn();
  await nextTurn();
  for (const output of Object.values(outputs)) output.destroy();
}

/** Those that were wanted. */
type Outputs = { readonly stdout?: Readable; readonly stderr?: Readable };

export type Spawned = {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly outputs: Outputs;
};

/**
 * The process alone, in a group of its own and listed in the ledger, from which the caller removes it
 * at its end. Of its three streams, those that are not wanted lead nowhere. Rejects with a StartError
 * when the command cannot be run.
 */
export async function spawnInGroup(
  { command, env, cwd }: Pick<ProcessOptions, "command" | "env" | "cwd">,
  { ledger, prefix }: ProcessHost,
  wants: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean },
): Promise<Spawned> {
  const [program = "", ...args] = command;
  // What runs inside a container carries the container's own, so that its end finds it.
  const token = env[tokenVariable] ?? ledger.newToken();
  const line = [...prefix, findProgram(program, env["PATH"] ?? "", cwd), ...args];
  const pipes = await openPipes(Number(wants.stdout) + Number(wants.stderr));
  const stdout = wants.stdout ? pipes[0] : undefined;
  const stderr = wants.stderr ? pipes.at(-1) : undefined;
  let pid: number | undefined;
  try {
    const child = spawn(line[0] ?? "", line.slice(1), {
      cwd,
      env: { ...env, [tokenVariable]: token },
      detached: true,
      stdio: [
        wants.stdin ? "pipe" : "ignore",
        stdout?.writeEnd ?? "ignore",
        stderr?.writeEnd ?? "ignore",
      ],
    });
    ({ pid } = child);
    if (pid === undefined) throw await startErrorOf(child, program);
    ledger.add(pid, token);
    const outputs = {
      ...(stdout && { stdout: stdout.output }),
      ...(stderr && { stderr: stderr.output }),
    };
    return { pid, child, outputs };
  } catch (error) {
    // A full disk, say. Nobody would know of the process, now or at the next start.
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
    for (const { output } of pipes) output.destroy();
    throw error;
  } finally {
    closeWriteEnds(pipes);
  }
}

/** Those that have ended in between are no matter. */
export function killAll(pids: Iterable<number>): void {
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
}

/**
 * The command that makes the kernel kill a process when we die, or nothing where util-linux's
 * setpriv is missing: then the guard, or the next start, does it.
 */
export function deathSignalPrefix(path: string): Promise<readonly string[]> {
  const prefix = ["setpriv", "--pdeathsig", "KILL", "--"];
  const [program = "", ...args] = prefix;
  return new Promise((resolve) => {
    execFile(program, [...args, "true"], { env: { PATH: path } }, (error) =>
      resolve(error ? [] : [findProgram(program, path, "/"), ...args]),
    );
  });
}

/** Looks a program up as execvp does, relative to the directory that it will run in. */
function findProgram(program: string, path: string, cwd: string): string {
  if (program.includes("/")) {
    const file = resolvePath(cwd, program);
    const complaint = complaintAbout(file);
    if (complaint === undefined) return file;
    throw new StartError(`exec: "${program}": stat ${file}: ${complaint}`);
  }
  for (const folder of path.split(delimiter)) {
    const file = resolvePath(cwd, folder, program);
    if (program !== "" && complaintAbout(file) === undefined) return file;
  }
  throw new StartError(`exec: "${program}": executable file not found in $PATH`);
}

function complaintAbout(file: string): string | undefined {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return "no such file or directory";
    if (!stat.isFile()) return "is a directory";
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    // A folder of the PATH may be closed to us, and is passed over then, as by a shell.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "EACCES" ? "permission denied" : String(error);
  }
}

function startErrorOf(child: ChildProcess, program: string): Promise<StartError> {
  return new Promise((resolve) => {
    child.once("error", (cause) =>
      resolve(new StartError(`exec: "${program}": ${cause.message}`, { cause })),
    );
  });
}

export function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  if (signal === null) return { exitCode: code ?? 0 };
  const number = osConstants.signals[signal];
  return { exitCode: 128 + number, signal: number };
}
