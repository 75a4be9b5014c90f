// SPDY as Kubernetes' clients speak it, and as nobody should.
import assert from "node:assert/strict";
import { duplexPair, type Duplex } from "node:stream";
import { test, type TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { SpdyClient } from "./spdy-client-fixture.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";

function open(t: TestContext, onStream: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair();
  const connection = new SpdyConnection(far, onStream);
  const served = connection.serve();
  t.after(async () => {
    near.destroy();
    far.destroy();
    await served;
  });
  return { client: new SpdyClient(near), near, far, connection, served };
}

const echo = ({ body }: SpdyStream): void => void body.pipe(body);

/** Headers are compressed in threads of their own, so how many turns a frame takes is anybody's guess. */
async function until(isSo: () => boolean): Promise<void> {
  const lateMs = Date.now() + 10_000;
  while (!isSo() && Date.now() < lateMs) await nextTurn();
}

test("streams are told by their headers, side by side, and end each by itself", async (t) => {
  const seen: (string | undefined)[] = [];
  const { client } = open(t, (stream) => {
    seen.push(stream.headers.get("streamtype"));
    echo(stream);
  });
  const one = await client.open({ Streamtype: "data" });
  const two = await client.open({ streamtype: "error" });
  client.data(one, "a");
  client.data(two, "b", true);
  client.data(one, "c", true);
  const texts = await client.texts(2);
  assert.deepEqual([texts.get(one), texts.get(two)], ["ac", "b"]);
  assert.deepEqual(seen, ["data", "error"]);
});

test("a ping is answered with its number, and unknown frames are no matter", async (t) => {
  const { client } = open(t, echo);
  client.control(4, Buffer.alloc(4)); // SETTINGS
  client.control(9, Buffer.alloc(8)); // WINDOW_UPDATE
  client.control(6, Buffer.from([0, 0, 0, 7]));
  assert.deepEqual(await client.next(), {
    kind: "control",
    type: 6,
    payload: Buffer.from([0, 0, 0, 7]),
  });
});

test("a stream that the client resets is destroyed, the others live", async (t) => {
  const bodies: Duplex[] = [];
  const { client } = open(t, ({ body }) => bodies.push(body));
  const one = await client.open({});
  const two = await client.open({});
  client.reset(one);
  client.data(two, "x");
  await until(() => (bodies[1]?.readableLength ?? 0) > 0);
  assert.equal(bodies[0]?.destroyed, true);
  assert.equal(String(bodies[1]?.read()), "x");
});

test("a stream that is destroyed here is reset there", async (t) => {
  const { client } = open(t, ({ body }) => body.destroy());
  await client.open({});
  await client.next(); // SYN_REPLY
  const frame = await client.next();
  assert.deepEqual(frame, {
    kind: "control",
    type: 3,
    payload: Buffer.from([0, 0, 0, 1, 0, 0, 0, 5]),
  });
});

test("what nobody reads is not taken from the client, and goes on where it stopped", async (t) => {
  const bodies: Duplex[] = [];
  const { client, near } = open(t, ({ body }) => bodies.push(body));
  const stream = await client.open({});
  const piece = Buffer.alloc(32 * 1024, "x");
  for (let sent = 0; sent < 64; sent++) client.data(stream, piece, sent === 63);
  await until(() => (bodies[0]?.readableLength ?? 0) >= 256 * 1024);
  const [body] = bodies;
  assert.ok(body);
  assert.ok(body.readableLength <= 512 * 1024, `${body.readableLength} bytes wait in the stream`);
  assert.ok(near.writableLength > 1024 * 1024, "the rest waits in the client");
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) length += chunk.length;
  assert.equal(length, 64 * piece.length);
});

test("a writer waits for a client that does not read", async (t) => {
  const bodies: Duplex[] = [];
  const { client } = open(t, ({ body }) => bodies.push(body));
  await client.open({});
  await until(() => bodies.length > 0);
  let written = 0;
  for (; written < 1000; written++) {
    if (bodies[0]?.write(Buffer.alloc(32 * 1024)) === false) break;
    await nextTurn();
  }
  assert.ok(written < 10, `${written} pieces were taken`);
});

const broken: readonly (readonly [string, (client: SpdyClient, near: Duplex) => void])[] = [
  ["a header block that is not compressed", (client) => client.control(1, Buffer.alloc(40, 7))],
  ["a frame that is too short", (client) => client.control(1, Buffer.alloc(2))],
  [
    "a control frame without end",
    (_client, near) => near.write(Buffer.from("8003000100ffffff", "hex")),
  ],
  ["a client that is gone", (_client, near) => near.destroy()],
  [
    "a client that is gone within a frame",
    (client, near) => {
      client.data(1, "half");
      near.end(Buffer.from([0, 0, 0]));
    },
  ],
];
for (const [name, act] of broken)
  test(`${name} ends the connection and its streams, and nothing else`, async (t) => {
    const bodies: Duplex[] = [];
    const { client, near, far, served } = open(t, ({ body }) => bodies.push(body));
    await client.open({});
    await until(() => bodies.length > 0);
    act(client, near);
    // The pair does not tell the far side by itself, as a socket does.
    if (near.destroyed) far.destroy();
    await served;
    assert.equal(bodies[0]?.destroyed, true);
  });

test("a connection that waits for a reader still ends with its client", async (t) => {
  const bodies: Duplex[] = [];
  const { client, far, served } = open(t, ({ body }) => bodies.push(body));
  const stream = await client.open({});
  for (let sent = 0; sent < 40; sent++) client.data(stream, Buffer.alloc(32 * 1024));
  await until(() => (bodies[0]?.readableLength ?? 0) >= 256 * 1024);
  far.destroy();
  await served;
});
