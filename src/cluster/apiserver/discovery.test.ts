// What clients learn about the server before their first real request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane } from "./plane-fixture.ts";

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

for (const version of ["v2", "v2beta1"])
  test(`aggregated discovery ${version} repeats the type that was asked for`, async () => {
    const { call } = openTestPlane();
    const accept = { accept: `${aggregated(version)},application/json` };
    const core = await call("GET", "/api", undefined, accept);
    assert.equal(core.contentType, aggregated(version));
    assert.equal(core.body.items[0].metadata.name, "");
    const pods = core.body.items[0].versions[0].resources.find(
      ({ resource }: { resource: string }) => resource === "pods",
    );
    assert.deepEqual(pods.shortNames, ["po"]);
    assert.equal(pods.scope, "Namespaced");
    assert.deepEqual(
      pods.subresources.map(({ subresource }: { subresource: string }) => subresource),
      ["attach", "binding", "eviction", "exec", "log", "portforward", "proxy", "status"],
    );
    const named = await call("GET", "/apis", undefined, accept);
    assert.deepEqual(
      named.body.items
        .map(({ metadata }: { metadata: { name: string } }) => metadata.name)
        .filter((name: string) => ["apps", "example.dev"].includes(name)),
      ["apps", "example.dev"],
    );
  });

test("the older documents say the same", async () => {
  const { call } = openTestPlane();
  assert.deepEqual((await call("GET", "/api")).body.versions, ["v1"]);
  const { groups } = (await call("GET", "/apis")).body;
  const apps = groups.find(({ name }: { name: string }) => name === "apps");
  assert.deepEqual(apps.preferredVersion, { groupVersion: "apps/v1", version: "v1" });
  assert.equal((await call("GET", "/apis/apps")).body.kind, "APIGroup");
  const { resources } = (await call("GET", "/apis/apps/v1")).body;
  const names = resources.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("deployments") && names.includes("deployments/scale"));
  assert.equal((await call("GET", "/apis/nowhere.dev/v1")).status, 404);
});

test("versions are in Kubernetes' order of preference", async () => {
  const { call } = openTestPlane();
  const served = ["v1alpha1", "v2beta2", "v1", "v2", "v10", "weird"];
  const versions = served.map((name) => ({
    name,
    served: true,
    storage: name === "v1",
    schema: { openAPIV3Schema: { type: "object" } },
  }));
  const { status } = await call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "gadgets.order.dev" },
    spec: {
      group: "order.dev",
      names: { plural: "gadgets", kind: "Gadget" },
      scope: "Cluster",
      versions,
    },
  });
  assert.equal(status, 201);
  const { body } = await call("GET", "/apis/order.dev");
  assert.deepEqual(
    body.versions.map(({ version }: { version: string }) => version),
    ["v10", "v2", "v1", "v2beta2", "v1alpha1", "weird"],
  );
});

test("OpenAPI 3 has what apply and explain look for", async () => {
  const { call } = openTestPlane();
  const { paths } = (await call("GET", "/openapi/v3")).body;
  const url = paths["apis/example.dev/v1"].serverRelativeURL;
  assert.match(url, /^\/openapi\/v3\/apis\/example.dev\/v1\?hash=[0-9A-F]{8}$/);
  const document = (await call("GET", url)).body;
  const { post } = document.paths["/apis/example.dev/v1/namespaces/{namespace}/widgets"];
  assert.equal(post["x-kubernetes-action"], "post");
  assert.deepEqual(post["x-kubernetes-group-version-kind"], {
    group: "example.dev",
    version: "v1",
    kind: "Widget",
  });
  assert.ok(post.parameters.some(({ name }: { name: string }) => name === "fieldValidation"));
  const schema = document.components.schemas["dev.example.v1.Widget"];
  assert.equal(schema.properties.spec.properties.size.minimum, 1);
});

test("OpenAPI 2 is there, and empty", async () => {
  const { call } = openTestPlane();
  const { status, contentType } = await call("GET", "/openapi/v2");
  assert.equal(status, 200);
  assert.match(contentType, /spec\.v2\.v1\.0\+protobuf$/);
});

test("version and health", async () => {
  const { call } = openTestPlane();
  assert.equal((await call("GET", "/version?timeout=5s")).body.minor, "32");
  for (const path of ["/healthz", "/livez", "/readyz", "/readyz/ping"])
    assert.equal((await call("GET", path)).body, "ok");
  assert.equal((await call("GET", "/nowhere")).status, 404);
});

test("the root says where to go on", async () => {
  const { call } = openTestPlane();
  const { paths } = (await call("GET", "/")).body;
  for (const path of ["/api/v1", "/apis/apps/v1", "/apis/example.dev", "/version"])
    assert.ok(paths.includes(path), `${path} is not in ${paths}`);
});
