// Two services with the same model and the same query, loaded differently at the same time: each sees
// only its own pods.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { wallClock } from "../src/lib/wall-clock.ts";
import { runLoad } from "../src/cli/load.ts";
import { eventually, example, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

test("two InferenceServices with the same query scale independently", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const { kubectl, env } = dunlin;
  const manifest = readFileSync(example("huggingface-qwen.yaml"), "utf8");
  const names = ["busy", "calm"];
  for (const name of names)
    await kubectl("apply -f -", manifest.replaceAll("huggingface-qwen", name));
  await kubectl(
    "wait --for=condition=Ready inferenceservice/busy inferenceservice/calm --timeout=60s",
  );

  const load = (name: string, inFlight: number) =>
    runLoad({
      clock: wallClock,
      host: env["INGRESS_HOST"] ?? "",
      port: Number(env["INGRESS_PORT"]),
      hostname: `${name}-default.example.com`,
      path: "/openai/v1/chat/completions",
      body: JSON.stringify({
        model: "qwen",
        messages: [{ role: "user", content: "Write a poem about colors" }],
        max_tokens: 100,
      }),
      inFlight,
      durationMs: 12_000,
      signal: new AbortController().signal,
    });
  const loads = [load("busy", 6), load("calm", 2)];
  const counts: string[] = [];
  let finished = false;
  void Promise.all(loads).then(() => (finished = true));
  const replicas = async (name: string): Promise<string> =>
    kubectl(`get deployment ${name}-predictor -o jsonpath={.spec.replicas}`);
  await eventually("the busy one has grown", async () => {
    counts.push(`${await replicas("busy")} ${await replicas("calm")}`);
    return counts.at(-1)?.startsWith("3") ? true : undefined;
  });
  while (!finished) counts.push(`${await replicas("busy")} ${await replicas("calm")}`);
  assert.deepEqual(
    [...new Set(counts)].toSorted((a, b) => a.localeCompare(b)),
    ["1 1", "3 1"],
  );
  for (const { outcomes } of await Promise.all(loads))
    assert.deepEqual([...outcomes.keys()], ["200"]);
});
