// What a JavaScript program does with the public client library, one test for each kind of call. It
// runs in a process of its own (see javascript-client.e2e.test.ts), against the cluster of KUBECONFIG,
// and is plain JavaScript because the library is not there for everyone who checks the types.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { after, before, test } from "node:test";
import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const namespace = "javascript";

const server = `require("node:http").createServer((q, r) => r.end("served")).listen(8080, process.env.POD_IP)`;
const podIp = { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } };
const pod = {
  metadata: { name: "talk" },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: "main", image: "any", command: ["sh", "-c", "echo begun; exec sleep 1000"] },
      { name: "tick", image: "any", command: ["sh", "-c", "while sleep 0.2; do echo tick; done"] },
      { name: "web", image: "any", command: ["node", "-e", server], env: [podIp] },
    ],
  },
};

/** Resolves when `look` gives something other than undefined; each end-to-end wait is bounded. */
async function eventually(what, look, timeoutMs = 30_000) {
  for (const endMs = Date.now() + timeoutMs; Date.now() < endMs;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`timed out: ${what}`);
}

function collector() {
  const stream = new PassThrough();
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}

before(async () => {
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await core.createNamespacedPod({ namespace, body: pod });
  await eventually("the pod is ready", async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: "talk" });
    return status.conditions?.find(({ type, status }) => type === "Ready" && status === "True");
  });
});

after(() => core.deleteNamespace({ name: namespace }));

test("create, read, list, replace and delete", async () => {
  const name = "settings";
  const made = await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name, labels: { app: "a" } }, data: { key: "one" } },
  });
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  const read = await core.readNamespacedConfigMap({ namespace, name });
  assert.equal(read.metadata.uid, made.metadata.uid);
  const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: "app=a" });
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    [name],
  );
  read.data.key = "two";
  const replaced = await core.replaceNamespacedConfigMap({ namespace, name, body: read });
  assert.equal(replaced.data.key, "two");
  await assert.rejects(
    core.replaceNamespacedConfigMap({ namespace, name, body: read }),
    ({ code, body }) => code === 409 && /the object has been modified/.test(body),
  );
  const status = await core.deleteNamespacedConfigMap({ namespace, name });
  assert.equal(status.status, "Success");
  await assert.rejects(
    core.readNamespacedConfigMap({ namespace, name }),
    ({ code, body }) => code === 404 && JSON.parse(body).reason === "NotFound",
  );
});

test("patch in all four ways", async () => {
  const name = "patched";
  const labels = { app: name };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "main", image: "one" }] },
        },
      },
    },
  });
  const patch = (strategy, body, more = {}) =>
    apps.patchNamespacedDeployment(
      { namespace, name, body, ...more },
      k8s.setHeaderOptions("Content-Type", strategy),
    );
  const containers = [{ name: "side", image: "two" }];
  const merged = await patch(k8s.PatchStrategy.StrategicMergePatch, {
    spec: { template: { spec: { containers } } },
  });
  assert.equal(merged.spec.template.spec.containers.length, 2);
  const paused = await patch(k8s.PatchStrategy.MergePatch, { spec: { paused: true } });
  assert.equal(paused.spec.paused, true);
  const resumed = await patch(k8s.PatchStrategy.JsonPatch, [
    { op: "remove", path: "/spec/paused" },
  ]);
  assert.equal(resumed.spec.paused, undefined);
  const applied = await patch(
    k8s.PatchStrategy.ServerSideApply,
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels: { by: "me" } } },
    { fieldManager: "javascript" },
  );
  assert.equal(applied.metadata.labels.by, "me");
  assert.ok(
    applied.metadata.managedFields.some(
      ({ manager, operation }) => manager === "javascript" && operation === "Apply",
    ),
  );
  await apps.deleteNamespacedDeployment({ namespace, name });
});

