// Where a cluster keeps its state.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

export type DataDir = { readonly path: string; readonly persistent: boolean; dispose(): void };

export type DataDirOptions = {
  readonly dataDir: string | undefined;
  readonly ephemeral: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Throws a UsageError that says what to do when the directory cannot be made. */
export function openDataDir({ dataDir, ephemeral, env }: DataDirOptions): DataDir {
  if (ephemeral && dataDir !== undefined)
    throw new UsageError(
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
  const home = env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share");
  const path = resolve(dataDir ?? join(home, "dunlin"));
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new UsageError(
      `the data directory ${path} cannot be made (${describe(cause)}); name another with --data-dir DIR, or keep nothing with --ephemeral`,
      { cause },
    );
  }
  return { path, persistent: true, dispose: () => {} };
}

const describe = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
