import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../resources/object.ts";
import { serviceKind, type Service } from "../../resources/service.ts";
import { serviceAdmission } from "./service-admission.ts";

type Spec = Service["spec"];

const rule = serviceAdmission("127.64.0.1");
const port = { port: 80 };

function service(name: string, spec: Spec): Service {
  const object: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default", uid: `uid-${name}` },
    spec: { ports: [port], ...spec },
  };
  return serviceKind.withDefaults?.(object) ?? object;
}

function admit(next: Service, old?: Service, others: readonly Service[] = []) {
  const stored: readonly KubeObject[] = [...others, ...(old ? [old] : [])];
  return rule.admit(next, old, { list: () => stored as readonly never[] });
}

/** The spec that is stored; a test that is denied fails with the causes. */
function stored(next: Service, old?: Service, others: readonly Service[] = []): Spec {
  const verdict = admit(next, old, others);
  assert.equal(verdict.kind, "allowed", JSON.stringify(verdict));
  return verdict.kind === "allowed" ? verdict.object.spec : assert.fail();
}

function refusal(next: Service, old?: Service, others: readonly Service[] = []): string {
  const verdict = admit(next, old, others);
  if (verdict.kind === "allowed") assert.fail("it was allowed");
  return verdict.causes.map(({ field, message }) => `${field}: ${message}`).join("\n");
}

test("a new Service has its address at once, from the cluster's block, and nobody else's", () => {
  const { clusterIP = "", clusterIPs } = stored(service("a", {}));
  assert.match(clusterIP, /^127\.128\.\d+\.\d+$/);
  assert.deepEqual(clusterIPs, [clusterIP]);
  const holder = service("b", { clusterIP, clusterIPs: [clusterIP] });
  assert.notEqual(stored(service("a", {}), undefined, [holder]).clusterIP, clusterIP);
});

test("the API's own Service has the first address of the block, in each run", () => {
  const old = service("kubernetes", { clusterIP: "127.190.0.1", clusterIPs: ["127.190.0.1"] });
  assert.equal(stored(service("kubernetes", {})).clusterIP, "127.128.0.1");
  assert.equal(stored(service("kubernetes", {}), old).clusterIP, "127.128.0.1");
});

test("headless Services and other names get no address", () => {
  assert.deepEqual(stored(service("a", { clusterIP: "None" })).clusterIPs, ["None"]);
  const named = stored(service("a", { type: "ExternalName", externalName: "a.example" }));
  assert.equal(named.clusterIP, undefined);
});

const own = { clusterIP: "127.128.9.9", clusterIPs: ["127.128.9.9"] };

const refusals: readonly [name: string, next: Spec, told: string, old?: Spec][] = [
  [
    "an address of elsewhere",
    { clusterIP: "10.96.0.5" },
    'spec.clusterIPs: Invalid value: ["10.96.0.5"]: failed to allocate IP 10.96.0.5: the provided IP (10.96.0.5) is not in the valid range. The range of valid IPs is 127.128.0.0/16',
  ],
  [
    "an address that another one has",
    { clusterIP: "127.128.1.1" },
    'spec.clusterIPs: Invalid value: ["127.128.1.1"]: failed to allocate IP 127.128.1.1: provided IP is already allocated',
  ],
  [
    "an address that is none",
    { clusterIP: "web" },
    'spec.clusterIPs[0]: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    "two addresses that disagree",
    { clusterIP: "127.128.2.2", clusterIPs: ["127.128.3.3"] },
    'spec.clusterIPs: Invalid value: ["127.128.3.3"]: first value must match `clusterIP`',
  ],
  [
    "an exchanged address",
    { clusterIP: "10.1.1.1", clusterIPs: ["10.1.1.1"] },
    'spec.clusterIPs[0]: Invalid value: ["10.1.1.1"]: may not change once set',
    own,
  ],
  [
    "a node port that another one has",
    { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] },
    "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
  ],
];

for (const [name, next, told, old] of refusals)
  test(`${name} is refused`, () => {
    const other = service("other", {
      type: "NodePort",
      clusterIP: "127.128.1.1",
      clusterIPs: ["127.128.1.1"],
      ports: [{ port: 80, nodePort: 30_080 }],
    });
    assert.equal(refusal(service("a", next), old && service("a", old), [other]), told);
  });

test("an update without the address keeps it, as one without the node ports keeps these", () => {
  const old = service("a", { type: "NodePort", ...own, ports: [{ port: 80, nodePort: 30_123 }] });
  const next = stored(
    service("a", { type: "NodePort", ports: [port, { port: 81, name: "b" }] }),
    old,
  );
  assert.deepEqual([next.clusterIP, next.clusterIPs], [own.clusterIP, own.clusterIPs]);
  const [first, second] = next.ports ?? [];
  assert.equal(first?.nodePort, 30_123);
  assert.ok((second?.nodePort ?? 0) >= 30_086 && second?.nodePort !== 30_123);
});

test("an address of an earlier run's block is exchanged when it is freed", () => {
  const old = service("a", { clusterIP: "127.190.1.1", clusterIPs: ["127.190.1.1"] });
  assert.match(stored(service("a", {}), old).clusterIP ?? "", /^127\.128\./);
});

test("what belonged to the old type goes with it", () => {
  const old = service("a", { type: "NodePort", ...own, ports: [{ port: 80, nodePort: 30_123 }] });
  const inside = stored({ ...old, spec: { ...old.spec, type: "ClusterIP" } }, old);
  assert.equal(inside.ports?.[0]?.nodePort, undefined);
  assert.equal(inside.externalTrafficPolicy, undefined);
  assert.equal(inside.clusterIP, own.clusterIP);
  const named = stored(
    { ...old, spec: { ...old.spec, type: "ExternalName", externalName: "a.example" } },
    old,
  );
  assert.equal(named.clusterIP, undefined);
  assert.equal(named.ipFamilies, undefined);
});

test("a load balancer may do without node ports", () => {
  const next = service("a", { type: "LoadBalancer", allocateLoadBalancerNodePorts: false });
  assert.equal(stored(next).ports?.[0]?.nodePort, undefined);
});

test("what does not work here is told to who asks for it, and not at every update", () => {
  const told = (next: Service, old?: Service): readonly string[] => {
    const verdict = admit(next, old);
    return verdict.kind === "allowed" ? verdict.warnings : assert.fail();
  };
  const outside = service("a", { ...own, externalIPs: ["10.1.1.1"] });
  assert.match(told(outside)[0] ?? "", /^spec.externalIPs: nothing listens/);
  assert.deepEqual(told(outside, outside), []);
  assert.deepEqual(told(service("a", { type: "NodePort" })), []);
  const guarded = { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] };
  assert.match(
    told(service("a", guarded))[0] ?? "",
    /^spec.loadBalancerSourceRanges: not enforced/,
  );
});
