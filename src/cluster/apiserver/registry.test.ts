// What the verbs promise, asked over the API: names, optimistic locking, generations, subresources,
// deletion.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  openTestPlane,
  pod,
  pods,
  widget,
  widgets,
} from "./plane-fixture.ts";

test("a created object gets an identity, and its name is taken", async () => {
  const { call } = openTestPlane();
  const { status, body } = await call("POST", configMaps, configMap("a", {}, { k: "v" }));
  assert.equal(status, 201);
  assert.equal(body.metadata.namespace, "default");
  assert.match(body.metadata.uid, /^uid-/);
  assert.equal(body.metadata.creationTimestamp, "2026-01-02T03:04:05Z");
  assert.ok(Number(body.metadata.resourceVersion) > 0);
  const again = await call("POST", configMaps, configMap("a"));
  assert.equal(again.status, 409);
  assert.equal(again.body.reason, "AlreadyExists");
  assert.equal(again.body.message, 'configmaps "a" already exists');
});

test("generateName makes names of five more letters", async () => {
  const { call } = openTestPlane();
  const { body } = await call("POST", configMaps, configMap("", { generateName: "a-" }));
  assert.match(body.metadata.name, /^a-[a-z0-9]{5}$/);
});

test("a generated name that is taken is made anew", async () => {
  let draws = 0;
  // The first two names are the same.
  const { call } = openTestPlane({ random: () => (draws++ < 10 ? 0 : 0.5) });
  const make = () => call("POST", configMaps, configMap("", { generateName: "a-" }));
  const [first, second] = [await make(), await make()];
  assert.equal(second.status, 201);
  assert.notEqual(second.body.metadata.name, first.body.metadata.name);
});

const refusals: readonly {
  readonly name: string;
  readonly request: readonly [method: string, path: string, body?: unknown];
  readonly code: number;
  readonly message: RegExp;
}[] = [
  {
    name: "an unknown namespace",
    request: ["POST", "/api/v1/namespaces/nowhere/configmaps", configMap("a")],
    code: 404,
    message: /^namespaces "nowhere" not found$/,
  },
  {
    name: "a namespace other than the path's",
    request: ["POST", configMaps, configMap("a", { namespace: "other" })],
    code: 400,
    message: /does not match the namespace sent on the request/,
  },
  {
    name: "a name that is no DNS name",
    request: ["POST", configMaps, configMap("Bad_Name")],
    code: 422,
    message: /^ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"/,
  },
  {
    name: "no name at all",
    request: ["POST", configMaps, configMap("")],
    code: 422,
    message: /name or generateName is required/,
  },
  {
    name: "a label that is none",
    request: ["POST", configMaps, configMap("a", { labels: { k: "not a label" } })],
    code: 422,
    message: /metadata.labels: Invalid value: "not a label"/,
  },
  {
    name: "annotations beyond 256 KiB",
    request: ["POST", configMaps, configMap("a", { annotations: { k: "x".repeat(262_145) } })],
    code: 422,
    message: /metadata.annotations: Too long/,
  },
  {
    name: "another kind than the path's",
    request: ["POST", configMaps, pod("a")],
    code: 400,
    message: /kind in the data \("Pod"\) does not match/,
  },
  {
    name: "malformed JSON",
    request: ["POST", configMaps, '{"kind": '],
    code: 400,
    message: /json parse error/,
  },
  {
    name: "a body that is no object",
    request: ["POST", configMaps, "[1]"],
    code: 400,
    message: /not an object/,
  },
  {
    name: "no body",
    request: ["POST", configMaps],
    code: 400,
    message: /no body/,
  },
  {
    name: "a resourceVersion at creation",
    request: ["POST", configMaps, configMap("a", { resourceVersion: "3" })],
    code: 400,
    message: /resourceVersion should not be set/,
  },
  {
    name: "an object that is not there",
    request: ["GET", `${deployments}/a`],
    code: 404,
    message: /^deployments.apps "a" not found$/,
  },
  {
    name: "a kind that is not there",
    request: ["GET", "/apis/nowhere.dev/v1/things"],
    code: 404,
    message: /could not find the requested resource/,
  },
  {
    name: "a subresource that is not there",
    request: ["GET", `${configMaps}/a/status`],
    code: 404,
    message: /could not find the requested resource/,
  },
  {
    name: "a subresource that is known but not served",
    request: ["POST", "/api/v1/namespaces/default/serviceaccounts/default/token"],
    code: 501,
    message: /the token subresource of serviceaccounts is not served/,
  },
  {
    name: "a method that makes no sense",
    request: ["PUT", configMaps, configMap("a")],
    code: 405,
    message: /does not allow this method/,
  },
  {
    name: "an unknown field validation",
    request: ["POST", `${configMaps}?fieldValidation=Stern`, configMap("a")],
    code: 422,
    message: /supported values: "", "Ignore", "Strict", "Warn"/,
  },
  {
    name: "a path with a malformed escape",
    request: ["GET", `${configMaps}/%zz`],
    code: 400,
    message: /malformed escape/,
  },
];

