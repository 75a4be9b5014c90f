// `dunlin promql`: tools for queries. `dunlin promql test` runs test scripts: data, queries, and what
// they should give.
import { readFileSync } from "node:fs";
import { UserError } from "../lib/user-error.ts";
import { parseScript, type Script } from "../promql/script.ts";
import { formatFailure, runScript } from "../promql/script-run.ts";

const help = `Usage: dunlin promql test FILE...

Runs test scripts of PromQL queries: each loads samples, evaluates queries over them, and says what
they should give. Prints every difference as FILE:LINE, with what was wanted and what came instead.
Exits with 0 when there is none, with 1 when there is one, and with 2 when a script cannot be read.

The language is that of Prometheus' own tests (promqltest):

  load 30s
    vllm:num_requests_running{pod="a"} 1+1x10
    vllm:num_requests_running{pod="b"} 4x10

  eval instant at 2m sum(vllm:num_requests_running)
    {} 9
`;

export function promql(args: readonly string[]): Promise<number> {
  const [command, ...files] = args;
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(help);
    return Promise.resolve(0);
  }
  if (command !== "test")
    throw new UserError(
      command === undefined
        ? "expected a command: test; --help says more"
        : `there is no command "${command}"; the only one is test; --help says more`,
    );
  const option = files.find((file) => file.startsWith("-"));
  if (option !== undefined)
    throw new UserError(`there is no option "${option}"; --help says what there is`);
  if (files.length === 0) throw new UserError("test takes the script files to run");
  return Promise.resolve(runScripts(files));
}

function runScripts(files: readonly string[]): number {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  let evaluations = 0;
  let failures = 0;
  let unreadable = 0;
  for (const file of files) {
    const script = readScript(file, say);
    if (!script) {
      unreadable++;
      continue;
    }
    const report = runScript(script);
    evaluations += report.evaluations;
    failures += report.failures.length;
    for (const failure of report.failures) say(formatFailure(file, failure));
  }
  const outcome = failures === 0 ? "all as wanted" : `${failures} not as wanted`;
  const read = files.length - unreadable;
  if (read > 0)
    say(`${counted(evaluations, "evaluation")} in ${counted(read, "script")}: ${outcome}`);
  if (unreadable > 0) say(`${counted(unreadable, "script")} could not be read`);
  return unreadable > 0 ? 2 : failures > 0 ? 1 : 0;
}

const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

/** Undefined, with what is wrong told, for a file that cannot be read and for what is no script. */
function readScript(file: string, say: (line: string) => void): Script | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    say(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const parsed = parseScript(text);
  if (parsed.kind === "parsed") return parsed.script;
  for (const { line, message } of parsed.faults) say(`${file}:${line}: ${message}`);
  return undefined;
}
