// `dunlin up` where its surroundings are not as it would like them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, example, processesOf, repository, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

test("the port that Prometheus has elsewhere may be somebody else's", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const other = createServer((socket) => socket.destroy());
  const taken = await new Promise<Error | undefined>((resolve) => {
    other.once("error", resolve);
    other.listen({ host: "0.0.0.0", port: 9090 }, () => resolve(undefined));
  });
  if (taken) return t.skip(`another program or cluster has the port already: ${taken.message}`);
  t.after(() => other.close());
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  await dunlin.kubectl(`apply -f ${example("huggingface-qwen.yaml")}`);
  await eventually("the query is answered under the document's address", async () => {
    const ready = await dunlin
      .kubectl(
        `get scaledobject huggingface-qwen-predictor -o jsonpath={.status.conditions[?(@.type=="Ready")].status}`,
      )
      .catch(() => "");
    return ready === "True" ? true : undefined;
  });
});

test("a reader that goes away ends it, without a stack trace and with nothing left", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  const args = ["up", "--ephemeral", "--api-port", "0", "--ingress-port", "0"];
  const child = spawn(join(repository, "dunlin"), args, {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let ended = false;
  void exited.then(() => (ended = true));
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  // As `| head -n 0` does: the first line already meets a closed pipe.
  child.stdout.destroy();
  await eventually("it ends", () => (ended ? true : undefined));
  assert.doesNotMatch(stderr, /^ +at |EPIPE/m);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("dunlin-")),
    [],
  );
  assert.deepEqual(processesOf(folder), []);
});
