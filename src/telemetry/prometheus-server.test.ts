// The API over real sockets: bounds, compression, and our own client.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { wallClock } from "../lib/wall-clock.ts";
import { openApi, running } from "./api-fixture.ts";
import { prometheusClient } from "./prometheus-client.ts";
import { serve, type ServeOptions } from "./prometheus-server.ts";
import type { Handler } from "./prometheus-api.ts";

async function open(
  t: TestContext,
  handler: Handler = openApi().handler,
  options: Partial<ServeOptions> = {},
) {
  const server = await serve(handler, { host: "127.0.0.1", port: 0, ...options });
  t.after(() => server.close());
  return server;
}

/** The whole answer to a request in the client's own words. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

test("our own client asks our own server", async (t) => {
  const server = await open(t);
  const client = prometheusClient({ serverAddress: server.url, fetch, clock: wallClock });
  assert.deepEqual(await client.query(`sum(${running})`, 1_000_000), {
    kind: "vector",
    samples: [{ labels: {}, timeMs: 1_000_000, value: 5 }],
    warnings: [],
  });
  const long = `sum(${running}{pod=~"${"a|".repeat(3000)}b"})`;
  const { kind } = await client.query(long, 1_000_000);
  assert.equal(kind, "vector", "a query too long for an address goes in a body");
  await assert.rejects(client.query(`${running} + on() ${running}`, 1_000_000), {
    code: "query-failed",
    message: /execution: found duplicate series for the match group/,
  });
});

test("a port in use is told by name", async (t) => {
  const server = await open(t);
  await assert.rejects(serve(openApi().handler, { host: "127.0.0.1", port: server.port }), {
    code: "EADDRINUSE",
  });
});

test("long answers are compressed for those who take it", async (t) => {
  const text = "all work and no play ".repeat(500);
  const server = await open(t, () => Promise.resolve(new Response(text)));
  const cases = [
    { accepts: "gzip", encoding: "gzip" },
    { accepts: "deflate, gzip;q=0.5", encoding: "gzip" },
    { accepts: "deflate", encoding: undefined },
    { accepts: "gzip;q=0", encoding: undefined },
  ];
  for (const { accepts, encoding } of cases) {
    const answer = await exchange(
      server.port,
      `GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${accepts}\r\nConnection: close\r\n\r\n`,
    );
    const [head = "", body = ""] = answer.split(/\r\n\r\n(.*)/s);
    assert.equal(/^content-encoding: (.*)$/m.exec(head)?.[1]?.trim(), encoding, accepts);
    const bytes = Buffer.from(body, "latin1");
    assert.equal((encoding ? gunzipSync(bytes) : bytes).toString(), text, accepts);
  }
});

test("a body beyond the limit is refused without being read", async (t) => {
  let asked = 0;
  const handler: Handler = async (request) => {
    asked++;
    return new Response(String((await request.bytes()).length));
  };
  const server = await open(t, handler, { maxBodyBytes: { "/large": 3_000_000 } });
  const post = (path: string, bytes: number) =>
    fetch(`${server.url}${path}`, { method: "POST", body: new Uint8Array(bytes) });
  assert.equal(await (await post("/large", 2_000_000)).text(), "2000000");
  const announced = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e12\r\n\r\n`;
  assert.match(await exchange(server.port, announced), /^HTTP\/1.1 400 /);
  // More than fits, though the client announces still more.
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
  const answer = await exchange(server.port, head + "x".repeat(1_200_000));
  assert.match(answer, /^HTTP\/1.1 413 [^]*request body exceeds 1048576 bytes\n$/);
  assert.equal(asked, 1);
});

test("a handler that fails is an error of the server's", async (t) => {
  const server = await open(t, () => Promise.reject(new Error("out of paper")));
  const response = await fetch(server.url);
  assert.equal(response.status, 500);
});

test("a query whose client has left is not evaluated", async (t) => {
  const seen: boolean[] = [];
  let left = (): void => {};
  const leaving = new Promise<void>((resolve) => (left = resolve));
  const server = await open(t, async ({ signal }) => {
    await new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    seen.push(signal.aborted);
    left();
    return new Response("");
  });
  const abort = new AbortController();
  const asked = fetch(server.url, { signal: abort.signal });
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(asked);
  await leaving;
  assert.deepEqual(seen, [true]);
});
