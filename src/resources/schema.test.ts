import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { isJsonObject } from "../lib/json.ts";
import { builtinKinds } from "./builtin-kinds.ts";
import { crdOf, customResourceDefinitionKind } from "./custom-resource-definition.ts";
import { customKinds } from "./custom-kinds.ts";
import { apiVersionOf, type Kind } from "./kind.ts";
import type { Schema } from "./schema.ts";

/** Every schema inside a schema, with its path. */
function* schemasIn(schema: Schema, path = ""): Generator<readonly [path: string, Schema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    yield* schemasIn(field, `${path}.${name}`);
  if (schema.items) yield* schemasIn(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === "object")
    yield* schemasIn(schema.additionalProperties, `${path}{}`);
}

function at(kind: Kind, path: string): Schema | undefined {
  for (const [found, schema] of schemasIn(kind.schema)) if (found === path) return schema;
  return undefined;
}

function kindOf(name: string): Kind {
  const kind = [...builtinKinds, ...customKinds].find((candidate) => candidate.kind === name);
  assert.ok(kind, name);
  return kind;
}

for (const kind of [...builtinKinds, ...customKinds])
  test(`the schema of ${kind.kind} is structural`, () => {
    for (const [path, schema] of schemasIn(kind.schema)) {
      assert.ok(
        schema.type !== undefined || schema["x-kubernetes-int-or-string"],
        `${path} has no type`,
      );
      assert.ok(!schema.properties || schema.additionalProperties === undefined, path);
      for (const name of schema.required ?? [])
        assert.ok(schema.properties?.[name], `${path} requires ${name}, which it does not have`);
    }
  });

for (const kind of customKinds)
  test(`a real API server takes the CRD of ${kind.kind}`, () => {
    const crd = crdOf(kind);
    assert.equal(crd.metadata.name, `${kind.plural}.${kind.group}`);
    const [version] = crd.spec.versions;
    const schema = version?.schema?.openAPIV3Schema ?? {};
    for (const [path, part] of schemasIn(schema)) {
      assert.equal(part["x-kubernetes-patch-strategy"], undefined, path);
      assert.equal(part["x-kubernetes-patch-merge-key"], undefined, path);
      assert.notEqual(part.format, "quantity", path);
      for (const key of part["x-kubernetes-list-map-keys"] ?? [])
        assert.ok(
          part.items?.required?.includes(key) ||
            part.items?.properties?.[key]?.default !== undefined,
          `${path}: the key ${key} must be required or have a default`,
        );
    }
    for (const { jsonPath } of version?.additionalPrinterColumns ?? [])
      assert.match(jsonPath ?? "", /^\.(spec|status|metadata)\./);
  });

/** The paths of fields that the schema does not know. */
function unknownFields(schema: Schema, value: unknown, path: string): readonly string[] {
  if (schema["x-kubernetes-preserve-unknown-fields"]) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) =>
      unknownFields(schema.items ?? {}, item, `${path}[${index}]`),
    );
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const { properties, additionalProperties } = schema;
    const known =
      properties?.[name] ??
      (typeof additionalProperties === "object" ? additionalProperties : undefined);
    return known ? unknownFields(known, field, `${path}.${name}`) : [`${path}.${name}`];
  });
}

for (const file of globSync("examples/*.yaml"))
  test(`the kinds know every field of ${file}`, () => {
    const documents = parseAllDocuments(readFileSync(file, "utf8"));
    assert.ok(documents.length > 0);
    for (const document of documents) {
      const {
        apiVersion,
        metadata: _metadata,
        ...body
      } = document.toJS() as Record<string, unknown>;
      const kind = kindOf(String(body["kind"]));
      assert.equal(apiVersion, apiVersionOf(kind));
      const { kind: _kind, ...fields } = body;
      assert.deepEqual(unknownFields(kind.schema, fields, ""), []);
    }
  });

test("a misspelled field of a predictor is not known", () => {
  const spec = { predictor: { minReplica: 1, model: { modelFormat: { name: "huggingface" } } } };
  assert.deepEqual(unknownFields(kindOf("InferenceService").schema, { spec }, ""), [
    ".spec.predictor.minReplica",
  ]);
});

const mergeKeys: readonly [kind: string, path: string, key: string, keys: readonly string[]][] = [
  ["Pod", ".spec.containers", "name", ["name"]],
  ["Pod", ".spec.containers[].env", "name", ["name"]],
  ["Pod", ".spec.containers[].ports", "containerPort", ["containerPort", "protocol"]],
  ["Pod", ".spec.containers[].volumeMounts", "mountPath", ["mountPath"]],
  ["Deployment", ".spec.template.spec.hostAliases", "ip", ["ip"]],
  [
    "Deployment",
    ".spec.template.spec.topologySpreadConstraints",
    "topologyKey",
    ["topologyKey", "whenUnsatisfiable"],
  ],
  ["Service", ".spec.ports", "port", ["port", "protocol"]],
];

for (const [kind, path, key, keys] of mergeKeys)
  test(`${kind}${path} is merged by ${key}`, () => {
    const schema = at(kindOf(kind), path);
    assert.equal(schema?.["x-kubernetes-patch-strategy"], "merge");
    assert.equal(schema?.["x-kubernetes-patch-merge-key"], key);
    assert.deepEqual(schema?.["x-kubernetes-list-map-keys"], keys);
  });

test("unions drop their other branches", () => {
  const strategy = (kind: string, path: string) =>
    at(kindOf(kind), path)?.["x-kubernetes-patch-strategy"];
  assert.equal(strategy("Deployment", ".spec.strategy"), "retainKeys");
  assert.equal(strategy("Pod", ".spec.volumes"), "merge,retainKeys");
  assert.equal(strategy("Pod", ".spec.tolerations"), undefined);
});

test("kubectl prints the columns of ScaledObjects in this order", () =>
  assert.deepEqual(
    kindOf("ScaledObject").columns.map(({ name }) => name.toUpperCase()),
    [
      "SCALETARGETKIND",
      "SCALETARGETNAME",
      "MIN",
      "MAX",
      "TRIGGERS",
      "AUTHENTICATION",
      "READY",
      "ACTIVE",
      "FALLBACK",
      "PAUSED",
      "AGE",
    ],
  ));

test("the definition of a kind is valid itself", () => {
  for (const kind of customKinds)
    assert.deepEqual(customResourceDefinitionKind.validate?.(crdOf(kind), undefined), []);
  const { spec } = crdOf(kindOf("ScaledObject"));
  assert.equal(spec.scope, "Namespaced");
  assert.deepEqual(spec.names, {
    plural: "scaledobjects",
    singular: "scaledobject",
    kind: "ScaledObject",
    listKind: "ScaledObjectList",
    shortNames: ["so"],
  });
  assert.deepEqual(spec.versions[0]?.subresources, { status: {} });
});

test("a definition whose name is not made of its own parts is refused", () => {
  const crd = crdOf(kindOf("ScaledObject"));
  const causes = customResourceDefinitionKind.validate?.(
    { ...crd, metadata: { name: "scaledobjects" } },
    undefined,
  );
  assert.equal(
    causes?.[0]?.message,
    'Invalid value: "scaledobjects": must be spec.names.plural+"."+spec.group',
  );
});
