// `dunlin up` as a user starts it, with a terminal beside it: what clients meet where pods run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startDunlin } from "../dunlin.ts";
import type { Terminal } from "./step.ts";

/** An empty one, for this test; it and the terminal's folder go with the test. */
export async function openDunlinTerminal(t: TestContext, program: string): Promise<Terminal> {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-terminal-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  return { program, directory, kubeconfig: dunlin.env["KUBECONFIG"] ?? "" };
}
