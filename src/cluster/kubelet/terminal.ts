// A terminal for a command: Node has none to give, so util-linux's `script` makes one and stands
// between it and the client's streams.
import { execFile } from "node:child_process";
import { readlinkSync } from "node:fs";
import type { Clock } from "../../lib/clock.ts";
import type { TerminalSize } from "../apiserver/node-access.ts";
import type { Environment } from "./container-env.ts";
import { childrenOf } from "./proc-stat.ts";

const retryMs = 50;
const retriesMax = 20;

/** Whether there is a `script` on the PATH that is util-linux's; others take other arguments. */
export function hasTerminals(env: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("script", ["--version"], { env: { PATH: env["PATH"] } }, (error, stdout) =>
      resolve(!error && stdout.includes("util-linux")),
    );
  });
}

type Line = { readonly command: readonly string[]; readonly env: Environment };

/** The command in a terminal; exits with the command's own exit code, and ends with its input. */
export function inTerminal({ command, env }: Line): Line {
  const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return {
    command: [
      "script",
      "--quiet",
      "--return",
      "--flush",
      "-c",
      `exec ${words.join(" ")}`,
      "/dev/null",
    ],
    env: { TERM: "xterm", ...env, SHELL: "/bin/sh" },
  };
}

/** Tells the command in the terminal of that `script`; a little later where it has not begun yet. */
export function resizeTerminal(scriptPid: number, size: TerminalSize, clock: Clock): void {
  const attempt = (left: number): void => {
    const path = terminalOf(scriptPid);
    if (path === undefined) {
      if (left > 0) clock.after(retryMs, () => attempt(left - 1));
      return;
    }
    const { columns, rows } = size;
    // Should it fail, the terminal keeps the size that it has.
    execFile("stty", ["-F", path, "cols", String(columns), "rows", String(rows)], () => {});
  };
  attempt(retriesMax);
}

function terminalOf(scriptPid: number): string | undefined {
  for (const pid of childrenOf(scriptPid))
    try {
      const path = readlinkSync(`/proc/${pid}/fd/0`);
      if (path.startsWith("/dev/pts/")) return path;
    } catch {
      // It has ended meanwhile.
    }
  return undefined;
}
