// Leader election as client-go's clients do it: with nothing but a Lease and the lock that every object
// has, its resourceVersion.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { formatMicroTimestamp } from "../../lib/timestamp.ts";
import { isAlreadyExists, isConflict, KubeClient } from "../../kube/client.ts";
import { leaseKind, type Lease } from "../../resources/lease.ts";
import { openTestPlane } from "../apiserver/plane-fixture.ts";

const key = { namespace: "default", name: "leader" };

function openClient(context: TestContext): KubeClient {
  const { plane } = openTestPlane();
  context.after(() => plane.close());
  return new KubeClient(plane.transport);
}

const lease = (holderIdentity: string, nowMs: number): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: key,
  spec: {
    holderIdentity,
    leaseDurationSeconds: 15,
    acquireTime: formatMicroTimestamp(nowMs),
    renewTime: formatMicroTimestamp(nowMs),
    leaseTransitions: 0,
  },
});

test("of many that create the Lease at once, or take it over at once, one leads", async (context) => {
  const client = openClient(context);
  const candidates = ["a", "b", "c", "d"];
  const created = await Promise.allSettled(
    candidates.map((name) => client.create(leaseKind, lease(name, 0))),
  );
  const lost = created.filter((result) => result.status === "rejected");
  assert.equal(lost.length, 3);
  assert.ok(lost.every(({ reason }) => isAlreadyExists(reason)));

  const seen = (await client.get(leaseKind, key)) ?? assert.fail();
  const taken = await Promise.allSettled(
    candidates.map((name) =>
      client.update(leaseKind, { ...seen, spec: { ...seen.spec, holderIdentity: name } }),
    ),
  );
  // The one that already led writes what is there, which is no change and no conflict.
  const holder = (await client.get(leaseKind, key))?.spec?.holderIdentity;
  const refused = taken.filter((result) => result.status === "rejected");
  assert.ok(refused.every(({ reason }) => isConflict(reason)));
  assert.ok(refused.length >= 2);
  assert.ok(candidates.includes(holder ?? ""));
});

test("microseconds are kept, and a Lease that lasts no time is refused", async (context) => {
  const client = openClient(context);
  const made = await client.create(leaseKind, lease("a", 1_234));
  assert.equal(made.spec?.renewTime, "1970-01-01T00:00:01.234000Z");
  await assert.rejects(
    client.patch(leaseKind, key, { spec: { leaseDurationSeconds: 0 } }),
    /spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0/,
  );
});
