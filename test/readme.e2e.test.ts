// The README's commands, as they stand there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repository, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

test("the README's session works as printed, with a shorter load", async (t) => {
  if (!hasTools(t, "kubectl", "hey")) return;
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  const session = blocks.find((text) => text.includes("kubectl apply"));
  assert.ok(session, "the README has lost its session");
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const script = session.replace("-z 30s", "-z 3s");
  const { code, stdout, stderr } = await dunlin.run("bash", ["-euo", "pipefail", "-c", script]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /inferenceservice.serving.kserve.io\/huggingface-qwen created/);
  assert.match(stdout, /\[200\]\t\d+ responses/);
  assert.match(stdout, /Name: +huggingface-qwen-predictor/);
});
