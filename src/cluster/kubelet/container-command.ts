// A command that is run inside a container for somebody else, a probe or a hook: with the container's
// environment, in its folder, as a process group of its own.
import type { Launch } from "./container-launch.ts";
import { startProcess, type ProcessHost } from "./container-process.ts";

export type CommandResult = { readonly exitCode: number; readonly output: string };

/** The first 10 KiB of output are kept, as a kubelet does. */
const outputMax = 10 * 1024;

/** Kills the command when the signal aborts. Rejects with a StartError for one that cannot be run. */
export async function runCommand(
  command: readonly string[],
  launch: Launch,
  host: ProcessHost,
  signal: AbortSignal,
): Promise<CommandResult> {
  let output = "";
  const onOutput = (_stream: string, chunk: Buffer) => {
    if (output.length < outputMax) output += chunk.toString();
  };
  const process = await startProcess({ ...launch, command, onOutput }, host);
  const kill = () => process.signal("SIGKILL");
  if (signal.aborted) kill();
  signal.addEventListener("abort", kill, { once: true });
  const { exitCode } = await process.exited;
  signal.removeEventListener("abort", kill);
  return { exitCode, output: output.slice(0, outputMax) };
}
