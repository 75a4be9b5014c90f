// Bindings, evictions and the proxy: requests about a pod that are neither its object nor a stream.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { openTestPlane, pod, pods, type TestPlane } from "./plane-fixture.ts";

const binding = (node: string, name = "a"): object => ({
  apiVersion: "v1",
  kind: "Binding",
  metadata: { name },
  target: { kind: "Node", name: node },
});

test("a binding puts a pod on a node, once", async () => {
  const { call } = openTestPlane();
  await call("POST", pods, pod("a"));
  const bound = await call("POST", `${pods}/a/binding`, binding("n"));
  assert.equal(bound.status, 201);
  assert.equal(bound.body.status, "Success");
  assert.equal((await call("GET", `${pods}/a`)).body.spec.nodeName, "n");
  const again = await call("POST", `${pods}/a/binding`, binding("m"));
  assert.equal(again.status, 409);
  assert.equal(
    again.body.message,
    'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n"',
  );
});

const badBindings: readonly (readonly [string, unknown, number, RegExp])[] = [
  ["of another pod", binding("n", "b"), 400, /name in URL does not match name in Binding object/],
  ["to no node", { metadata: {}, target: {} }, 400, /target.name is set/],
  ["to something else", { target: { kind: "Pod", name: "n" } }, 400, /target.kind is Node/],
  ["that is a list", [], 400, /not an object/],
];
for (const [name, body, code, message] of badBindings)
  test(`refused: a binding ${name}`, async () => {
    const { call } = openTestPlane();
    await call("POST", pods, pod("a"));
    const answer = await call("POST", `${pods}/a/binding`, body);
    assert.equal(answer.status, code);
    assert.match(answer.body.message, message);
    assert.equal((await call("GET", `${pods}/a`)).body.spec.nodeName, undefined);
  });

const eviction = (options?: object): object => ({
  apiVersion: "policy/v1",
  kind: "Eviction",
  metadata: { name: "a" },
  ...(options && { deleteOptions: options }),
});

test("an eviction deletes the pod as its options say", async () => {
  const { call } = openTestPlane();
  await call("POST", pods, pod("a", { nodeName: "n" }));
  const tried = await call("POST", `${pods}/a/eviction`, eviction({ dryRun: ["All"] }));
  assert.equal(tried.status, 201);
  assert.equal((await call("GET", `${pods}/a`)).body.metadata.deletionTimestamp, undefined);
  const other = await call("POST", `${pods}/a/eviction`, eviction({ preconditions: { uid: "x" } }));
  assert.equal(other.status, 409);
  const evicted = await call("POST", `${pods}/a/eviction`, eviction({ gracePeriodSeconds: 7 }));
  assert.equal(evicted.status, 201);
  assert.deepEqual(evicted.body, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    code: 201,
  });
  const { metadata } = (await call("GET", `${pods}/a`)).body;
  assert.equal(metadata.deletionGracePeriodSeconds, 7);
  assert.equal((await call("POST", `${pods}/none/eviction`, eviction())).status, 400);
  assert.equal((await call("GET", `${pods}/a/eviction`)).status, 405);
});

async function listen(t: TestContext): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request;
      response.setHeader("x-served", "yes");
      response.statusCode = url === "/moved" ? 302 : 200;
      if (url === "/moved") response.setHeader("location", "/elsewhere");
      response.end(JSON.stringify({ method, url, body, token: headers.authorization ?? null }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

async function openProxy(t: TestContext): Promise<TestPlane & { readonly port: number }> {
  const plane = openTestPlane();
  const { port } = await listen(t);
  const containers = [{ name: "c", image: "i", ports: [{ name: "http", containerPort: port }] }];
  await plane.call("POST", pods, pod("web", { nodeName: "n", containers }));
  await plane.call("PATCH", `${pods}/web/status`, { status: { podIP: "127.0.0.1" } });
  await plane.call("POST", pods, pod("waiting"));
  await plane.call("POST", "/api/v1/namespaces/default/services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "front" },
    spec: { ports: [{ name: "main", port: 80 }] },
  });
  await plane.call("POST", "/api/v1/namespaces/default/services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "empty" },
    spec: { ports: [{ port: 80 }] },
  });
  plane.plane.setServiceResolver((hostname, servicePort) =>
    hostname === "front.default.svc" && servicePort === 80
      ? { address: "127.0.0.1", port }
      : undefined,
  );
  return { ...plane, port };
}

const namespace = "/api/v1/namespaces/default";
const paths: readonly (readonly [string, string])[] = [
  ["pods/web/proxy", "/"],
  ["pods/web/proxy/", "/"],
  ["pods/web:http/proxy/a/proxy/b?q=1&r=%2F", "/a/proxy/b?q=1&r=%2F"],
  ["pods/web:PORT/proxy/a%20b/", "/a%20b/"],
  ["pods/http:web:PORT/proxy/x", "/x"],
  ["services/front/proxy/x", "/x"],
  ["services/front:80/proxy/x", "/x"],
  ["services/front:main/proxy/x", "/x"],
];
for (const [path, reached] of paths)
  test(`the proxy: ${path}`, async (t) => {
    const { call, port } = await openProxy(t);
    const { status, body } = await call("GET", `${namespace}/${path.replace("PORT", `${port}`)}`);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { method: "GET", url: reached, body: "", token: null });
  });

test("the proxy passes bodies and answers on as they are, but not the cluster's token", async (t) => {
  const { call } = await openProxy(t);
  const path = `${namespace}/pods/web/proxy`;
  const headers = { authorization: "Bearer secret", "content-type": "text/plain" };
  const posted = await call("POST", `${path}/in`, "text", headers);
  const seen = { method: "POST", url: "/in", body: "text", token: null };
  assert.deepEqual(JSON.parse(posted.body), seen);
  assert.equal((await call("GET", `${path}/moved`)).status, 302);
});

const refusals: readonly (readonly [string, number, RegExp])[] = [
  ["pods/none/proxy/", 404, /pods "none" not found/],
  ["pods/waiting/proxy/", 400, /pod waiting has no address yet/],
  ["pods/web:nope/proxy/", 400, /no port "nope" in pod web/],
  ["pods/https:web:80/proxy/", 400, /speaks http only/],
  ["pods/a:b:c:d/proxy/", 400, /invalid pod or service request "a:b:c:d"/],
  ["pods/web:1/proxy/", 503, /error trying to reach service: connect ECONNREFUSED 127.0.0.1:1/],
  ["services/front:81/proxy/", 503, /no service port "81" found for service "front"/],
  ["services/empty/proxy/", 503, /no endpoints available for service "empty"/],
  ["configmaps/a/proxy/", 501, /the proxy subresource of configmaps is not served/],
];
for (const [path, code, message] of refusals)
  test(`refused by the proxy: ${path}`, async (t) => {
    const { call } = await openProxy(t);
    const { status, body } = await call("GET", `${namespace}/${path}`);
    assert.match(body.message, message);
    assert.equal(status, code);
  });
