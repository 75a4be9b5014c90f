// A command that somebody runs inside a container: with the container's environment, in its folder, in
// a process group of its own, and over the streams of whoever asked. It ends with the container, and
// when its client is gone.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { CommandStreams, ExecOptions } from "../apiserver/node-access.ts";
import { endOf } from "./container-end.ts";
import { exitOf, spawnInGroup, StartError, type ProcessHost } from "./container-process.ts";
import type { RunningContainer } from "./container-runner.ts";
import { childrenOf } from "./proc-stat.ts";
import { hasTerminals, inTerminal, resizeTerminal } from "./terminal.ts";

/**
 * Resolves with the exit code when all output has been handed over. Rejects, in the words of a
 * container runtime, when the command cannot be run.
 */
export async function execInContainer(
  container: RunningContainer,
  options: ExecOptions,
  host: ProcessHost,
  streams: CommandStreams,
  signal: AbortSignal,
): Promise<number> {
  const { launch, process: first } = container;
  const { tty } = options;
  if (tty && !(await hasTerminals(launch.env)))
    throw new Error(
      "a terminal needs the program script of util-linux on the machine of the cluster: " +
        "install it (Debian: bsdutils), or leave out -t",
    );
  const line = { command: options.command, env: launch.env };
  // A terminal ends with its input; one without input is kept waiting for some.
  const stdin = streams.stdin || tty ? "pipe" : "ignore";
  const stdout = streams.stdout ? "pipe" : "ignore";
  const stderr = streams.stderr ? "pipe" : "ignore";
  const { pid, child } = await spawnInGroup(
    { ...launch, ...(tty ? inTerminal(line) : line) },
    host,
    [stdin, stdout, stderr],
  ).catch((error: unknown) => {
    throw error instanceof StartError ? startFailure(error) : error;
  });
  let exited = false;
  const kill = () => {
    if (!exited) killGroups([...(tty ? childrenOf(pid) : []), pid]);
    // Nobody reads what descendants that left the group may still say.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const closed = once(child, "close");
  child.once("exit", () => {
    killGroups([pid]);
    // From now on, the number may be somebody else's.
    exited = true;
    host.ledger.remove(pid);
  });
  const ends = [signal, endOf(first)];
  for (const end of ends) end.addEventListener("abort", kill);
  if (ends.some((end) => end.aborted)) kill();
  if (tty) streams.onResize?.((size) => resizeTerminal(pid, size, host.clock));
  connect(child, streams);
  await closed;
  for (const end of ends) end.removeEventListener("abort", kill);
  return exitOf(child.exitCode, child.signalCode).exitCode;
}

/** Each side waits for the other where it is slow. */
function connect(child: ChildProcess, { stdin, stdout, stderr }: CommandStreams): void {
  // A command that ends without having read its input is no error.
  child.stdin?.on("error", () => stdin?.resume());
  if (child.stdin) stdin?.pipe(child.stdin);
  if (stdout) child.stdout?.pipe(stdout, { end: false });
  if (stderr) child.stderr?.pipe(stderr, { end: false });
}

function killGroups(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
}

function startFailure(cause: StartError): Error {
  return new Error(
    `error executing command in container: unable to start container process: ${cause.message}`,
    { cause },
  );
}
