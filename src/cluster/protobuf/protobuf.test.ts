// Protobuf bodies, written by a small encoder and read by the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane } from "../apiserver/plane-fixture.ts";
import { envelope, message } from "./encode-fixture.ts";
import { decodeProtobuf } from "./protobuf.ts";

const entry = (key: string, value: string | Uint8Array): Uint8Array =>
  message([1, key], [2, value]);

test("a Secret as kubectl create writes it", () => {
  const meta = message([1, "s"], [2, ""], [3, "default"], [7, 0], [8, message()]);
  const raw = message([1, meta], [2, entry("k", new Uint8Array([1, 2]))], [3, "Opaque"]);
  assert.deepEqual(decodeProtobuf(envelope("v1", "Secret", raw)), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "default" },
    data: { k: "AQI=" },
    type: "Opaque",
  });
});

test("zero is kept where somebody set it, and dropped where Go wrote it", () => {
  const strategy = message([2, message([1, message([1, 1], [2, 0], [3, "25%"])])]);
  const spec = message([1, 0], [4, strategy], [5, 0], [7, 0]);
  const raw = message([1, message([1, "d"])], [2, spec]);
  assert.deepEqual(decodeProtobuf(envelope("apps/v1", "Deployment", raw)), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d" },
    spec: { replicas: 0, strategy: { rollingUpdate: { maxUnavailable: "25%" } } },
  });
});

test("quantities, numbers or text, inlined messages and times", () => {
  const limits = entry("cpu", message([1, "500m"]));
  const key = message([1, message([1, "s"])], [2, "k"], [3, 0]);
  const env = message([1, "A"], [3, message([4, key])]);
  const container = message([1, "c"], [7, env], [8, message([1, limits])]);
  const meta = message([1, "p"], [8, message([1, 1_767_323_045])]);
  const raw = message([1, meta], [2, message([2, container], [4, 0])]);
  assert.deepEqual(decodeProtobuf(envelope("v1", "Pod", raw)), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", creationTimestamp: "2026-01-02T03:04:05Z" },
    spec: {
      containers: [
        {
          name: "c",
          env: [
            { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: false } } },
          ],
          resources: { limits: { cpu: "500m" } },
        },
      ],
      terminationGracePeriodSeconds: 0,
    },
  });
});

test("a status keeps the zeros that readers count on", () => {
  const status = message([1, "c"], [4, 0], [5, 0], [6, "i:1"], [7, ""], [9, 0]);
  const raw = message([1, message([1, "p"])], [3, message([8, status])]);
  assert.deepEqual(decodeProtobuf(envelope("v1", "Pod", raw))["status"], {
    containerStatuses: [
      { name: "c", ready: false, restartCount: 0, image: "i:1", imageID: "", started: false },
    ],
  });
});

test("times with microseconds", () => {
  const time = message([1, 1_767_323_045], [2, 6_007_000]);
  const raw = message([1, message([1, "l"])], [2, message([4, time])]);
  assert.deepEqual(decodeProtobuf(envelope("coordination.k8s.io/v1", "Lease", raw))["spec"], {
    renewTime: "2026-01-02T03:04:05.006007Z",
  });
});

/** The schema of a definition's first version. */
function schemaIn(schema: Uint8Array): unknown {
  const version = message([1, "v1"], [2, 1], [3, 1], [4, message([1, schema])]);
  const raw = message([1, message([1, "x"])], [2, message([1, "example.dev"], [7, version])]);
  const body = envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", raw);
  const { spec } = decodeProtobuf(body) as { spec: { versions: { schema: unknown }[] } };
  return spec.versions[0]?.schema;
}

test("a schema in a definition: JSON inside of it, and what may stand for a schema", () => {
  const text = message([5, "string"]);
  const schema = message(
    [8, message([1, '{"a":[1,null]}'])],
    [24, message([1, text])],
    [25, text],
    [29, message([1, "__proto__"], [2, message([38, 1])])],
    [30, message([1, 1])],
    [32, message([1, "a"], [2, message([2, "b"])])],
  );
  // A number of 64 bits (field 9, wire type 1), which the little encoder lacks: 1.5.
  const maximum = [0x49, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f];
  assert.deepEqual(schemaIn(new Uint8Array([...schema, ...maximum])), {
    openAPIV3Schema: {
      default: { a: [1, null] },
      items: { type: "string" },
      allOf: [{ type: "string" }],
      properties: { ["__proto__"]: { "x-kubernetes-preserve-unknown-fields": true } },
      additionalProperties: true,
      dependencies: { a: ["b"] },
      maximum: 1.5,
    },
  });
});

const unreadable: readonly (readonly [name: string, body: Uint8Array, why: RegExp])[] = [
  ["an unknown wire type", envelope("v1", "Pod", new Uint8Array([0x0b])), /unknown wire type 3/],
  ["a field 0", envelope("v1", "Pod", new Uint8Array([0x02, 0x00])), /a field without a number/],
  [
    "text that is not UTF-8",
    envelope("v1", "Pod", message([1, message([1, new Uint8Array([0xff])])])),
    /not UTF-8/,
  ],
  ["a number for a message", envelope("v1", "Pod", message([1, 7])), /a number stands where/],
  [
    "an endless number",
    envelope("v1", "Pod", new Uint8Array(20).fill(0xff)),
    /a number is too long/,
  ],
  [
    "a promise of 2 GiB",
    envelope("v1", "Pod", new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])),
    /ends within a field/,
  ],
];

for (const [name, body, why] of unreadable)
  test(`${name} is refused with the reason`, () =>
    assert.throws(() => decodeProtobuf(body), { code: 400, message: why }));

test("schemas nest only so deep", () => {
  let schema = message([5, "string"]);
  for (let level = 0; level < 1000; level++) schema = message([28, schema]);
  assert.throws(() => schemaIn(schema), { code: 400, message: /nested more than 200 levels deep/ });
});

const protobuf = { "content-type": "application/vnd.kubernetes.protobuf" };
const secrets = "/api/v1/namespaces/default/secrets";

test("over the API: created, refused by kind, refused when cut off", async () => {
  const { call } = openTestPlane();
  const raw = message([1, message([1, "s"])], [2, entry("k", "v")]);
  const good = envelope("v1", "Secret", raw);
  const created = await call("POST", secrets, good, protobuf);
  assert.equal(created.status, 201);
  assert.deepEqual(created.body.data, { k: "dg==" });
  const job = envelope("batch/v1", "Job", message());
  const refused = await call("POST", secrets, job, protobuf);
  assert.equal(refused.status, 415);
  assert.match(refused.body.message, /^Job in batch\/v1 cannot be read from protobuf here/);
  const cut = await call("POST", secrets, good.slice(0, -3), protobuf);
  assert.equal(cut.status, 400);
  assert.match(cut.body.message, /it ends within a field/);
  assert.equal((await call("POST", secrets, new Uint8Array([1, 2, 3]), protobuf)).status, 400);
});

test("DeleteOptions", async () => {
  const { call } = openTestPlane();
  await call("POST", secrets, { metadata: { name: "s", finalizers: ["example.dev/h"] } });
  const options = message([2, message([1, "other-uid"])], [4, "Background"]);
  const body = envelope("v1", "DeleteOptions", options);
  const { status } = await call("DELETE", `${secrets}/s`, body, protobuf);
  assert.equal(status, 409);
});
