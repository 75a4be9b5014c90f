import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const entry = new URL("./modelserver.ts", import.meta.url).href;
const script =
  `import { modelserver } from ${JSON.stringify(entry)};` +
  `process.exitCode = await modelserver(process.argv.slice(1), process.env);`;

type Child = {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  /** Resolves with the first line that matches; rejects when the process ends without one. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
};

/** Serves a model on a port of the system's choice. */
function start(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script, "--", ...args],
    { env: { ...process.env, POD_IP: "127.0.0.1", ...env }, stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => (output += text));
  const exit = once(child, "close").then(([code]) => code as number | null);
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(output);
      if (found) return found;
      if (child.stdout.readableEnded) throw new Error(`no ${pattern} in:\n${output}`);
      await Promise.race([once(child.stdout, "data"), once(child.stdout, "end")]);
    }
  };
  return { process: child, exit, line };
}

async function serving(child: Child): Promise<string> {
  const [, url] = await child.line(/serving \S+ on (http:\S+)/);
  assert.ok(url);
  return url;
}

function complete(url: string, tokens: number, stream: boolean): Promise<Response> {
  const body = { model: "qwen", prompt: "Once", max_tokens: tokens, stream, ignore_eos: true };
  return fetch(`${url}/openai/v1/completions`, { method: "POST", body: JSON.stringify(body) });
}

/** Resolves when the metrics page matches. */
async function metric(url: string, pattern: RegExp): Promise<void> {
  while (!pattern.test(await (await fetch(`${url}/metrics`)).text()));
}

test("SIGTERM: streams and answers that run are finished, then the exit code is 0", async (t) => {
  const child = start(t, ["--model_name=qwen", "--http_port=0"]);
  const url = await serving(child);
  const stream = await complete(url, 30, true);
  const whole = complete(url, 30, false);
  await metric(url, /request_queue_time_seconds_count\{.*\} 2\n/);
  child.process.kill("SIGTERM");
  await child.line(/terminating/);
  assert.ok((await stream.text()).endsWith("data: [DONE]\n\n"));
  assert.equal((await whole).status, 200);
  assert.equal(await child.exit, 0);
});

test("a second SIGTERM, or SIGINT, ends it at once", async (t) => {
  const [twice, interrupted] = [start(t, ["--http_port=0"]), start(t, ["--http_port=0"])];
  for (const [child, signal, code] of [
    [twice, "SIGTERM", 143],
    [interrupted, "SIGINT", 130],
  ] as const) {
    const url = await serving(child);
    const cut = fetch(`${url}/openai/v1/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "model", prompt: "a", max_tokens: 30_000, ignore_eos: true }),
    });
    cut.catch(() => {});
    await metric(url, /requests_running\{.*\} 1\n/);
    if (signal === "SIGTERM") {
      child.process.kill(signal);
      await child.line(/terminating/);
    }
    child.process.kill(signal);
    await assert.rejects(cut);
    assert.equal(await child.exit, code);
  }
});

test("the log says which engine runs and why, and what has no effect", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-model-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const reason = "model a/b could not be reached (no network): the simulated engine stands in";
  const record = { uri: "hf://a/b", model: "a/b", revision: "main", reachable: false, reason };
  writeFileSync(join(folder, "dunlin-model.json"), JSON.stringify(record));
  const child = start(t, ["--model_name=qwen", "--http_port=0", "--dtype", "auto"], {
    DUNLIN_MODEL_DIR: folder,
  });
  const url = await serving(child);
  await child.line(/engine: simulated\. model a\/b could not be reached \(no network\): /);
  await child.line(/--dtype=auto has no effect/);
  const model = await (await fetch(`${url}/openai/v1/models/qwen`)).text();
  assert.ok(model.includes('"root":"a/b"') && model.includes(JSON.stringify(reason)), model);
  child.process.kill("SIGTERM");
  assert.equal(await child.exit, 0);
});

test("a load delay keeps the port closed, and SIGTERM need not wait for it", async (t) => {
  const child = start(t, ["--http_port=0", "--simulated-load-seconds=3600"]);
  await child.line(/loading the model takes 3600 s/);
  child.process.kill("SIGTERM");
  assert.equal(await child.exit, 0);
});

test("what cannot work is said and ends it", async (t) => {
  const cases: readonly [args: readonly string[], env: NodeJS.ProcessEnv, RegExp, number][] = [
    [["--frobnicate"], {}, /error: unknown flag --frobnicate/, 2],
    [["--simulated-profile=x"], {}, /error: --simulated-profile: unknown x/, 2],
    [[], { POD_IP: "192.0.2.1" }, /error: cannot listen on 192.0.2.1:8080: POD_IP is not/, 1],
  ];
  for (const [args, env, message, code] of cases) {
    const child = start(t, args, env);
    await child.line(message);
    assert.equal(await child.exit, code);
  }
});
