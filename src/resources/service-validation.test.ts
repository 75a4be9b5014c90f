import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceKind, type Service } from "./service.ts";

type Spec = Service["spec"];

function service(spec: Spec): Service {
  const object: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { ports: [{ port: 80 }], ...spec },
  };
  return serviceKind.withDefaults?.(object) ?? object;
}

const complaints = (spec: Spec, old?: Spec): readonly string[] =>
  (serviceKind.validate?.(service(spec), old && service(old)) ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );

const good: readonly [name: string, spec: Spec, old?: Spec][] = [
  ["a node port", { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] }],
  ["a load balancer", { type: "LoadBalancer" }],
  ["another name", { type: "ExternalName", externalName: "db.example.com." }],
  ["clients that stay", { sessionAffinity: "ClientIP" }],
  [
    "an address of another run's block",
    { clusterIP: "127.129.1.1", clusterIPs: ["127.129.1.1"] },
    { clusterIP: "127.128.1.1", clusterIPs: ["127.128.1.1"] },
  ],
];

for (const [name, spec, old] of good)
  test(`${name} passes`, () => assert.deepEqual(complaints(spec, old), []));

const bad: readonly [name: string, spec: Spec, told: string, old?: Spec][] = [
  [
    "a node port inside",
    { ports: [{ port: 80, nodePort: 30_080 }] },
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
  [
    "a name that is none",
    { type: "ExternalName", externalName: "No Name" },
    'spec.externalName: Invalid value: "No Name": a lowercase RFC 1123 subdomain must consist of',
  ],
  [
    "an address and a name",
    { type: "ExternalName", externalName: "a.example", clusterIP: "127.128.0.9" },
    "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
  ],
  [
    "a headless node port",
    { type: "NodePort", clusterIP: "None" },
    "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
  ],
  [
    "an outside policy inside",
    { externalTrafficPolicy: "Local" },
    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
  ],
  [
    "affinity without clients",
    { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } },
    "spec.sessionAffinityConfig: Forbidden: must not be set when session affinity is None",
  ],
  [
    "affinity for ever",
    {
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 90_000 } },
    },
    "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400",
  ],
  [
    "IPv6",
    { ipFamilies: ["IPv6"] },
    'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
  ],
  [
    "an exchanged address",
    { clusterIP: "127.128.0.2" },
    'spec.clusterIPs[0]: Invalid value: ["127.128.0.2"]: may not change once set',
    { clusterIP: "127.128.0.1" },
  ],
  [
    "an address that is given up for none",
    { clusterIP: "None" },
    'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    { clusterIP: "127.128.0.1" },
  ],
];

for (const [name, spec, told, old] of bad)
  test(`${name} is refused`, () => {
    const [first = "", ...others] = complaints(spec, old);
    assert.equal(first.slice(0, told.length), told);
    assert.deepEqual(others, []);
  });
