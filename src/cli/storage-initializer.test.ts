import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";

const entry = new URL("./storage-initializer.ts", import.meta.url).href;
const script =
  `import { storageInitializer } from ${JSON.stringify(entry)};` +
  `process.exitCode = await storageInitializer(process.argv.slice(1), process.env);`;

async function run(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script, "--", ...args],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, code: (await exit)[0] };
}

async function hub(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const [name, listener, cause] of [
  ["that refuses", (_, outgoing) => outgoing.writeHead(404).end(), /answered 404/],
  // This one takes the real 1.5 s: the way out of a process whose lookup may hang is what is tested.
  ["that says nothing", () => {}, /no answer from .* within 1\.5 s/],
] as const satisfies readonly [string, RequestListener, RegExp][])
  test(`a hub ${name}: an error, or the simulated engine where that is allowed`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "dunlin-initializer-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const terminationLog = join(folder, "termination-log");
    const endpoint = await hub(t, listener);
    const env = { HF_ENDPOINT: endpoint, DUNLIN_TERMINATION_LOG: terminationLog };
    const args = ["hf://owner/model", join(folder, "models")];
    const [strict, simulated] = await Promise.all([
      run(t, args, { HF_ENDPOINT: endpoint, DUNLIN_SIMULATED_ENGINE: "" }),
      run(t, args, { ...env, DUNLIN_SIMULATED_ENGINE: "1" }),
    ]);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /^error: model owner\/model could not be reached/);
    assert.match(strict.stderr, cause);
    assert.equal(simulated.code, 0);
    assert.match(simulated.stdout, /: the simulated engine stands in\n$/);
    assert.equal(`${readFileSync(terminationLog, "utf8")}\n`, simulated.stdout);
  });

test("wrong arguments are told the right ones", async (t) => {
  const { code, stderr } = await run(t, ["hf://owner/model"]);
  assert.equal(code, 2);
  assert.match(stderr, /usage: storage-initializer URI FOLDER/);
});
