// Admission webhooks, asked by the API server: real HTTPS servers on loopback, and what clients get.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import { createServer as createPlainServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import { makeCertificates } from "./certificates.ts";
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  nodeThat,
  openTestPlane,
  pod,
  pods,
  type TestPlane,
} from "./plane-fixture.ts";

const certificates = await makeCertificates(Date.now(), ["127.0.0.1", "hook.default.svc"]);
const caBundle = Buffer.from(certificates.authority).toString("base64");

// A test looks into reviews of any shape.
// oxlint-disable-next-line typescript/no-explicit-any
type Review = any;
type Answer = Readonly<Record<string, unknown>>;

/** What a webhook does with the request of a review; its uid is added. "hang" never answers. */
type Behaviour = (request: Review) => Answer | "hang" | { readonly raw: string; code?: number };

type Hook = { readonly url: string; readonly port: number; readonly seen: Review[] };

async function startHook(t: TestContext, behave: Behaviour): Promise<Hook> {
  const seen: Review[] = [];
  const server = createServer({ key: certificates.key, cert: certificates.cert });
  server.on("request", (incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      seen.push(review);
      const answer = behave(review.request);
      if (answer === "hang") return;
      if ("raw" in answer) {
        outgoing.statusCode = typeof answer["code"] === "number" ? answer["code"] : 200;
        outgoing.end(answer["raw"]);
        return;
      }
      const { uid } = review.request;
      outgoing.end(
        JSON.stringify({
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          response: { uid, ...answer },
        }),
      );
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/admit`, port, seen };
}

const applyPatch = { "content-type": "application/apply-patch+yaml" };
const allow: Behaviour = () => ({ allowed: true });
const patch = (...operations: readonly object[]): Answer => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});
const addLabel = (name: string, value = "yes"): object => ({
  op: "add",
  path: "/metadata/labels",
  value: { [name]: value },
});

type Wish = {
  readonly name?: string;
  readonly rules?: readonly object[];
  readonly clientConfig?: object;
  readonly [key: string]: unknown;
};

const root = "/apis/admissionregistration.k8s.io/v1";

/** Registers webhooks in one configuration. They look at writes of ConfigMaps unless they say more. */
async function register(
  { call }: TestPlane,
  kind: "Mutating" | "Validating",
  name: string,
  ...webhooks: readonly (Wish & { readonly hook?: Hook })[]
): Promise<void> {
  const { status, body } = await call(
    "POST",
    `${root}/${kind.toLowerCase()}webhookconfigurations`,
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks: webhooks.map(({ hook, ...wish }) => ({
        name: `${name}.example.dev`,
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        ...(hook && { clientConfig: { url: hook.url, caBundle } }),
        rules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            resources: ["configmaps"],
            operations: ["CREATE", "UPDATE"],
          },
        ],
        ...wish,
      })),
    },
  );
  assert.equal(status, 201, JSON.stringify(body));
}

test("a webhook is shown the request, and what it returns is stored", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => patch(addLabel("seen")));
  await register(plane, "Mutating", "label", { hook });
  const { status, body } = await plane.call("POST", configMaps, configMap("a", {}, { k: "v" }));
  assert.equal(status, 201);
  assert.deepEqual(body.metadata.labels, { seen: "yes" });
  const read = await plane.call("GET", `${configMaps}/a`);
  assert.deepEqual(read.body.metadata.labels, { seen: "yes" });
  const [{ apiVersion, kind, request }] = hook.seen;
  assert.deepEqual(
    { apiVersion, kind },
    { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
  );
  assert.deepEqual(request.kind, { group: "", version: "v1", kind: "ConfigMap" });
  assert.deepEqual(request.resource, { group: "", version: "v1", resource: "configmaps" });
  assert.deepEqual(request.requestKind, request.kind);
  assert.equal(request.operation, "CREATE");
  assert.equal(request.namespace, "default");
  assert.equal(request.name, "a");
  assert.equal(request.dryRun, false);
  assert.equal(request.userInfo.username, "dunlin-admin");
  assert.deepEqual(request.object.data, { k: "v" });
  assert.equal(request.oldObject, null);
  assert.equal(request.options.kind, "CreateOptions");
});

test("an update shows both states; what the server alone sets cannot be patched away", async (t) => {
  const plane = openTestPlane();
  const created = await plane.call("POST", configMaps, configMap("a", {}, { k: "1" }));
  const hook = await startHook(t, () =>
    patch({ op: "remove", path: "/metadata/creationTimestamp" }, addLabel("seen")),
  );
  await register(plane, "Mutating", "label", { hook });
  const { body } = await plane.call("PATCH", `${configMaps}/a`, { data: { k: "2" } });
  assert.equal(body.metadata.creationTimestamp, created.body.metadata.creationTimestamp);
  assert.deepEqual(body.metadata.labels, { seen: "yes" });
  const [{ request }] = hook.seen;
  assert.equal(request.operation, "UPDATE");
  assert.deepEqual([request.oldObject.data.k, request.object.data.k], ["1", "2"]);
});

test("a refusal is told in the webhook's words, with its code and its warnings", async (t) => {
  const plane = openTestPlane();
  const refusals: readonly Answer[] = [
    { allowed: false, status: { message: "no such luck", code: 403, reason: "Forbidden" } },
    { allowed: false, status: { reason: "Because" }, warnings: ["think again"] },
    { allowed: false },
  ];
  let at = 0;
  const hook = await startHook(t, () => refusals[at++] ?? {});
  await register(plane, "Validating", "strict", { hook });
  const first = await plane.call("POST", configMaps, configMap("a"));
  assert.equal(first.status, 403);
  assert.equal(
    first.body.message,
    'admission webhook "strict.example.dev" denied the request: no such luck',
  );
  assert.equal(first.body.reason, "Forbidden");
  const second = await plane.call("POST", configMaps, configMap("a"));
  assert.equal(second.status, 400);
  assert.match(second.body.message, /denied the request: Because$/);
  const third = await plane.call("POST", configMaps, configMap("a"));
  assert.match(third.body.message, /denied the request without explanation$/);
  assert.equal((await plane.call("GET", `${configMaps}/a`)).status, 404);
});

test("warnings of webhooks reach the client", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => ({ allowed: true, warnings: ["old habits"] }));
  await register(plane, "Validating", "warn", { hook });
  const { status, warnings } = await plane.call("POST", configMaps, configMap("a"));
  assert.equal(status, 201);
  assert.deepEqual(warnings, ['299 - "old habits"']);
});

test("mutating webhooks run in the order of their names, and see each other's work", async (t) => {
  const plane = openTestPlane();
  const second = await startHook(t, ({ object }) =>
    patch({ op: "add", path: "/data", value: { ...object.data, second: "after first" } }),
  );
  const first = await startHook(t, () =>
    patch({ op: "add", path: "/data", value: { first: "1" } }),
  );
  await register(plane, "Mutating", "b", { hook: second });
  await register(plane, "Mutating", "a", { hook: first });
  const { body } = await plane.call("POST", configMaps, configMap("x"));
  assert.deepEqual(body.data, { first: "1", second: "after first" });
});

test("a webhook is asked again when others changed the object after it, once", async (t) => {
  const plane = openTestPlane();
  const count = await startHook(t, ({ object }) =>
    patch({
      op: "add",
      path: "/data",
      value: { ...object.data, keys: String(Object.keys(object.data ?? {}).length) },
    }),
  );
  const more = await startHook(t, ({ object }) =>
    patch({ op: "add", path: "/data", value: { ...object.data, more: "1" } }),
  );
  await register(plane, "Mutating", "a", { hook: count, reinvocationPolicy: "IfNeeded" });
  await register(plane, "Mutating", "b", { hook: more });
  const { body } = await plane.call("POST", configMaps, configMap("x"));
  assert.equal(count.seen.length, 2);
  assert.equal(more.seen.length, 1);
  assert.deepEqual(body.data, { keys: "2", more: "1" });
});

test("what mutating webhooks return is checked as a client's object is", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () =>
    patch({ op: "add", path: "/metadata/labels", value: { a: "b c" } }),
  );
  await register(plane, "Mutating", "bad", { hook });
  const { status, body } = await plane.call("POST", configMaps, configMap("a"));
  assert.equal(status, 422);
  assert.match(body.message, /metadata.labels: Invalid value: "b c"/);
});

test("validating webhooks see what the mutating ones made", async (t) => {
  const plane = openTestPlane();
  const mutating = await startHook(t, () => patch(addLabel("seen")));
  const validating = await startHook(t, allow);
  await register(plane, "Mutating", "m", { hook: mutating });
  await register(plane, "Validating", "v", { hook: validating });
  await plane.call("POST", configMaps, configMap("a"));
  assert.deepEqual(validating.seen[0].request.object.metadata.labels, { seen: "yes" });
});

const failures: readonly {
  readonly name: string;
  readonly behave: Behaviour;
  readonly message: RegExp;
}[] = [
  {
    name: "it answers with an error",
    behave: () => ({ raw: "out of order", code: 503 }),
    message: /the server responded with status 503: out of order/,
  },
  { name: "it answers with no JSON", behave: () => ({ raw: "<html>" }), message: /not valid JSON/ },
  { name: "it answers without a response", behave: () => ({ raw: "{}" }), message: /absent/ },
  {
    name: "it answers another review",
    behave: () => ({ allowed: true, uid: "other" }),
    message: /expected response.uid="uid-\d+", got "other"/,
  },
  {
    name: "it does not say what it answers with",
    behave: ({ uid }) => ({ raw: JSON.stringify({ response: { uid, allowed: true } }) }),
    message:
      /expected webhook response of admission.k8s.io\/v1, Kind=AdmissionReview, got \/, Kind=/,
  },
  {
    name: "it names the type of a patch that is not there",
    behave: () => ({ allowed: true, patchType: "JSONPatch" }),
    message: /webhook returned response.patchType but not response.patch/,
  },
  {
    name: "its patch is of an unknown type",
    behave: () => ({ allowed: true, patch: "W10=" }),
    message: /not response.patchType of "JSONPatch"/,
  },
];

for (const { name, behave, message } of failures)
  test(`a failing webhook stops the request unless it may be ignored: ${name}`, async (t) => {
    const plane = openTestPlane();
    const hook = await startHook(t, behave);
    await register(plane, "Validating", "broken", { hook });
    const { status, body } = await plane.call("POST", configMaps, configMap("a"));
    assert.equal(status, 500);
    assert.match(
      body.message,
      /^Internal error occurred: failed calling webhook "broken.example.dev": /,
    );
    assert.match(body.message, message);
    await plane.call("DELETE", `${root}/validatingwebhookconfigurations/broken`);
    await register(plane, "Validating", "broken", { hook, failurePolicy: "Ignore" });
    assert.equal((await plane.call("POST", configMaps, configMap("a"))).status, 201);
  });

test("a webhook that hangs costs its time limit, and its own request only", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => "hang");
  await register(plane, "Validating", "slow", { hook, timeoutSeconds: 2 });
  const stuck = plane.call("POST", configMaps, configMap("a"));
  // Others go on meanwhile.
  while (hook.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await plane.call("POST", pods, pod("p"))).status, 201);
  plane.clock.advance(2_000);
  const { status, body } = await stuck;
  assert.equal(status, 500);
  assert.match(
    body.message,
    /failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/admit\?timeout=2s": context deadline exceeded$/,
  );
});

test("why a webhook cannot be asked is said as Kubernetes says it", async (t) => {
  const hook = await startHook(t, allow);
  const plain = createPlainServer((_, outgoing) => outgoing.end()).listen(0, "127.0.0.1");
  const rude = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await Promise.all([once(plain, "listening"), once(rude, "listening")]);
  t.after(() => [plain, rude].forEach((server) => server.close()));
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  const certificate = "tls: failed to verify certificate: x509: certificate";
  const service = { name: "wrong", namespace: "default" };
  const problems: readonly [clientConfig: object, says: string][] = [
    [{ url: hook.url }, `${certificate} signed by unknown authority`],
    [
      { service, caBundle },
      `${certificate} is valid for 127.0.0.1, hook.default.svc, not wrong.default.svc`,
    ],
    [
      { url: `https://127.0.0.1:${portOf(plain)}/`, caBundle },
      "http: server gave HTTP response to HTTPS client",
    ],
    [{ url: `https://127.0.0.1:${portOf(rude)}/`, caBundle }, "EOF"],
    [
      { url: "https://127.0.0.1:1/", caBundle },
      "dial tcp 127.0.0.1:1: connect: connection refused",
    ],
  ];
  for (const [clientConfig, says] of problems) {
    const plane = openTestPlane();
    plane.plane.setServiceResolver(() => ({ address: "127.0.0.1", port: hook.port }));
    await register(plane, "Validating", "stranger", { clientConfig });
    const { status, body } = await plane.call("POST", configMaps, configMap("a"));
    assert.equal(status, 500);
    assert.equal(body.message.replace(/^.*\?timeout=\d+s": /, ""), says);
  }
});

test("a webhook may be a Service, under whose name its certificate is checked", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, allow);
  const service = { name: "hook", namespace: "default", path: "/admit", port: 8443 };
  await register(plane, "Validating", "service", { clientConfig: { service, caBundle } });
  const missing = await plane.call("POST", configMaps, configMap("a"));
  assert.match(
    missing.body.message,
    /Post "https:\/\/hook.default.svc:8443\/admit\?timeout=10s": no endpoints available for service "hook"$/,
  );
  plane.plane.setServiceResolver((hostname, port) =>
    hostname === "hook.default.svc" && port === 8443
      ? { address: "127.0.0.1", port: hook.port }
      : undefined,
  );
  assert.equal((await plane.call("POST", configMaps, configMap("a"))).status, 201);
});

