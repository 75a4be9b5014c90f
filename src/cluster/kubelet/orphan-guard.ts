// Ends what the containers started when this process is killed and can end nothing any more: a shell
// of its own session that waits for the end of a pipe whose other end only this process holds. (The
// kernel's death signal reaches the first process of a container alone, not what that one started.)
import { spawn } from "node:child_process";
import { tokenVariable } from "./process-ledger.ts";

export type OrphanGuard = {
  /** Everything has been ended in order; resolves when the guard is gone. */
  readonly dismiss: () => Promise<void>;
};

/**
 * $1 is the ledger's folder, whose files are named by process group; $2 is what the token of every
 * process begins with. Some may be starting others while this runs, so it looks more than once.
 */
const script = `read -r _ && exit
for file in "$1"/*; do kill -9 "-\${file##*/}"; done
for round in 1 2 3 4 5; do
  found=$(grep -lsF -- "${tokenVariable}=$2" /proc/[0-9]*/environ)
  [ -n "$found" ] || exit
  for file in $found; do file=\${file%/environ}; kill -9 "\${file#/proc/}"; done
done`;

/** `onFailure` hears why there is none: then what is left ends at the next start. */
export function startOrphanGuard(
  options: { readonly folder: string; readonly token: string; readonly path: string },
  onFailure: (error: Error) => void,
): OrphanGuard {
  const { folder, token, path } = options;
  const guard = spawn("sh", ["-c", script, "orphan-guard", folder, token], {
    cwd: "/",
    env: { PATH: path },
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = new Promise<void>((resolve) => {
    guard.once("exit", () => resolve());
    guard.once("error", (error) => {
      onFailure(error);
      resolve();
    });
  });
  guard.stdin.on("error", () => {}); // It has gone by itself.
  guard.unref();
  return {
    dismiss() {
      guard.ref();
      guard.stdin.end("done\n");
      return gone;
    },
  };
}
