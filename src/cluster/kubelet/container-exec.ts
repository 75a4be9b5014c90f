// A command that somebody runs inside a container: with the container's environment, in its folder, in
// a process group of its own, and over the streams of whoever asked. It ends with the container, and
// when its client is gone.
import { once } from "node:events";
import type { Writable } from "node:stream";
import type { CommandStreams, ExecOptions } from "../apiserver/node-access.ts";
import { endOf } from "./container-end.ts";
import {
  exitOf,
  spawnInGroup,
  StartError,
  type ProcessHost,
  type Spawned,
} from "./container-process.ts";
import type { RunningContainer } from "./container-runner.ts";
import { closed } from "./output-pipes.ts";
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
  const { pid, child, outputs } = await spawnInGroup(
    { ...launch, ...(tty ? inTerminal(line) : line) },
    host,
    {
      // A terminal ends with its input; one without input is kept waiting for some.
      stdin: streams.stdin !== undefined || tty,
      stdout: streams.stdout !== undefined,
      stderr: streams.stderr !== undefined,
    },
  ).catch((error: unknown) => {
    throw error instanceof StartError ? startFailure(error) : error;
  });
  let exited = false;
  const kill = () => {
    if (!exited) killGroups([...(tty ? childrenOf(pid) : []), pid]);
    // Nobody reads what descendants that left the group may still say.
    for (const output of Object.values(outputs)) output.destroy();
  };
  const over = Promise.all([once(child, "exit"), ...Object.values(outputs).map(closed)]);
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
  connect({ stdin: child.stdin, ...outputs }, streams);
  await over;
  for (const end of ends) end.removeEventListener("abort", kill);
  return exitOf(child.exitCode, child.signalCode).exitCode;
}

/** Each side waits for the other where it is slow. */
function connect(
  command: Spawned["outputs"] & { readonly stdin: Writable | null },
  { stdin, stdout, stderr }: CommandStreams,
): void {
  // A command that ends without having read its input is no error.
  command.stdin?.on("error", () => stdin?.resume());
  if (command.stdin) stdin?.pipe(command.stdin);
  if (stdout) command.stdout?.pipe(stdout, { end: false });
  if (stderr) command.stderr?.pipe(stderr, { end: false });
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
