// `dunlin down`: stops the cluster that runs with its state in a data directory, as Ctrl-C in its
// terminal would.
import { existsSync } from "node:fs";
import { wallClock } from "../lib/wall-clock.ts";
import { sleep } from "../lib/clock.ts";
import { UserError } from "../lib/user-error.ts";
import { dataDirPath } from "./data-dir.ts";
import { readOptions } from "./options.ts";
import { findRunning, isAlive, notRunningAt } from "./running.ts";

const help = `Usage: dunlin down [OPTION]...

Stops the cluster that \`dunlin up\` runs, and its pods. What it keeps is there at the next start.

  --data-dir DIR      where its state is kept (default: dunlin in the user's data home)
`;

/** Longer than a cluster takes to end its pods: two seconds of grace, and the rest around it. */
const patienceMs = 30_000;
const lookMs = 50;

export async function down(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args, {
    help: { type: "boolean", short: "h" },
    "data-dir": { type: "string" },
  });
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const dataDir = dataDirPath(options["data-dir"], env);
  const running = findRunning(dataDir);
  if (!running) {
    process.stdout.write(`${notRunningAt(dataDir)}\n`);
    return 0;
  }
  process.kill(running.pid, "SIGTERM");
  const endMs = wallClock.nowMs() + patienceMs;
  while (isAlive(running)) {
    if (wallClock.nowMs() > endMs)
      throw new UserError(
        `process ${running.pid} has been asked to end and has not within ${patienceMs / 1000} s; ` +
          `its log is ${dataDir}/dunlin.log`,
      );
    await sleep(wallClock, lookMs);
  }
  const kept = existsSync(dataDir) ? `its state stays in ${dataDir}` : "nothing of it is kept";
  process.stdout.write(`Dunlin has stopped; ${kept}.\n`);
  return 0;
}
