// The documents from which kubectl explains kinds and other clients are made.
import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { describedFields } from "../../resources/field-descriptions.ts";
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import { object, type Schema } from "../../resources/schema.ts";
import { openTestPlane } from "./plane-fixture.ts";

test("each group-version has a document that changes its address with its content", async () => {
  const { call } = openTestPlane();
  const { body } = await call("GET", "/openapi/v3");
  const { serverRelativeURL } = body.paths["apis/apps/v1"];
  assert.match(serverRelativeURL, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/);
  assert.equal((await call("GET", serverRelativeURL)).body.openapi, "3.0.0");
  assert.ok(body.paths["api/v1"] && body.paths["apis/example.dev/v1"]);
  assert.equal((await call("GET", "/openapi/v3/apis/nobody/v1")).status, 404);
});

test("every reference in every document leads to a schema", async () => {
  const { call } = openTestPlane();
  const index = await call("GET", "/openapi/v3");
  for (const path of Object.keys(index.body.paths as object)) {
    const { body } = await call("GET", `/openapi/v3/${path}`);
    const names = new Set(Object.keys(body.components.schemas as object));
    const references = [...JSON.stringify(body).matchAll(/"#\/components\/schemas\/([^"]+)"/g)];
    assert.ok(references.length > 0);
    for (const [, name = ""] of references) assert.ok(names.has(name), `${path}: ${name}`);
  }
});

test("a custom kind is described as its definition has it, and so are lists of it", async () => {
  const { call } = openTestPlane();
  const { body } = await call("GET", "/openapi/v3/apis/example.dev/v1");
  const { schemas } = body.components;
  const widget = schemas["dev.example.v1.Widget"];
  assert.deepEqual(widget["x-kubernetes-group-version-kind"], [
    { group: "example.dev", version: "v1", kind: "Widget" },
  ]);
  assert.equal(widget.properties.spec.properties.size.minimum, 1);
  assert.equal(widget.properties.spec.properties.color.default, "red");
  const list = schemas["dev.example.v1.WidgetList"];
  assert.deepEqual(list.required, ["items"]);
  assert.equal(list["x-kubernetes-group-version-kind"][0].kind, "WidgetList");
  const namespaced = body.paths["/apis/example.dev/v1/namespaces/{namespace}/widgets"];
  assert.equal(
    namespaced.get.responses["200"].content["application/json"].schema.$ref,
    "#/components/schemas/dev.example.v1.WidgetList",
  );
  const status = "/apis/example.dev/v1/namespaces/{namespace}/widgets/{name}/status";
  assert.equal(body.paths[status].patch["x-kubernetes-action"], "patch");
});

test("fields are described wherever a sentence helps, and every sentence has a field", async () => {
  const { call } = openTestPlane();
  const { schemas } = (await call("GET", "/openapi/v3/apis/apps/v1")).body.components;
  const { template } = schemas["apps.v1.Deployment"].properties.spec.properties;
  const { image } = template.properties.spec.properties.containers.items.properties;
  assert.match(image.description, /image to run/);
  const { labels } = schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].properties;
  assert.match(labels.description, /by which objects are selected/);
  for (const [kind, path] of describedFields()) {
    const found = builtinKinds.find((candidate) => candidate.kind === kind);
    const root = kind === "" ? object({ metadata: objectMetaSchema }) : found?.schema;
    const field = path
      .split(".")
      .reduce<Schema | undefined>((schema, key) => inner(schema)?.properties?.[key], root);
    assert.ok(field, `${kind} has a field ${path}`);
    assert.equal(field.description, undefined, `${kind}: ${path} is described in its schema`);
  }
});

function inner(schema: Schema | undefined): Schema | undefined {
  return schema?.items ?? schema;
}

test("required fields and what may be a number or text are said in plain OpenAPI too", async () => {
  const { call } = openTestPlane();
  const { schemas } = (await call("GET", "/openapi/v3/apis/apps/v1")).body.components;
  const { spec } = schemas["apps.v1.Deployment"].properties;
  assert.deepEqual(spec.required, ["selector", "template"]);
  const surge = spec.properties.strategy.properties.rollingUpdate.properties.maxSurge;
  const named = surge.allOf[0].$ref.replace("#/components/schemas/", "");
  assert.match(named, /\.IntOrString$/);
  assert.deepEqual(schemas[named].oneOf, [{ type: "integer" }, { type: "string" }]);
});

test("the older document can be read, if only to find nothing in it", async () => {
  const { plane } = openTestPlane();
  const answer = await plane.transport(new Request("https://cluster/openapi/v2"));
  assert.equal(
    answer.headers.get("content-type"),
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  );
  assert.equal((await answer.arrayBuffer()).byteLength, 17);
});