test("what cannot be done is refused as a Status", async (t) => {
  for (const { name, request, code, message } of refusals)
    await t.test(name, async () => {
      const { status, body } = await openTestPlane().call(...request);
      assert.equal(body.kind, "Status");
      assert.equal(body.status, "Failure");
      assert.match(body.message, message);
      assert.equal(status, code);
      assert.equal(body.code, code);
    });
});

test("a stale write conflicts, one without a resourceVersion does not", async () => {
  const { call } = openTestPlane();
  const first = (await call("POST", configMaps, configMap("a"))).body;
  const second = await call("PUT", `${configMaps}/a`, { ...first, data: { k: "1" } });
  assert.equal(second.status, 200);
  const stale = await call("PUT", `${configMaps}/a`, { ...first, data: { k: "2" } });
  assert.equal(stale.status, 409);
  assert.equal(stale.body.reason, "Conflict");
  assert.match(
    stale.body.message,
    /^Operation cannot be fulfilled on configmaps "a": the object has been modified/,
  );
  const forced = await call("PUT", `${configMaps}/a`, configMap("a", {}, { k: "3" }));
  assert.equal(forced.body.data.k, "3");
  assert.equal(forced.body.metadata.uid, first.metadata.uid);
});

test("resourceVersion 0 is none; custom objects and leases are replaced by those who have read them", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const zero = configMap("a", { resourceVersion: "0" }, { k: "1" });
  assert.equal((await call("PUT", `${configMaps}/a`, zero)).status, 200);
  const made = (await call("POST", widgets, widget("w", { size: 1 }))).body;
  for (const path of [`${widgets}/w`, `${widgets}/w/status`]) {
    const { status, body } = await call("PUT", path, widget("w", { size: 2 }));
    assert.equal(status, 422);
    assert.equal(
      body.message,
      'widgets.example.dev "w" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    );
  }
  const { resourceVersion } = made.metadata;
  const read = { ...made, spec: { size: 3 }, metadata: { name: "w", resourceVersion } };
  assert.equal((await call("PUT", `${widgets}/w`, read)).body.spec.size, 3);
});

test("a write that changes nothing keeps the resourceVersion", async () => {
  const { call } = openTestPlane();
  const first = (await call("POST", configMaps, configMap("a", {}, { k: "v" }))).body;
  const { body } = await call("PATCH", `${configMaps}/a`, { data: { k: "v" } });
  assert.equal(body.metadata.resourceVersion, first.metadata.resourceVersion);
});

test("of two patches that name the same resourceVersion one conflicts", async () => {
  const { call } = openTestPlane();
  const { resourceVersion } = (await call("POST", configMaps, configMap("a"))).body.metadata;
  const patch = (value: string): Promise<{ readonly status: number }> =>
    call("PATCH", `${configMaps}/a`, { metadata: { resourceVersion }, data: { k: value } });
  const codes = (await Promise.all([patch("1"), patch("2")])).map(({ status }) => status);
  assert.deepEqual(new Set(codes), new Set([200, 409]));
});

