// One command as somebody types it at a terminal, with what is done elsewhere meanwhile, and what came
// of it.
import assert from "node:assert/strict";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { clientPath } from "./programs.ts";

export type Step = {
  /** What is typed after the program's name; single quotes keep words together. */
  readonly run: string;
  /** One of clientPrograms, where it is not the terminal's own. */
  readonly program?: string;
  /** Standard output, whole or in part; not looked at when absent. */
  readonly out?: string | RegExp;
  /** Standard error, which is empty when absent. */
  readonly err?: RegExp;
  /** The exit code: 1 when absent and `err` is given, else 0. */
  readonly code?: number;
  readonly input?: string;
  /** Typed at a real terminal, for what wants one (`exec -it`); both outputs then come as one. */
  readonly atTerminal?: true;
  readonly env?: Readonly<Record<string, string>>;
  /** The programs that this step is for. */
  readonly on?: readonly string[];
  /** For commands that do not end: what their output must show before they are ended. */
  readonly until?: RegExp;
  /** With `until`: what is typed elsewhere once the command has begun to print. */
  readonly meanwhile?: readonly string[];
  /** With `until`: what is typed elsewhere again and again, where the command prints nothing before. */
  readonly again?: string;
  /** With `until`: what the first address that it prints then answers to a GET. */
  readonly serves?: { readonly path: string; readonly text: RegExp };
};

/** Somebody at a terminal: one program in one version, in a folder, with a kubeconfig. */
export type Terminal = {
  /** One of clientPrograms. */
  readonly program: string;
  readonly directory: string;
  readonly kubeconfig: string;
};

export type Outcome = {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly served: string;
};

const stepMs = 60_000;

/** Types the command and waits for its end, or for what `until` says. */
export async function perform(terminal: Terminal, step: Step): Promise<Outcome> {
  const child = start(terminal, step);
  let out = "";
  let err = "";
  let served = "";
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    if (step.serves) served = await answerOf(out, step.serves.path);
    child.kill();
  };
  const others: Promise<unknown>[] = [];
  child.stdout.once("data", () => others.push(performAll(terminal, step.meanwhile ?? [])));
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
    if (step.until?.test(out)) ending ??= end();
  });
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
  child.stdin.on("error", () => {}); // It may end without having read everything.
  // Somebody at a terminal is still there when the command ends.
  if (!step.atTerminal) child.stdin.end(step.input ?? "");
  const closed = once(child, "close") as Promise<[number | null]>;
  if (step.again) others.push(performUntil(terminal, step.again, closed));
  const [code] = await closed;
  await Promise.all([...others, ending]);
  return { code, out, err, served };
}

function start(
  { program, kubeconfig, directory }: Terminal,
  step: Step,
): ChildProcessWithoutNullStreams {
  const words = [clientPath(step.program ?? program), ...wordsOf(step.run)];
  const [command = "", ...args] = step.atTerminal
    ? ["script", "-qec", words.map((word) => `'${word}'`).join(" "), "/dev/null"]
    : words;
  // kubectl keeps discovery under HOME and drafts under TMPDIR; a folder of its own keeps runs apart.
  const own = { KUBECONFIG: kubeconfig, HOME: directory, TMPDIR: directory };
  return spawn(command, args, {
    env: { ...process.env, ...own, ...step.env },
    cwd: directory,
    timeout: stepMs,
  });
}

async function answerOf(out: string, path: string): Promise<string> {
  const address = /127\.0\.0\.1:\d+/.exec(out)?.[0] ?? "";
  try {
    const signal = AbortSignal.timeout(stepMs / 2);
    return await (await fetch(`http://${address}${path}`, { signal })).text();
  } catch (error) {
    return String(error);
  }
}

async function performUntil(
  terminal: Terminal,
  line: string,
  end: Promise<unknown>,
): Promise<void> {
  let ended = false;
  void end.then(() => (ended = true));
  while (!ended) await performAll(terminal, [line]);
}

async function performAll(terminal: Terminal, lines: readonly string[]): Promise<void> {
  for (const run of lines) {
    const { code, out, err } = await perform(terminal, { run });
    assert.equal(code, 0, `${run}\n${out}${err}`);
  }
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']+|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}
