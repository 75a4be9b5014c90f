import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ingress } from "../../resources/ingress.ts";
import { unservedFields } from "./unserved-fields.ts";

const ingress = (
  spec: Ingress["spec"],
  annotations: Readonly<Record<string, string>> = {},
): Ingress => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "web", namespace: "default", annotations },
  spec,
});

const backend = { service: { name: "web", port: { number: 80 } } };

const cases: readonly [name: string, ingress: Ingress, reasons: readonly string[]][] = [
  [
    "a plain one of any class",
    ingress({ ingressClassName: "nginx", defaultBackend: backend }, { "example.com/note": "x" }),
    [],
  ],
  ["TLS", ingress({ defaultBackend: backend, tls: [{ hosts: ["h"] }] }), ["TLSNotSupported"]],
  [
    "a backend that is no Service",
    ingress({ defaultBackend: {} }),
    ["ResourceBackendNotSupported"],
  ],
  [
    "orders to another controller",
    ingress({ defaultBackend: backend }, { "nginx.ingress.kubernetes.io/rewrite-target": "/" }),
    ["AnnotationNotSupported"],
  ],
];

for (const [name, object, reasons] of cases)
  test(`${name}: ${reasons.join() || "served"}`, () =>
    assert.deepEqual(
      unservedFields(object, "127.0.0.1:7080").map(({ reason }) => reason),
      reasons,
    ));
