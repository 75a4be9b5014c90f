import assert from "node:assert/strict";
import { test } from "node:test";
import { inDeletionOrder } from "./pod-deletion-order.ts";
import { podFixture, type PodTraits } from "./pod-fixture.ts";

const nowMs = 1_000_000;

/** `goes` has the later uid, which decides nothing but ties. */
const victims: readonly [name: string, goes: PodTraits, stays: PodTraits][] = [
  ["not on a node before pending", { node: undefined, ready: false }, { phase: "Pending" }],
  ["pending before running", { phase: "Pending" }, { ready: false }],
  ["not ready before ready", { ready: false }, { ready: true }],
  ["not ready before cheap", { ready: false, deletionCost: "100" }, { deletionCost: "-100" }],
  ["cheap before dear", { deletionCost: "1", readySince: 0 }, { deletionCost: "2", readySince: 9 }],
  ["a cost that is no number counts as 0", { deletionCost: "low" }, { deletionCost: "1" }],
  ["ready for much less long first", { readySince: 900 }, { readySince: 10 }],
  ["restarted more often first", { restarts: 2 }, { restarts: 1 }],
  ["much younger first", { created: 990 }, { created: 10 }],
  ["ready for about as long: the lower uid", { uid: "a", readySince: 10 }, { readySince: 20 }],
  ["about as old: the lower uid", { uid: "a", created: 10 }, { created: 20 }],
];

for (const [name, first, second] of victims)
  test(name, () => {
    const goes = podFixture({ uid: "z", ...first, name: "goes" });
    const stays = podFixture({ uid: "m", ...second, name: "stays" });
    for (const pods of [
      [goes, stays],
      [stays, goes],
    ])
      assert.equal(inDeletionOrder(pods, pods, nowMs)[0]?.metadata.name, "goes");
  });

test("of two nodes the one with more pods of the Deployment gives one up", () => {
  const [alone, shared] = [
    podFixture({ name: "alone", uid: "a", node: "n1" }),
    podFixture({ name: "shared", uid: "b", node: "n2" }),
  ];
  const sibling = podFixture({ name: "of-another-set", node: "n2" });
  const order = inDeletionOrder([alone, shared], [alone, shared, sibling], nowMs);
  assert.deepEqual(
    order.map(({ metadata }) => metadata.name),
    ["shared", "alone"],
  );
});
