import assert from "node:assert/strict";
import { test } from "node:test";
import { validateMetadata } from "./metadata-validation.ts";
import type { ObjectMeta } from "./object.ts";

const pods = { group: "", plural: "pods" };
const services = { group: "", plural: "services" };
const namespaces = { group: "", plural: "namespaces" };

const fine: readonly [name: string, kind: typeof pods, metadata: ObjectMeta][] = [
  ["a pod's name may have dots", pods, { name: "qwen.v2" }],
  ["a namespace may start with a digit", namespaces, { name: "1st" }],
  ["a generated name ends in a dash", pods, { name: "", generateName: "qwen-" }],
  [
    "labels and annotations with prefixes",
    pods,
    {
      name: "qwen",
      labels: { "serving.kserve.io/inferenceservice": "qwen", empty: "" },
      annotations: { "serving.kserve.io/autoscalerClass": "any text\nat all" },
    },
  ],
];

for (const [name, kind, metadata] of fine)
  test(name, () => assert.deepEqual(validateMetadata(kind, metadata), []));

const wrong: readonly [name: string, kind: typeof pods, metadata: ObjectMeta, told: RegExp][] = [
  [
    "no name",
    pods,
    { name: "" },
    /^metadata.name: Required value: name or generateName is required$/,
  ],
  [
    "capitals",
    pods,
    { name: "Qwen" },
    /^metadata.name: Invalid value: "Qwen": a lowercase RFC 1123 subdomain must consist of .* \(e.g. 'example.com', regex used for validation is '/,
  ],
  [
    "a namespace with a dot",
    namespaces,
    { name: "a.b" },
    /"a.b": a lowercase RFC 1123 label must consist of/,
  ],
  [
    "a Service that starts with a digit",
    services,
    { name: "1st" },
    /"1st": a DNS-1035 label must consist of .* \(e.g. 'my-name',  or 'abc-123', regex used/,
  ],
  ["a long Service", services, { name: "a".repeat(64) }, /must be no more than 63 bytes$/],
  [
    "a label value with a space",
    pods,
    { name: "a", labels: { app: "my app" } },
    /^metadata.labels: Invalid value: "my app": a valid label must be an empty string or/,
  ],
  [
    "a label key with two slashes",
    pods,
    { name: "a", labels: { "a/b/c": "" } },
    /"a\/b\/c": a qualified name must consist of .* with an optional DNS subdomain prefix and '\/'/,
  ],
  [
    "an annotation key that ends in a slash",
    pods,
    { name: "a", annotations: { "dunlin.dev/": "" } },
    /^metadata.annotations: Invalid value: "dunlin.dev\/": name part must be non-empty$/,
  ],
  [
    "annotations beyond the limit",
    pods,
    { name: "a", annotations: { big: "x".repeat(262_144) } },
    /^metadata.annotations: Too long: may not be more than 262144 bytes$/,
  ],
  [
    "a finalizer that is no name",
    pods,
    { name: "a", finalizers: ["no name"] },
    /^metadata.finalizers: Invalid value: "no name": name part must consist of/,
  ],
  [
    "two controllers",
    pods,
    { name: "a", ownerReferences: [owner("x"), owner("y")] },
    /Only one reference can have Controller set to true\. Found "true" in references for ReplicaSet x and ReplicaSet y$/,
  ],
];

function owner(name: string) {
  return { apiVersion: "apps/v1", kind: "ReplicaSet", name, uid: name, controller: true };
}

for (const [name, kind, metadata, told] of wrong)
  test(`${name} is told`, () => {
    const causes = validateMetadata(kind, metadata).map(
      ({ field, message }) => `${field}: ${message}`,
    );
    assert.match(causes[0] ?? "nothing", told);
  });