test("a hundred patches at once without a resourceVersion are all kept", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a"));
  const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
  await Promise.all(keys.map((key) => call("PATCH", `${configMaps}/a`, { data: { [key]: "v" } })));
  const { body } = await call("GET", `${configMaps}/a`);
  assert.deepEqual(Object.keys(body.data).sort(), keys.sort());
});

test("the generation counts changes of what is wanted, nothing else", async () => {
  const { call } = openTestPlane();
  const generation = async (method: string, path: string, body: unknown): Promise<number> =>
    (await call(method, path, body)).body.metadata.generation;
  const one = `${deployments}/a`;
  assert.equal(await generation("POST", deployments, deployment("a")), 1);
  assert.equal(await generation("PATCH", one, { metadata: { labels: { a: "b" } } }), 1);
  assert.equal(await generation("PATCH", `${one}/status`, { status: { replicas: 1 } }), 1);
  assert.equal(await generation("PATCH", one, { spec: { replicas: 2 } }), 2);
  assert.equal(await generation("PATCH", one, { spec: { replicas: 2 } }), 2);
});

test("webhooks are counted too, and a Lease is not", async () => {
  const { call } = openTestPlane();
  const group = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  const metadata = { name: "wall" };
  const made = await call("POST", group, { metadata });
  assert.equal(made.body.metadata.generation, 1);
  const webhooks = [
    {
      name: "wall.example.com",
      clientConfig: { url: "https://127.0.0.1:1/" },
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    },
  ];
  const changed = await call("PATCH", `${group}/wall`, { webhooks });
  assert.equal(changed.body.metadata.generation, 2);
  const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  const lease = await call("POST", leases, { metadata, spec: { holderIdentity: "me" } });
  assert.equal(lease.body.metadata.generation, undefined);
});

test("status and the rest are written apart", async () => {
  const { call } = openTestPlane();
  const created = await call("POST", widgets, {
    ...widget("a", { size: 1 }),
    status: { phase: "Faked" },
  });
  assert.equal(created.body.status, undefined);
  const status = await call("PUT", `${widgets}/a/status`, {
    ...created.body,
    spec: { size: 9 },
    status: { phase: "Real" },
  });
  assert.deepEqual(status.body.status, { phase: "Real" });
  assert.equal(status.body.spec.size, 1);
  const main = await call("PUT", `${widgets}/a`, {
    ...status.body,
    spec: { size: 2 },
    status: { phase: "Faked" },
  });
  assert.equal(main.body.spec.size, 2);
  assert.deepEqual(main.body.status, { phase: "Real" });
});

for (const [name, path, object, field] of [
  ["built-in", `${deployments}/a`, deployment("a", { replicas: 3 }), "replicas"],
  ["custom", `${widgets}/a`, widget("a", { size: 3 }), "size"],
] as const)
  test(`the scale of a ${name} kind is read and written by its paths`, async () => {
    const { call } = openTestPlane();
    await call("POST", path.replace(/\/a$/, ""), object);
    await call("PATCH", `${path}/status`, { status: { replicas: 2 } });
    const { body } = await call("GET", `${path}/scale`);
    assert.equal(body.kind, "Scale");
    assert.equal(body.spec.replicas, 3);
    assert.equal(body.status.replicas, 2);
    const patched = await call("PATCH", `${path}/scale`, { spec: { replicas: 5 } });
    assert.equal(patched.body.spec.replicas, 5);
    assert.equal((await call("GET", path)).body.spec[field], 5);
    const replaced = await call("PUT", `${path}/scale`, { ...patched.body, spec: { replicas: 1 } });
    assert.equal(replaced.body.spec.replicas, 1);
    const stale = await call("PUT", `${path}/scale`, { ...body, spec: { replicas: 2 } });
    assert.equal(stale.status, 409);
    const negative = await call("PATCH", `${path}/scale`, { spec: { replicas: -1 } });
    assert.equal(negative.status, 422);
  });

