import assert from "node:assert/strict";
import { test } from "node:test";
import { compress } from "snappyjs";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { SeriesStore, type StoreLimits } from "../metrics/series-store.ts";
import { remoteWrite } from "./remote-write-handler.ts";
import { RemoteWriteReceiver } from "./remote-write-receiver.ts";
import { writeRequestBody } from "./write-request-fixture.ts";

const nowMs = 1_764_000_000_000;

function handling(limits: Partial<StoreLimits> = {}) {
  const lines: string[] = [];
  const store = new SeriesStore(limits);
  const receiver = new RemoteWriteReceiver({ store, clock: new VirtualClock(nowMs) });
  const handle = remoteWrite({ receiver, log: (line) => void lines.push(line) });
  const push = async (
    body: Uint8Array,
    headers: Readonly<Record<string, string>> = prometheusHeaders,
  ): Promise<string> => {
    const response = await handle(
      new Request("http://localhost/api/v1/write", {
        method: "POST",
        headers,
        body: new Uint8Array(body),
      }),
    );
    return `${response.status} ${(await response.text()).trim()}`.trim();
  };
  return { store, lines, push };
}

const prometheusHeaders = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};

const bodyOf = (name: string, timeMs = nowMs, value = 1): Uint8Array =>
  writeRequestBody([{ labels: { __name__: name }, samples: [{ timeMs, value }] }]);

test("a push is answered with 204 and nothing", async () => {
  const { push, store } = handling();
  assert.equal(await push(bodyOf("a")), "204");
  assert.equal(await push(bodyOf("b"), {}), "204");
  assert.equal(
    await push(bodyOf("c"), {
      "content-type": "application/x-protobuf; proto=prometheus.WriteRequest",
    }),
    "204",
  );
  assert.deepEqual(store.labelValues("__name__"), ["a", "b", "c"]);
});

const v2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
const refusals: readonly (readonly [
  it: string,
  answer: string,
  body: Uint8Array,
  headers?: Readonly<Record<string, string>>,
])[] = [
  ["what is not snappy", "400 snappy: corrupt input", Buffer.from("{}")],
  [
    "what is not protobuf",
    "400 invalid protobuf: unexpected end of the message",
    compress(Buffer.from("\n\x7fno")),
  ],
  [
    "a series without a name",
    '400 a series has no __name__: {"a":"b"}',
    writeRequestBody([{ labels: { a: "b" }, samples: [] }]),
  ],
  ["what is too old", "400 too old sample: x at 5 ms", bodyOf("x", 5)],
  [
    "remote write 2.0",
    "415 io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts prometheus.WriteRequest: set protobuf_message in remote_write",
    bodyOf("x"),
    { "content-type": v2 },
  ],
  [
    "JSON",
    "415 expected application/x-protobuf as the first (media) part, got application/json content-type",
    bodyOf("x"),
    { "content-type": "application/json" },
  ],
  [
    "gzip",
    "415 gzip encoding (compression) is not accepted by this server; only snappy is acceptable",
    bodyOf("x"),
    { "content-encoding": "gzip" },
  ],
];

for (const [it, answer, body, headers] of refusals)
  test(`refuses ${it}`, async () => {
    const { push, store } = handling();
    await push(bodyOf("a"));
    assert.equal(await push(body, headers), answer);
    assert.deepEqual(store.labelValues("__name__"), ["a"]);
  });

test("without room it answers so that the sender does not try again, and tells once", async () => {
  const { push, lines } = handling({ maxSeries: 2 });
  await push(bodyOf("a"));
  const told = "no room for 1 of 1 samples, which are dropped: the limits on series are reached";
  assert.equal(await push(bodyOf("b")), `400 ${told}`);
  assert.equal(await push(bodyOf("c")), `400 ${told}`);
  assert.equal(await push(bodyOf("a", nowMs + 1)), "204");
  assert.deepEqual(lines, [`remote write: ${told}`, "remote write: samples are taken again"]);
});
