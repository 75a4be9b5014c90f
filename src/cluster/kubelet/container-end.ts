// The end of a container's run as a signal, for what is done inside it meanwhile. One for all of them:
// a reaction to the promise would stay in memory for as long as the container runs.
import type { ContainerProcess } from "./container-process.ts";

const ends = new WeakMap<ContainerProcess, AbortSignal>();

export function endOf(process: ContainerProcess): AbortSignal {
  const known = ends.get(process);
  if (known) return known;
  const end = new AbortController();
  ends.set(process, end.signal);
  void process.exited.then(() => end.abort());
  return end.signal;
}
