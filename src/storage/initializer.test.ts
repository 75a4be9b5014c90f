import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { initializeStorage } from "./initializer.ts";
import { readModelRecord } from "./model-record.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-storage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function fixture(t: TestContext, hub: RequestListener) {
  const server = createServer(hub).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = join(temporaryFolder(t), "models");
  const clock = new VirtualClock();
  const initialize = (options: { simulatedEngine: boolean; token?: string; uri?: string }) =>
    initializeStorage({
      clock,
      folder,
      endpoint: `http://${host}`,
      token: undefined,
      uri: "hf://owner/model:v1",
      ...options,
    });
  return { host, folder, clock, server, initialize };
}

test("a model that the hub has: its configuration is kept, and the token was shown", async (t) => {
  let seen: IncomingMessage | undefined;
  const { folder, initialize } = await fixture(t, (incoming, outgoing) => {
    seen = incoming;
    outgoing.end('{"max_position_embeddings": 4096}');
  });
  const { ok, message } = await initialize({ simulatedEngine: false, token: "hf_secret" });
  assert.equal(ok, true);
  assert.equal(
    message,
    "model owner/model was found, but this version downloads no weights: the simulated engine stands in",
  );
  assert.equal(seen?.url, "/owner/model/resolve/v1/config.json");
  assert.equal(seen?.headers.authorization, "Bearer hf_secret");
  assert.deepEqual(readModelRecord(folder), {
    uri: "hf://owner/model:v1",
    model: "owner/model",
    revision: "v1",
    reachable: true,
    reason: message,
    config: { max_position_embeddings: 4096 },
  });
  assert.doesNotMatch(readFileSync(join(folder, "dunlin-model.json"), "utf8"), /secret/);
});

const refusals: readonly [status: number, remedy: RegExp][] = [
  [401, /set HF_TOKEN to a token that may read the model$/],
  [403, /set HF_TOKEN/],
  [404, /check that owner\/model exists and has a config\.json at v1$/],
  [503, /try again later/],
];
for (const [status, remedy] of refusals)
  test(`the hub answers ${status}`, async (t) => {
    const { host, folder, initialize } = await fixture(t, (_, outgoing) => {
      outgoing.writeHead(status).end();
    });
    const strict = await initialize({ simulatedEngine: false });
    assert.equal(strict.ok, false);
    assert.ok(strict.message.includes(`could not be reached (${host} answered ${status}): `));
    assert.match(strict.message, remedy);
    const simulated = await initialize({ simulatedEngine: true });
    assert.equal(simulated.ok, true);
    assert.match(simulated.message, /: the simulated engine stands in$/);
    assert.equal(readModelRecord(folder)?.reachable, false);
    assert.equal(readModelRecord(folder)?.reason, simulated.message);
  });

test("a hub that says nothing is given up after 1.5 s", async (t) => {
  const { clock, server, initialize } = await fixture(t, () => {});
  const initialized = initialize({ simulatedEngine: true });
  await once(server, "request");
  await clock.advance(1500);
  const { ok, message, timedOut } = await initialized;
  assert.deepEqual([ok, timedOut], [true, true]);
  assert.match(message, /no answer from 127\.0\.0\.1:\d+ within 1\.5 s/);
});

test("a hub that is not there", async (t) => {
  const { server, initialize, host } = await fixture(t, () => {});
  server.close();
  await once(server, "close");
  const { ok, message, timedOut } = await initialize({ simulatedEngine: false });
  assert.deepEqual([ok, timedOut], [false, false]);
  assert.ok(message.includes(`(connect ECONNREFUSED ${host}): check the network`), message);
});

test("a URI that is none, an endpoint that is none, and a folder that cannot be", async (t) => {
  const { initialize, folder } = await fixture(t, (_, outgoing) => outgoing.end("{}"));
  const uri = await initialize({ simulatedEngine: true, uri: "gs://a/b" });
  assert.deepEqual([uri.ok, readModelRecord(folder)], [false, undefined]);
  assert.match(uri.message, /^gs:\/\/ is not supported/);

  const common = { clock: new VirtualClock(), uri: "hf://a/b", token: undefined };
  const options = { ...common, simulatedEngine: true, folder };
  const endpoint = await initializeStorage({ ...options, endpoint: "hub" });
  assert.match(endpoint.message, /HF_ENDPOINT "hub" is not an http or https URL/);

  const file = join(temporaryFolder(t), "file");
  writeFileSync(file, "");
  const blocked = await initializeStorage({ ...options, endpoint: "hub", folder: file });
  assert.equal(blocked.ok, false);
  assert.match(blocked.message, /^cannot write to .*: give the container a volume/);
});

test("a record that is none is an error that names the file", (t) => {
  const folder = temporaryFolder(t);
  assert.equal(readModelRecord(folder), undefined);
  for (const [text, message] of [
    ["{", /dunlin-model\.json is not valid JSON/],
    ["[]", /is not a JSON object/],
    ['{"uri": 1}', /lacks uri, model/],
  ] as const) {
    writeFileSync(join(folder, "dunlin-model.json"), text);
    assert.throws(() => readModelRecord(folder), message);
  }
});