test("selectors and rules decide who is asked", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, allow);
  await plane.call("PATCH", "/api/v1/namespaces/default", { metadata: { labels: { team: "a" } } });
  await plane.call("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "other" },
  });
  await register(plane, "Validating", "some", {
    hook,
    namespaceSelector: { matchLabels: { team: "a" } },
    objectSelector: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] },
  });
  await plane.call("POST", "/api/v1/namespaces/other/configmaps", configMap("a"));
  await plane.call("POST", pods, pod("p"));
  await plane.call("POST", configMaps, configMap("b", { labels: { skip: "me" } }));
  assert.equal(hook.seen.length, 0);
  await plane.call("POST", configMaps, configMap("c"));
  assert.equal(hook.seen.length, 1);
});

test("conditions in CEL decide who is asked, about the object as the webhooks before have left it", async (t) => {
  const plane = openTestPlane();
  const labels = await startHook(t, ({ name }) =>
    name === "marked" ? patch(addLabel("marked")) : { allowed: true },
  );
  const second = await startHook(t, allow);
  await register(plane, "Mutating", "a", { hook: labels });
  await register(plane, "Mutating", "b", {
    hook: second,
    objectSelector: { matchExpressions: [{ key: "marked", operator: "Exists" }] },
    matchConditions: [
      { name: "labelled", expression: "has(object.metadata.labels)" },
      { name: "not-me", expression: 'request.userInfo.username != "nobody"' },
    ],
  });
  await plane.call("POST", configMaps, configMap("plain"));
  await plane.call("POST", configMaps, configMap("marked"));
  assert.deepEqual(
    second.seen.map(({ request }) => request.name),
    ["marked"],
  );
});