test("a Scale of another object, or no Scale at all, scales nothing", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("w", { size: 1 }));
  for (const [body, message] of [
    [{ metadata: { name: "v" }, spec: { replicas: 2 } }, /\(v\) does not match .* URL \(w\)/],
    [widget("w", { replicas: 2 }), /must be a Scale of autoscaling\/v1/],
  ] as const) {
    const answer = await call("PUT", `${widgets}/w/scale`, body);
    assert.equal(answer.status, 400);
    assert.match(answer.body.message, message);
  }
  assert.equal((await call("GET", `${widgets}/w`)).body.spec.size, 1);
});

test("a finalizer holds a deleted object until it is taken out", async () => {
  const { call } = openTestPlane();
  await call("POST", configMaps, configMap("a", { finalizers: ["example.dev/hold"] }));
  const marked = await call("DELETE", `${configMaps}/a`);
  assert.ok(marked.body.metadata.deletionTimestamp);
  assert.equal((await call("GET", `${configMaps}/a`)).status, 200);
  await call("PATCH", `${configMaps}/a`, { metadata: { finalizers: null } });
  assert.equal((await call("GET", `${configMaps}/a`)).status, 404);
});

test("a pod on a node is deleted in two steps, others at once", async () => {
  const { call } = openTestPlane();
  await call("POST", pods, pod("bound", { nodeName: "n", terminationGracePeriodSeconds: 7 }));
  await call("POST", pods, pod("loose"));
  await call("DELETE", `${pods}/loose`);
  assert.equal((await call("GET", `${pods}/loose`)).status, 404);
  const { body } = await call("DELETE", `${pods}/bound`);
  assert.equal(body.metadata.deletionGracePeriodSeconds, 7);
  assert.equal(body.metadata.deletionTimestamp, "2026-01-02T03:04:12Z");
  const uid = body.metadata.uid;
  const wrong = { gracePeriodSeconds: 0, preconditions: { uid: "other" } };
  assert.equal((await call("DELETE", `${pods}/bound`, wrong)).status, 409);
  await call("DELETE", `${pods}/bound`, { gracePeriodSeconds: 0, preconditions: { uid } });
  assert.equal((await call("GET", `${pods}/bound`)).status, 404);
});

test("a collection is deleted by selector", async () => {
  const { call } = openTestPlane();
  for (const name of ["a", "b", "c"])
    await call("POST", configMaps, configMap(name, { labels: { keep: String(name === "b") } }));
  await call("DELETE", `${configMaps}?labelSelector=keep%3Dfalse`);
  const { body } = await call("GET", configMaps);
  assert.deepEqual(
    body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["b"],
  );
});

test("a dry run answers as if, and stores nothing", async () => {
  const { call } = openTestPlane();
  const dry = await call("POST", `${configMaps}?dryRun=All`, configMap("a"));
  assert.equal(dry.status, 201);
  assert.equal((await call("GET", `${configMaps}/a`)).status, 404);
  await call("POST", configMaps, configMap("a"));
  await call("DELETE", `${configMaps}/a?dryRun=All`);
  await call("PATCH", `${configMaps}/a?dryRun=All`, { data: { k: "v" } });
  assert.deepEqual((await call("GET", `${configMaps}/a`)).body.data, {});
});

test("a server's bug fails one request, and is logged", async () => {
  const lines: string[] = [];
  const { call } = openTestPlane({
    log: (line) => lines.push(line),
    newUid: () => {
      throw new Error("no more uids");
    },
    customKinds: [],
    kinds: [],
  });
  const { status, body } = await call(
    "POST",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    {
      metadata: { name: "things.example.dev" },
      spec: {
        group: "example.dev",
        names: { plural: "things", kind: "Thing" },
        scope: "Cluster",
        versions: [],
      },
    },
  );
  assert.equal(status, 500);
  assert.equal(body.reason, "InternalError");
  assert.match(lines.join("\n"), /POST .*customresourcedefinitions failed: .*no more uids/);
});
