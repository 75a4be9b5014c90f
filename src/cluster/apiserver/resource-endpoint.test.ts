// Lists by selector and by page, logs, and admission: what the endpoint itself adds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { invalid } from "../../resources/cause.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import { configMapKind } from "../../resources/config-map.ts";
import type { ConfigMap } from "../../resources/config-map.ts";
import { podKind } from "../../resources/pod.ts";
import { ApiProblem } from "../api-status.ts";
import type { NodeAccess } from "./node-access.ts";
import { configMap, configMaps, nodeThat, openTestPlane, pod, pods } from "./plane-fixture.ts";
import type { Answer, TestPlane } from "./plane-fixture.ts";

const namesOf = ({ body }: Answer): readonly string[] =>
  body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);

async function planeWithPods(): Promise<TestPlane> {
  const plane = openTestPlane();
  for (const [name, labels, nodeName] of [
    ["a", { app: "web", tier: "front" }, "n1"],
    ["b", { app: "web" }, "n2"],
    ["c", { app: "db" }, "n1"],
  ] as const)
    await plane.call("POST", pods, {
      ...pod(name, { nodeName }),
      metadata: { name, labels },
    });
  return plane;
}

const selections: readonly (readonly [string, readonly string[]])[] = [
  ["labelSelector=app=web", ["a", "b"]],
  ["labelSelector=app%20in%20(web,db),!tier", ["b", "c"]],
  ["labelSelector=app!=web", ["c"]],
  ["fieldSelector=spec.nodeName=n1", ["a", "c"]],
  ["fieldSelector=metadata.name!=a,spec.nodeName=n1", ["c"]],
  ["fieldSelector=status.phase=Pending&labelSelector=tier", ["a"]],
];

for (const [query, expected] of selections)
  test(`pods by ${query}`, async () => {
    const { call } = await planeWithPods();
    assert.deepEqual(namesOf(await call("GET", `${pods}?${query}`)), expected);
  });

test("a selector that is none, and a field that nothing is found by, are refused", async () => {
  const { call } = openTestPlane();
  for (const query of ["labelSelector=a==b==c", "fieldSelector=spec", "fieldSelector=spec.x=1"]) {
    const { status, body } = await call("GET", `${pods}?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.reason, "BadRequest");
  }
});

test("a kind without fields of its own says which it has", async () => {
  const { call } = openTestPlane();
  const { body } = await call("GET", `${configMaps}?fieldSelector=data.a=1`);
  assert.equal(
    body.message,
    '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  );
});

const readers: readonly {
  readonly query: string;
  readonly agent: string;
  readonly isPretty: boolean;
}[] = [
  { query: "", agent: "kubectl/v1.32.3", isPretty: false },
  { query: "", agent: "curl/8.5.0", isPretty: true },
  { query: "?pretty=true", agent: "kubectl/v1.32.3", isPretty: true },
  { query: "?pretty=false", agent: "curl/8.5.0", isPretty: false },
];

for (const { query, agent, isPretty } of readers)
  test(`JSON for ${agent}${query} is ${isPretty ? "" : "not "}indented`, async () => {
    const { plane, call } = openTestPlane();
    await call("POST", configMaps, configMap("a"));
    const headers = { "user-agent": agent };
    const url = `https://cluster${configMaps}${query}`;
    const text = await (await plane.transport(new Request(url, { headers }))).text();
    assert.equal(text.startsWith('{\n  "kind": "ConfigMapList",\n'), isPretty, text);
  });

test("a list in pages gives everything once, and one revision to watch from", async () => {
  const { call } = await planeWithPods();
  const first = await call("GET", `${pods}?limit=2`);
  assert.deepEqual(namesOf(first), ["a", "b"]);
  assert.equal(first.body.metadata.remainingItemCount, 1);
  await call("POST", pods, pod("d"));
  const token = first.body.metadata.continue;
  const second = await call("GET", `${pods}?limit=2&continue=${token}`);
  assert.deepEqual(namesOf(second), ["c"], "what came after the first page was not there then");
  assert.equal(second.body.metadata.continue, undefined);
  assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  assert.equal((await call("GET", `${pods}?continue=forged`)).status, 400);
});

test("a long list comes in pieces that are one list together", async () => {
  const { call } = openTestPlane();
  const count = 450;
  for (let index = 0; index < count; index++)
    await call("POST", pods, pod(`p-${String(index).padStart(3, "0")}`));
  const { body } = await call("GET", pods);
  assert.equal(body.kind, "PodList");
  const names = body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  assert.equal(names.length, count);
  assert.deepEqual([names[0], names.at(-1)], ["p-000", "p-449"]);
});

test("all namespaces are listed together", async () => {
  const { call } = await planeWithPods();
  await call("POST", "/api/v1/namespaces/kube-system/pods", pod("z"));
  assert.deepEqual(namesOf(await call("GET", "/api/v1/pods")), ["a", "b", "c", "z"]);
});

test("logs come from whoever runs the pods, of a container that exists", async () => {
  const { call, plane } = openTestPlane();
  await call("POST", pods, pod("one"));
  const two = [
    { name: "x", image: "i" },
    { name: "y", image: "i" },
  ];
  await call("POST", pods, pod("two", { containers: two }));
  assert.equal((await call("GET", `${pods}/one/log`)).status, 503);
  const readLog: NodeAccess["readLog"] = (object, options) => {
    if (options.previous)
      throw new ApiProblem(
        400,
        "BadRequest",
        `previous container of ${object.metadata.name} not found`,
      );
    return Promise.resolve(new Blob([JSON.stringify(options)]).stream());
  };
  plane.setNode(nodeThat({ readLog }));
  const one = await call("GET", `${pods}/one/log?tailLines=5&follow=true`);
  assert.equal(one.contentType, "text/plain");
  assert.deepEqual(JSON.parse(one.body), {
    container: "c",
    follow: true,
    previous: false,
    timestamps: false,
    tailLines: 5,
  });
  const vague = await call("GET", `${pods}/two/log`);
  assert.equal(
    vague.body.message,
    "a container name must be specified for pod two, choose one of: [x y]",
  );
  const wrong = await call("GET", `${pods}/two/log?container=z`);
  assert.equal(wrong.body.message, "container z is not valid for pod two");
  const previous = await call("GET", `${pods}/one/log?previous=true`);
  assert.equal(previous.body.message, "previous container of one not found");
  assert.equal((await call("GET", `${pods}/none/log`)).status, 404);
});

/** Counts the pods of the namespace into every ConfigMap, and refuses the one called "bad". */
const counting: AdmissionRule<ConfigMap> = {
  kind: configMapKind,
  admit(object, old, snapshot) {
    if (object.metadata.name === "bad")
      return { kind: "denied", causes: [invalid("data", "x", "is bad")] };
    const count = snapshot.list(podKind, "default").length;
    const data = { ...object.data, pods: String(count), isNew: String(old === undefined) };
    return { kind: "allowed", object: { ...object, data }, warnings: ["counted"] };
  },
};

test("admission may change, warn and refuse, and sees what else there is", async () => {
  const { call } = openTestPlane({ admission: [counting] });
  await call("POST", pods, pod("a"));
  const created = await call("POST", configMaps, configMap("good"));
  assert.deepEqual(created.body.data, { pods: "1", isNew: "true" });
  assert.deepEqual(created.warnings, ['299 - "counted"']);
  const denied = await call("POST", configMaps, configMap("bad"));
  assert.equal(denied.body.message, 'ConfigMap "bad" is invalid: data: Invalid value: "x": is bad');
});