test("a condition without a value stops the request unless the webhook may be passed over", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, allow);
  const matchConditions = [{ name: "odd", expression: 'object.data.nothing == "x"' }];
  await register(plane, "Validating", "lenient", {
    hook,
    matchConditions,
    failurePolicy: "Ignore",
  });
  assert.equal((await plane.call("POST", configMaps, configMap("a"))).status, 201);
  await register(plane, "Validating", "strict", { hook, matchConditions });
  const { status, body } = await plane.call("POST", configMaps, configMap("b"));
  assert.equal(status, 403);
  assert.equal(
    body.message,
    `configmaps "b" is forbidden: expression 'object.data.nothing == "x"' resulted in error: no such key: nothing`,
  );
  assert.equal(hook.seen.length, 0);
});

test("a condition that cannot be compiled is refused with its place", async () => {
  const { call } = openTestPlane();
  const path = `${root}/validatingwebhookconfigurations`;
  const configuration = (...expressions: readonly string[]): object => ({
    metadata: { name: "w" },
    webhooks: [
      {
        name: "w.example.dev",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        clientConfig: { url: "https://127.0.0.1:1/" },
        matchConditions: expressions.map((expression, index) => ({
          name: `c${index}`,
          expression,
        })),
      },
    ],
  });
  const { status, body } = await call("POST", path, configuration("true", "request.usr == ''"));
  assert.equal(status, 422);
  assert.match(
    body.message,
    /webhooks\[0\]\.matchConditions\[1\]\.expression: Invalid value: "request\.usr == ''": compilation failed: .*undefined field 'usr'/,
  );
  assert.equal(
    (await call("POST", path, configuration("request.operation == 'CREATE'"))).status,
    201,
  );
});

