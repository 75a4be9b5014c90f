import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, intersection, pathsOf, union, type FieldSet } from "./field-set.ts";

const spec: FieldSet = { "f:spec": { "f:replicas": {}, "f:paused": {} } };
const container: FieldSet = { "f:c": { 'k:{"name":"a"}': { ".": {}, "f:image": {} } } };

const cases: readonly {
  readonly name: string;
  readonly left: FieldSet;
  readonly right: FieldSet;
  readonly union?: FieldSet;
  readonly difference?: FieldSet;
  readonly intersection?: FieldSet;
}[] = [
  {
    name: "fields of the same parent",
    left: spec,
    right: { "f:spec": { "f:replicas": {} } },
    union: spec,
    difference: { "f:spec": { "f:paused": {} } },
    intersection: { "f:spec": { "f:replicas": {} } },
  },
  {
    name: "nothing",
    left: spec,
    right: {},
    union: spec,
    difference: spec,
    intersection: {},
  },
  {
    name: "a parent that is a member itself says nothing about what is below",
    left: container,
    right: { "f:c": { 'k:{"name":"a"}': {} } },
    union: container,
    difference: { "f:c": { 'k:{"name":"a"}': { "f:image": {} } } },
    intersection: { "f:c": { 'k:{"name":"a"}': {} } },
  },
  {
    name: "what is below says nothing about a parent",
    left: container,
    right: { "f:c": { 'k:{"name":"a"}': { "f:image": {} } } },
    union: container,
    difference: { "f:c": { 'k:{"name":"a"}': {} } },
    intersection: { "f:c": { 'k:{"name":"a"}': { "f:image": {} } } },
  },
  {
    name: "the same set leaves nothing",
    left: container,
    right: container,
    union: container,
    difference: {},
    intersection: container,
  },
  {
    name: "a leaf joined with what is below it stays a member",
    left: { "f:a": {} },
    right: { "f:a": { "f:b": {} } },
    union: { "f:a": { ".": {}, "f:b": {} } },
    difference: { "f:a": {} },
    intersection: {},
  },
];

for (const { name, left, right, ...expected } of cases)
  test(name, () => {
    const before = JSON.stringify([left, right]);
    assert.deepEqual(union(left, right), expected.union);
    assert.deepEqual(union(right, left), expected.union);
    assert.deepEqual(difference(left, right), expected.difference);
    assert.deepEqual(intersection(left, right), expected.intersection);
    assert.deepEqual(intersection(right, left), expected.intersection);
    assert.equal(JSON.stringify([left, right]), before, "sets are not changed in place");
  });

test("paths read as in kubectl's messages, a level at a time", () => {
  const set: FieldSet = {
    "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {} } },
    "f:spec": {
      "f:template": {
        'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:name": {} },
        'v:"x"': {},
      },
      "f:replicas": {},
    },
  };
  assert.deepEqual(pathsOf(set), [
    ".metadata.labels.app.kubernetes.io/name",
    ".spec.replicas",
    '.spec.template[containerPort=80,protocol="TCP"]',
    '.spec.template[="x"]',
    '.spec.template[containerPort=80,protocol="TCP"].name',
  ]);
});
