import assert from "node:assert/strict";
import { test } from "node:test";
import { pickEndpoint } from "./pick-endpoint.ts";

const loads = (...inFlight: number[]) =>
  inFlight.map((count, index) => ({ key: "abcdef"[index] ?? "", inFlight: count }));

type Case = {
  readonly name: string;
  readonly inFlight: readonly number[];
  readonly rotation?: number;
  readonly excluded?: readonly string[];
  readonly picks: string | undefined;
};

const cases: readonly Case[] = [
  { name: "the one with the fewest in flight", inFlight: [2, 1, 3], picks: "b" },
  { name: "equals take turns: first", inFlight: [1, 1, 1], rotation: 3, picks: "a" },
  { name: "equals take turns: second", inFlight: [1, 1, 1], rotation: 4, picks: "b" },
  { name: "turns are taken among equals only", inFlight: [0, 5, 0], rotation: 1, picks: "c" },
  { name: "one that failed is left out", inFlight: [0, 1], excluded: ["a"], picks: "b" },
  { name: "none are left", inFlight: [0], excluded: ["a"], picks: undefined },
  { name: "there are none", inFlight: [], picks: undefined },
];

for (const { name, inFlight, rotation = 0, excluded = [], picks } of cases)
  test(name, () => {
    assert.equal(pickEndpoint(loads(...inFlight), rotation, new Set(excluded))?.key, picks);
  });

test("five requests over two replicas split three to two", () => {
  const counts = new Map([
    ["a", 0],
    ["b", 0],
  ]);
  for (let request = 0; request < 5; request++) {
    const endpoints = [...counts].map(([key, inFlight]) => ({ key, inFlight }));
    const { key } = pickEndpoint(endpoints, request) ?? assert.fail("nothing picked");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts.values()].toSorted((a, b) => a - b),
    [2, 3],
  );
});