test("a deletion and a scale are shown as what they are", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, ({ object }) =>
    object?.kind === "Scale"
      ? patch({ op: "replace", path: "/spec/replicas", value: 2 })
      : { allowed: true },
  );
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"] };
  await plane.call("POST", deployments, deployment("web"));
  await register(plane, "Mutating", "all", {
    hook,
    rules: [{ ...rule, resources: ["deployments", "deployments/scale"] }],
  });
  const scaled = await plane.call("PATCH", `${deployments}/web/scale`, { spec: { replicas: 9 } });
  assert.equal(scaled.body.spec.replicas, 2);
  const { request } = hook.seen[0];
  assert.deepEqual(request.kind, { group: "autoscaling", version: "v1", kind: "Scale" });
  assert.equal(request.subResource, "scale");
  assert.equal(request.oldObject.spec.replicas, 1);
  await plane.call("DELETE", `${deployments}/web`);
  const deletion = hook.seen[1].request;
  assert.equal(deletion.operation, "DELETE");
  assert.equal(deletion.object, null);
  assert.equal(deletion.oldObject.metadata.name, "web");
  assert.equal(deletion.options.kind, "DeleteOptions");
});

test("connections, evictions and bindings are shown as what they are, and can be refused", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, ({ subResource }) => ({
    allowed: false,
    status: { message: `no ${subResource}` },
  }));
  plane.plane.setNode(nodeThat({}));
  await plane.call("POST", pods, pod("p", { nodeName: "n" }));
  await plane.call("PATCH", `${pods}/p/status`, { status: { podIP: "127.0.0.1" } });
  await register(plane, "Validating", "shut", {
    hook,
    rules: [
      {
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: ["CREATE", "CONNECT"],
        resources: ["pods/exec", "pods/portforward", "pods/proxy", "pods/eviction", "pods/binding"],
      },
    ],
  });
  const stream = (path: string) => plane.plane.podStream(new URL(`https://cluster${pods}/${path}`));
  const refusal = (what: string) =>
    `admission webhook "shut.example.dev" denied the request: no ${what}`;
  await assert.rejects(stream("p/exec?command=ls&command=-l&stdout=1&container=c"), {
    message: refusal("exec"),
  });
  await assert.rejects(stream("p/portforward?ports=80"), { message: refusal("portforward") });
  for (const [method, subresource, body] of [
    ["GET", "proxy", undefined],
    ["POST", "eviction", { metadata: { name: "p" } }],
    ["POST", "binding", { metadata: { name: "p" }, target: { name: "n" } }],
  ] as const) {
    const answer = await plane.call(method, `${pods}/p/${subresource}`, body);
    assert.equal(answer.body.message, refusal(subresource));
  }
  assert.equal((await plane.call("GET", `${pods}/p`)).body.metadata.deletionTimestamp, undefined);
  const seen = hook.seen.map(({ request }) => [request.operation, request.kind.kind]);
  assert.deepEqual(seen, [
    ["CONNECT", "PodExecOptions"],
    ["CONNECT", "PodPortForwardOptions"],
    ["CONNECT", "PodProxyOptions"],
    ["CREATE", "Eviction"],
    ["CREATE", "Binding"],
  ]);
  const { object, options, resource } = hook.seen[0].request;
  const command = ["ls", "-l"];
  assert.deepEqual(object, {
    kind: "PodExecOptions",
    apiVersion: "v1",
    stdout: true,
    container: "c",
    command,
  });
  assert.equal(options, null);
  assert.deepEqual(resource, { group: "", version: "v1", resource: "pods" });
});

