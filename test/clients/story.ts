// Stories of commands, each told by a real program in several versions: what is typed, and what must
// be printed. A story's steps build on each other; where versions differ, the step says so.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { clientPath, hasClients, kubectlVersions } from "./programs.ts";

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

export type Story = {
  readonly name: string;
  /** Written into the folder in which the commands run. */
  readonly files?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
};

export const from132: readonly string[] = ["1.32/kubectl", "1.35/kubectl"];
export const only129: readonly string[] = ["1.29/kubectl"];

/** Somebody at a terminal: one program in one version, in a folder, with a kubeconfig. */
export type Terminal = {
  /** One of clientPrograms. */
  readonly program: string;
  readonly directory: string;
  readonly kubeconfig: string;
};

const stepMs = 60_000;
/** How many characters of an output a failure shows. */
const shownMax = 3_000;

/** Runs every step of every story and then fails with all the differences, not just the first. */
export async function tell(t: TestContext, terminal: Terminal, stories: readonly Story[]) {
  mkdirSync(terminal.directory, { recursive: true });
  for (const { name, files = {}, steps } of stories)
    await t.test(name, async () => {
      for (const [file, text] of Object.entries(files))
        writeFileSync(join(terminal.directory, file), text);
      const differences: string[] = [];
      for (const step of steps) {
        if (step.on && !step.on.includes(terminal.program)) continue;
        const difference = differenceOf(terminal, step, await perform(terminal, step));
        if (difference) differences.push(difference);
      }
      assert.equal(differences.length, 0, differences.join("\n"));
    });
}

/**
 * A test of every version of kubectl, or of the one that KUBECTL_VERSION names; `open` gives each a
 * terminal of its own. They run side by side: mostly they wait.
 */
export function testStories(
  name: string,
  open: (t: TestContext, program: string) => Promise<Terminal>,
  stories: readonly Story[],
): void {
  const wanted = process.env["KUBECTL_VERSION"];
  const versions = kubectlVersions.filter((version) => !wanted || version === wanted);
  void test(name, { concurrency: versions.length }, async (t) => {
    if (!hasClients(t)) return;
    const told = versions.map((version) =>
      t.test(`kubectl ${version}`, async (t) =>
        tell(t, await open(t, `${version}/kubectl`), stories),
      ),
    );
    await Promise.all(told);
  });
}

/** What `kubectl delete` prints; newer versions name the namespace. */
export function deleted(resource: string, name: string, how = ""): RegExp {
  return new RegExp(`^${resource} "${name}"${how && ` ${how}`} deleted( from \\S+ namespace)?\n$`);
}

type Outcome = {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly served: string;
};

function differenceOf(
  { program }: Terminal,
  step: Step,
  { code, out, err, served }: Outcome,
): string | undefined {
  const problems: string[] = [];
  if (typeof step.out === "string" && out !== step.out)
    problems.push(`expected to print ${JSON.stringify(step.out)}`);
  if (step.out instanceof RegExp && !step.out.test(out)) problems.push(`expected ${step.out}`);
  if (step.err && !step.err.test(err)) problems.push(`expected on stderr ${step.err}`);
  if (!step.err && err !== "") problems.push("expected nothing on stderr");
  const expected = step.code ?? (step.err ? 1 : 0);
  if (!step.until && code !== expected)
    problems.push(`expected exit code ${expected}, not ${code}`);
  if (step.serves && !step.serves.text.test(served))
    problems.push(`expected GET ${step.serves.path} to answer ${step.serves.text}, not ${served}`);
  if (step.until && !step.until.test(out)) problems.push(`expected ${step.until}`);
  if (problems.length === 0) return undefined;
  const shown = out.length > shownMax ? `${out.slice(0, shownMax)}…\n` : out;
  return `\n$ ${step.program ?? program} ${step.run}\n${shown}${err}>> ${problems.join("; ")}`;
}

async function perform(terminal: Terminal, step: Step): Promise<Outcome> {
  const path = clientPath(step.program ?? terminal.program);
  const [command, args] = step.atTerminal
    ? ["script", ["-qec", [path, ...words(step.run)].map(quoted).join(" "), "/dev/null"]]
    : ([path, words(step.run)] as const);
  const child = spawn(command, args, {
    // kubectl keeps discovery under HOME and drafts under TMPDIR; a folder of its own keeps runs apart.
    env: {
      ...process.env,
      KUBECONFIG: terminal.kubeconfig,
      HOME: terminal.directory,
      TMPDIR: terminal.directory,
      ...step.env,
    },
    cwd: terminal.directory,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: stepMs,
  });
  let out = "";
  let err = "";
  let begun = false;
  const others: Promise<unknown>[] = [];
  const heard = (): void => {
    if (!begun && step.meanwhile) others.push(performAll(terminal, step.meanwhile));
    begun = true;
    if (!ending && step.until?.test(out)) ending = end();
  };
  let ending: Promise<void> | undefined;
  let served = "";
  const end = async (): Promise<void> => {
    if (step.serves) served = await answerOf(out, step.serves.path);
    child.kill();
  };
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
    heard();
  });
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
  child.stdin.on("error", () => {}); // It may end without having read everything.
  // Somebody at a terminal is still there when the command ends.
  if (!step.atTerminal) child.stdin.end(step.input ?? "");
  if (step.again) others.push(performUntil(terminal, step.again, once(child, "close")));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  await Promise.all([...others, ending]);
  return { code, out, err, served };
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

const quoted = (word: string): string => `'${word}'`;

function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']+|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}
