import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { test } from "node:test";
import { wallClock } from "../lib/wall-clock.ts";
import { percentile, runLoad } from "./load.ts";

test("the asked number of requests is in flight, each followed by the next", async (t) => {
  let most = 0;
  let answered = 0;
  const hosts = new Set<string>();
  const held = new Set<ServerResponse>();
  const answer = (response: ServerResponse): void => {
    held.delete(response);
    response.statusCode = answered++ % 10 === 9 ? 503 : 200;
    response.end();
  };
  const server = createServer((request, response) => {
    hosts.add(request.headers.host ?? "");
    held.add(response);
    most = Math.max(most, held.size);
    // Nobody gets an answer before all have been in flight at once.
    if (most === 3) for (const each of held) answer(each);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  const { latenciesMs, outcomes } = await runLoad({
    clock: wallClock,
    host: "127.0.0.1",
    port: address.port,
    hostname: "model.example.com",
    path: "/",
    body: "{}",
    inFlight: 3,
    durationMs: 300,
    signal: new AbortController().signal,
  });
  assert.equal(most, 3);
  assert.deepEqual([...hosts], ["model.example.com"]);
  assert.equal(outcomes.get("200"), latenciesMs.length);
  assert.equal((outcomes.get("200") ?? 0) + (outcomes.get("503") ?? 0), answered);
});

test("a server that is not there is an outcome, not an exception", async () => {
  const { outcomes } = await runLoad({
    clock: wallClock,
    host: "127.0.0.1",
    port: 1,
    hostname: "nowhere",
    path: "/",
    body: "{}",
    inFlight: 1,
    durationMs: 10,
    signal: new AbortController().signal,
  });
  assert.deepEqual([...outcomes.keys()], ["ECONNREFUSED"]);
});

test("percentiles by nearest rank", () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  assert.equal(percentile(values, 0.5), 5);
  assert.equal(percentile(values, 0.9), 9);
  assert.equal(percentile(values, 0.99), 10);
  assert.equal(percentile(values, 1), 10);
  assert.equal(percentile([], 0.5), undefined);
});