test("a refused deletion keeps the object", async (t) => {
  const plane = openTestPlane();
  await plane.call("POST", configMaps, configMap("a"));
  const hook = await startHook(t, () => ({ allowed: false, status: { message: "keep it" } }));
  await register(plane, "Validating", "keeper", {
    hook,
    rules: [
      { apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["DELETE"] },
    ],
  });
  const { status, body } = await plane.call("DELETE", `${configMaps}/a`);
  assert.equal(status, 400);
  assert.match(body.message, /denied the request: keep it$/);
  assert.equal((await plane.call("GET", `${configMaps}/a`)).status, 200);
});

test("a dry run says so, and changes nothing", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => patch(addLabel("seen")));
  await register(plane, "Mutating", "label", { hook });
  const { body } = await plane.call("POST", `${configMaps}?dryRun=All`, configMap("a"));
  assert.deepEqual(body.metadata.labels, { seen: "yes" });
  assert.equal(hook.seen[0].request.dryRun, true);
  assert.equal((await plane.call("GET", `${configMaps}/a`)).status, 404);
});

test("a write during the webhook's thought: a patch is made anew, an old version conflicts", async (t) => {
  const plane = openTestPlane();
  await plane.call("POST", configMaps, configMap("a", {}, { n: "0" }));
  const { body: read } = await plane.call("GET", `${configMaps}/a`);
  // The webhook itself writes, through another kind of request than those it looks at.
  let writes = 0;
  const hook = await startHook(t, () => {
    if (writes++ < 1)
      void plane.call("PATCH", `${configMaps}/a`, { metadata: { annotations: { other: "1" } } });
    return { allowed: true };
  });
  const onlyLabelled = { objectSelector: { matchLabels: { watched: "yes" } } };
  await register(plane, "Validating", "v", { hook, ...onlyLabelled });
  const patched = await plane.call("PATCH", `${configMaps}/a`, {
    metadata: { labels: { watched: "yes" } },
  });
  assert.equal(patched.status, 200);
  assert.deepEqual(
    [patched.body.metadata.labels, patched.body.metadata.annotations],
    [{ watched: "yes" }, { other: "1" }],
  );
  const stale = await plane.call("PUT", `${configMaps}/a`, { ...read, data: { n: "9" } });
  assert.equal(stale.status, 409);
});