test("objects of any kind, custom ones too", async () => {
  const service = {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: "qwen", namespace },
    spec: {
      predictor: {
        minReplicas: 0,
        maxReplicas: 1,
        model: { modelFormat: { name: "huggingface" }, storageUri: "hf://a/b" },
      },
    },
  };
  const made = await objects.create(service);
  assert.equal(made.spec.predictor.maxReplicas, 1);
  const applied = await objects.patch(
    { ...service, spec: { predictor: { ...service.spec.predictor, maxReplicas: 2 } } },
    undefined,
    undefined,
    "javascript",
    true,
    k8s.PatchStrategy.ServerSideApply,
  );
  assert.equal(applied.spec.predictor.maxReplicas, 2);
  const custom = config.makeApiClient(k8s.CustomObjectsApi);
  const { items } = await custom.listNamespacedCustomObject({
    group: "serving.kserve.io",
    version: "v1beta1",
    namespace,
    plural: "inferenceservices",
  });
  assert.equal(items.length, 1);
  await objects.delete(made);
});

test("watch tells what happens", async (t) => {
  const seen = [];
  const watch = new k8s.Watch(config);
  const controller = await watch.watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { allowWatchBookmarks: true, labelSelector: "watched=yes" },
    (type, object) => seen.push(`${type} ${object.metadata.name}`),
    () => {},
  );
  t.after(() => controller.abort());
  const metadata = { name: "seen", labels: { watched: "yes" } };
  await core.createNamespacedConfigMap({ namespace, body: { metadata } });
  await core.deleteNamespacedConfigMap({ namespace, name: "seen" });
  await eventually("both events", () => (seen.length >= 2 ? true : undefined));
  assert.deepEqual(seen, ["ADDED seen", "DELETED seen"]);
});

test("an informer keeps up, and lists anew when it has missed too much", async (t) => {
  let lists = 0;
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => {
    lists++;
    return core.listNamespacedConfigMap({ namespace });
  });
  const seen = [];
  for (const verb of ["add", "update", "delete"])
    informer.on(verb, ({ metadata }) => seen.push(`${verb} ${metadata.name}`));
  // The library reports its own stopping as an error.
  informer.on("error", (error) => error.name === "AbortError" || seen.push(`error ${error}`));
  await informer.start();
  t.after(() => informer.stop());
  await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: "followed" }, data: { n: "0" } },
  });
  await eventually("the addition", () => (seen.includes("add followed") ? true : undefined));
  await informer.stop();
  // More changes than the server remembers.
  const path = `/api/v1/namespaces/${namespace}/configmaps/followed`;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  await Promise.all(
    Array.from({ length: 2_200 }, (_, n) => mergePatch(agent, path, { data: { n: `${n + 1}` } })),
  );
  agent.destroy();
  const before = lists;
  await informer.start();
  await eventually("the update", () => (seen.includes("update followed") ? true : undefined));
  assert.equal(lists, before + 1);
  await core.deleteNamespacedConfigMap({ namespace, name: "followed" });
  await eventually("the deletion", () => (seen.includes("delete followed") ? true : undefined));
  assert.deepEqual(
    seen.filter((line) => line.startsWith("error")),
    [],
  );
});

/** Without the library's objects, which take most of the time of many small requests. */
async function mergePatch(agent, path, body) {
  const options = { method: "PATCH", headers: { "content-type": k8s.PatchStrategy.MergePatch } };
  await config.applyToHTTPSOptions(options);
  const { server: address } = config.getCurrentCluster();
  const sent = request(new URL(path, address), { ...options, agent });
  sent.end(JSON.stringify(body));
  const [response] = await once(sent, "response");
  response.resume();
  assert.equal(response.statusCode, 200);
  await once(response, "end");
}

test("logs, whole and followed", async () => {
  const text = await core.readNamespacedPodLog({ namespace, name: "talk", container: "main" });
  assert.equal(text, "begun\n");
  const body = {
    metadata: { name: "short" },
    spec: {
      restartPolicy: "Never",
      containers: [
        { name: "main", image: "any", command: ["sh", "-c", "echo one; sleep 2; echo two"] },
      ],
    },
  };
  await core.createNamespacedPod({ namespace, body });
  await eventually("the pod has run", async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: "short" });
    return status.phase === "Pending" ? undefined : status.phase;
  });
  const { stream, text: followed } = collector();
  await new k8s.Log(config).log(namespace, "short", "main", stream, { follow: true });
  await finished(stream);
  assert.equal(followed(), "one\ntwo\n");
});

