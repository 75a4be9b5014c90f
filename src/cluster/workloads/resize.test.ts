import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../resources/deployment.ts";
import type { ReplicaSet } from "../../resources/replica-set.ts";
import { planResize, sizeAnnotations } from "./resize.ts";

function deployment(replicas: number, maxSurge: number | string, type?: "Recreate"): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas,
      selector: {},
      template: { spec: { containers: [] } },
      strategy: type ? { type } : { rollingUpdate: { maxSurge, maxUnavailable: 0 } },
    },
  };
}

type Case = {
  readonly name: string;
  /** The wanted number before and after, with a surge that stays. */
  readonly from: number;
  readonly to: number;
  readonly surge?: number | string;
  readonly strategy?: "Recreate";
  /** Sizes of the newest set and the older ones before, and after; undefined where nothing is to do. */
  readonly sizes: readonly number[];
  readonly become: readonly number[] | undefined;
  readonly available?: number;
};

const cases: readonly Case[] = [
  { name: "one set takes all", from: 1, to: 5, sizes: [1], become: [5] },
  { name: "one set gives all", from: 5, to: 0, sizes: [5], become: [0] },
  { name: "the one set is an old one", from: 2, to: 5, sizes: [0, 2], become: [0, 5] },
  { name: "no change", from: 3, to: 3, sizes: [1, 3], become: undefined },
  { name: "shared while growing", from: 10, to: 20, surge: 3, sizes: [5, 8], become: [9, 14] },
  { name: "shared while shrinking", from: 10, to: 5, surge: 3, sizes: [5, 8], become: [3, 5] },
  {
    name: "what rounding leaves goes to the largest",
    from: 5,
    to: 6,
    surge: 0,
    sizes: [1, 2, 2],
    become: [1, 3, 2],
  },
  { name: "of equals the newest grows", from: 2, to: 3, surge: 0, sizes: [1, 1], become: [2, 1] },
  { name: "of equals an old one shrinks", from: 4, to: 3, surge: 0, sizes: [2, 2], become: [2, 1] },
  { name: "to zero", from: 4, to: 0, surge: 1, sizes: [2, 3], become: [0, 0] },
  {
    name: "a new set that is complete: the rest is the rollout's",
    from: 2,
    to: 2,
    sizes: [2, 3],
    available: 2,
    become: undefined,
  },
  {
    name: "recreate shares nothing",
    from: 2,
    to: 4,
    strategy: "Recreate",
    sizes: [1, 1],
    become: undefined,
  },
];

for (const { name, from, to, surge = 1, strategy, sizes, become, available = 0 } of cases)
  test(name, () => {
    const annotations = sizeAnnotations(deployment(from, surge, strategy));
    const sets = sizes.map((replicas, index): ReplicaSet => ({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name: `set-${index}`, annotations },
      spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
      status: { replicas, availableReplicas: available },
    }));
    const [newest, ...older] = sets;
    const steps = planResize(deployment(to, surge, strategy), newest, older);
    if (become === undefined) return assert.deepEqual(steps, []);
    const after = sets.map(
      (set) => steps.find(({ replicaSet }) => replicaSet === set)?.to ?? set.spec.replicas,
    );
    assert.deepEqual(after, become);
  });
