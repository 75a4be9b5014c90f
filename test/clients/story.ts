// Stories of commands, each told by a real program in several versions: what is typed, and what must
// be printed. A story's steps build on each other; where versions differ, the step says so.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasClients, kubectlVersions } from "./programs.ts";
import { perform, type Outcome, type Step, type Terminal } from "./step.ts";

export type Story = {
  readonly name: string;
  /** Written into the folder in which the commands run. */
  readonly files?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
};

export const from132: readonly string[] = ["1.32/kubectl", "1.35/kubectl"];
export const only129: readonly string[] = ["1.29/kubectl"];

/** How many characters of an output a failure shows. */
const shownMax = 3_000;

/** Runs every step of every story and then fails with all the differences, not just the first. */
export async function tell(t: TestContext, terminal: Terminal, stories: readonly Story[]) {
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