test("exec: output, input and exit code", async () => {
  const exec = new k8s.Exec(config);
  const out = collector();
  const err = collector();
  const input = new PassThrough();
  const ended = new Promise((resolve, reject) => {
    const command = ["sh", "-c", "cat; echo problem >&2; exit 3"];
    exec
      .exec(namespace, "talk", "main", command, out.stream, err.stream, input, false, resolve)
      .catch(reject);
  });
  input.end("given\n");
  const status = await ended;
  assert.equal(status.status, "Failure");
  assert.equal(status.details.causes[0].message, "3");
  assert.equal(out.text(), "given\n");
  assert.equal(err.text(), "problem\n");
});

test("attach shows what is printed from then on", async () => {
  const attach = new k8s.Attach(config);
  const out = collector();
  const socket = await attach.attach(namespace, "talk", "tick", out.stream, null, null, false);
  await eventually("a tick", () => (out.text().includes("tick\n") ? true : undefined));
  socket.close();
});

test("cp carries files both ways", async () => {
  // The library does not say when it has finished a copy (it sets times after the content), so the
  // folders stay until nothing is under way any more.
  const folders = [];
  const newFolder = () => {
    folders.push(mkdtempSync(join(tmpdir(), "dunlin-cp-")));
    return folders.at(-1);
  };
  process.once("exit", () => folders.forEach((path) => rmSync(path, { recursive: true })));
  const folder = newFolder();
  const copy = new k8s.Cp(config);
  writeFileSync(join(folder, "file.txt"), "carried\n");
  const inside = newFolder();
  await copy.cpToPod(namespace, "talk", "main", folder, inside);
  await eventually("the copy", () => contentOf(join(inside, "file.txt")));
  const back = newFolder();
  await copy.cpFromPod(namespace, "talk", "main", "file.txt", back, inside);
  await eventually("the way back", () => contentOf(join(back, "file.txt")));
});

function contentOf(file) {
  try {
    return readFileSync(file, "utf8") === "carried\n" ? true : undefined;
  } catch {
    return undefined;
  }
}

test("port-forward carries a request", async (t) => {
  const forward = new k8s.PortForward(config);
  const local = createServer((socket) => {
    forward.portForward(namespace, "talk", [8080], socket, null, socket).catch(() => {});
  });
  local.listen(0, "127.0.0.1");
  await new Promise((resolve) => local.once("listening", resolve));
  t.after(() => local.close());
  const answer = await eventually("the port answers", async () => {
    try {
      const signal = AbortSignal.timeout(5_000);
      return await (await fetch(`http://127.0.0.1:${local.address().port}/`, { signal })).text();
    } catch {
      return undefined;
    }
  });
  assert.equal(answer, "served");
});

test("metrics and top", async () => {
  const metrics = new k8s.Metrics(config);
  const { items } = await eventually("usage of the pod", async () => {
    const list = await metrics.getPodMetrics(namespace);
    return list.items.length > 0 ? list : undefined;
  });
  assert.deepEqual(items[0].containers.map(({ name }) => name).toSorted(), ["main", "tick", "web"]);
  assert.equal((await metrics.getNodeMetrics()).items.length, 1);
  const pods = await k8s.topPods(core, metrics, namespace);
  assert.ok(pods.some(({ Pod }) => Pod.metadata.name === "talk"));
  assert.equal((await k8s.topNodes(core)).length, 1);
});

test("discovery, version and permissions", async () => {
  assert.equal((await config.makeApiClient(k8s.VersionApi).getCode()).minor, "32");
  const { groups } = await config.makeApiClient(k8s.ApisApi).getAPIVersions();
  assert.ok(groups.some(({ name }) => name === "apps"));
  const { resources } = await apps.getAPIResources();
  assert.ok(resources.some(({ name, kind }) => name === "deployments/scale" && kind === "Scale"));
  const authorization = config.makeApiClient(k8s.AuthorizationV1Api);
  const review = await authorization.createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: "create", resource: "pods" } } },
  });
  assert.equal(review.status.allowed, true);
});
