// A command that is given to a running container: its words that are paths in a volume become the
// paths that they are on this machine.
import { translatePath, type Mount } from "./pod-volumes.ts";

/**
 * `kubectl cp` reads a folder with `tar cf - /mount/path` and expects these very names back; so tar is
 * told to name what it finds by the path in the container. (GNU tar; it takes the leading slash away
 * first. The names that `kubectl cp` writes are relative, and none of them matches.)
 */
export function translatedCommand(
  command: readonly string[],
  mounts: readonly Mount[],
): readonly string[] {
  const [program = "", ...args] = command.map((word) => translatePath(word, mounts));
  if (program !== "tar" || args.every((arg, index) => arg === command[index + 1]))
    return [program, ...args];
  const names = mounts.map(
    ({ path, target }) =>
      `s\n^${nameIn(target).replaceAll(/[\\^$.*[\]]/g, "\\$&")}\n${nameIn(path).replaceAll(/[\\&]/g, "\\$&")}\n`,
  );
  return [program, ...args, `--transform=flags=r;${names.join(";")}`];
}

/** As tar names what stands at a path. */
const nameIn = (path: string): string => path.replace(/^\/+/, "");