test("nothing is made in a namespace that goes during the webhook's thought", async (t) => {
  const plane = openTestPlane();
  await plane.call("POST", "/api/v1/namespaces", { metadata: { name: "brief" } });
  const inBrief = "/api/v1/namespaces/brief/configmaps";
  const hook = await startHook(t, () => {
    void plane.call("DELETE", "/api/v1/namespaces/brief");
    return { allowed: true };
  });
  await register(plane, "Validating", "v", { hook });
  const { status } = await plane.call("POST", inBrief, { metadata: { name: "late" } });
  assert.ok(status === 404 || status === 403, String(status));
  await plane.plane.settled();
  const { body } = await plane.call("GET", "/api/v1/configmaps");
  assert.deepEqual(body.items, []);
});

test("an apply goes on with an object that appears during the webhook's thought", async (t) => {
  const plane = openTestPlane();
  let asked = 0;
  const hook = await startHook(t, () => {
    if (asked++ === 0) void plane.call("POST", configMaps, configMap("a", {}, { other: "1" }));
    return { allowed: true };
  });
  const onlyLabelled = { objectSelector: { matchLabels: { watched: "yes" } } };
  await register(plane, "Validating", "v", { hook, ...onlyLabelled });
  const wanted = configMap("a", { labels: { watched: "yes" } }, { own: "1" });
  const { status, body } = await plane.call(
    "PATCH",
    `${configMaps}/a?fieldManager=me`,
    wanted,
    applyPatch,
  );
  assert.equal(status, 200);
  assert.deepEqual(body.data, { other: "1", own: "1" });
});

test("what a webhook adds belongs to nobody, so the next apply leaves it alone", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => patch(addLabel("seen")));
  await register(plane, "Mutating", "label", { hook });
  const apply = (data: object) =>
    plane.call("PATCH", `${configMaps}/a?fieldManager=me`, configMap("a", {}, data), applyPatch);
  const first = await apply({ k: "1" });
  assert.deepEqual(first.body.metadata.managedFields[0].fieldsV1, { "f:data": { "f:k": {} } });
  const second = await apply({ k: "2" });
  assert.deepEqual(second.body.metadata.labels, { seen: "yes" });
  assert.deepEqual(second.body.metadata.managedFields[0].fieldsV1, { "f:data": { "f:k": {} } });
});

test("webhook configurations themselves are shown to nobody", async (t) => {
  const plane = openTestPlane();
  const hook = await startHook(t, () => ({ allowed: false }));
  const everything = {
    apiGroups: ["*"],
    apiVersions: ["*"],
    resources: ["*/*"],
    operations: ["*"],
  };
  await register(plane, "Validating", "wall", { hook, rules: [everything] });
  assert.equal((await plane.call("POST", configMaps, configMap("a"))).status, 400);
  const gone = await plane.call("DELETE", `${root}/validatingwebhookconfigurations/wall`);
  assert.equal(gone.status, 200);
  assert.equal((await plane.call("POST", configMaps, configMap("a"))).status, 201);
});
