// Columns and cells, and the paths by which CRDs name them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { parseJsonPath, valuesAt } from "./json-path.ts";
import {
  deployment,
  deployments,
  openTestPlane,
  widget,
  widgetKind,
  widgets,
} from "./plane-fixture.ts";
import { tableOf } from "./table.ts";

const object = {
  spec: {
    size: 3,
    list: [
      { name: "a", v: 1 },
      { name: "b", v: 2 },
    ],
  },
  metadata: { annotations: { "example.dev/key": "value" } },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Other", status: "False" },
    ],
  },
};

const paths: readonly (readonly [string, readonly unknown[] | undefined])[] = [
  [".spec.size", [3]],
  ["{.spec.size}", [3]],
  ["$.spec.size", [3]],
  [".spec.missing.deeper", []],
  [".spec.list[0].name", ["a"]],
  [".spec.list[-1].name", ["b"]],
  [".spec.list[*].v", [1, 2]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type=='Other')].status", ["False"]],
  ['.status.conditions[?(@.type!="Ready")].status', ["False"]],
  [".spec.list[?(@.v==2)].name", ["b"]],
  [".metadata.annotations.example\\.dev/key", ["value"]],
  ["['spec']['size']", [3]],
  [".spec.list[?(@.v>1)]", undefined],
  [".spec..size", undefined],
];

test("paths of printed columns", () => {
  for (const [text, expected] of paths) {
    const path = parseJsonPath(text);
    assert.deepEqual(path && valuesAt(path, object), expected, text);
  }
});

const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

test("a custom kind prints the columns of its definition after the name", async () => {
  const { call, clock } = openTestPlane();
  await call("POST", widgets, widget("a", { size: 2 }));
  await call("PATCH", `${widgets}/a/status`, { status: { phase: "Fine" } });
  await call("POST", widgets, widget("b"));
  await clock.advance(90_000);
  const { body } = await call("GET", widgets, undefined, accept);
  assert.equal(body.kind, "Table");
  assert.deepEqual(
    body.columnDefinitions.map(({ name }: { name: string }) => name),
    ["Name", "Size", "Phase", "Age"],
  );
  assert.deepEqual(
    body.rows.map(({ cells }: { cells: unknown }) => cells),
    [
      ["a", 2, "Fine", "90s"],
      ["b", null, null, "90s"],
    ],
  );
  assert.equal(body.rows[0].object.kind, "PartialObjectMetadata");
});

test("cells are of their column's type, or nothing", () => {
  const columns: readonly Column[] = [
    { name: "Whole", type: "integer", format: "int64", jsonPath: ".spec.fraction" },
    { name: "Number", type: "number", jsonPath: ".spec.fraction" },
    { name: "Text", type: "integer", jsonPath: ".spec.text" },
    { name: "List", type: "string", jsonPath: ".spec.list" },
    { name: "When", type: "date", jsonPath: ".spec.text" },
    { name: "Label", type: "string", jsonPath: ".metadata.labels.example\\.dev/a" },
    { name: "Ready", type: "string", jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  ];
  const body = {
    ...widget("a"),
    metadata: { name: "a", labels: { "example.dev/a": "b" } },
    spec: { fraction: 1.5, text: "x", list: [1, 2] },
    status: { conditions: [{ type: "Other" }, { type: "Ready", status: "True" }] },
  } as unknown as KubeObject;
  const table = tableOf(
    [body],
    {},
    {
      kind: { ...widgetKind, columns },
      version: "v1",
      includeObject: "None",
      withColumns: true,
      nowMs: 0,
    },
  ) as {
    readonly rows: readonly { readonly cells: unknown }[];
    readonly columnDefinitions: readonly { readonly format: string }[];
  };
  assert.deepEqual(table.rows[0]?.cells, ["a", 1, 1.5, null, "[1,2]", "<invalid>", "b", "True"]);
  assert.equal(table.columnDefinitions[1]?.format, "int64");
});

test("a built-in kind computes its cells; whole objects come along when asked for", async () => {
  const { call } = openTestPlane();
  await call("POST", deployments, deployment("a", { replicas: 2 }));
  const { body } = await call("GET", `${deployments}?includeObject=Object`, undefined, accept);
  assert.deepEqual(body.rows[0].cells.slice(0, 2), ["a", "0/2"]);
  assert.equal(body.rows[0].object.spec.replicas, 2);
  const one = await call("GET", `${deployments}/a?includeObject=None`, undefined, accept);
  assert.deepEqual(Object.keys(one.body.rows[0]), ["cells"]);
});

test("metadata alone is given to clients that want no more", async () => {
  const { call } = openTestPlane();
  await call("POST", widgets, widget("a", { size: 2 }));
  const partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const { body } = await call("GET", widgets, undefined, { accept: partial });
  assert.equal(body.kind, "PartialObjectMetadataList");
  assert.equal(body.items[0].metadata.name, "a");
  assert.equal(body.items[0].spec, undefined);
});

test("a client that reads protobuf alone is told what there is", async () => {
  const { call } = openTestPlane();
  const protobuf = { accept: "application/vnd.kubernetes.protobuf" };
  assert.equal((await call("GET", widgets, undefined, protobuf)).status, 406);
  const both = { accept: "application/vnd.kubernetes.protobuf,application/json" };
  assert.equal((await call("GET", widgets, undefined, both)).contentType, "application/json");
});
