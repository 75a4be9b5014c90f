// Where a cluster keeps its state.
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../lib/user-error.ts";

export type DataDir = { readonly path: string; readonly persistent: boolean; dispose(): void };

export type DataDirOptions = {
  readonly dataDir: string | undefined;
  readonly ephemeral: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A persistent directory is made by the cluster, when it takes hold of it. */
export function openDataDir({ dataDir, ephemeral, env }: DataDirOptions): DataDir {
  if (ephemeral && dataDir !== undefined)
    throw new UserError(
      "--ephemeral keeps nothing, so it goes without --data-dir; leave out one of them",
    );
  if (ephemeral) {
    const path = mkdtempSync(join(tmpdir(), "dunlin-"));
    return {
      path,
      persistent: false,
      dispose: () => rmSync(path, { recursive: true, force: true }),
    };
  }
  return { path: dataDirPath(dataDir, env), persistent: true, dispose: () => {} };
}

/** The directory that `--data-dir` names, or else the user's. */
export function dataDirPath(
  dataDir: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const home = env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share");
  return resolve(dataDir ?? join(home, "dunlin"));
}
