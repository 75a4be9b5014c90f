import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Taint } from "../../resources/node.ts";
import type { Toleration } from "../../resources/pod.ts";
import { podFixture } from "./pod-fixture.ts";
import { evictedInMs } from "./taint-eviction.ts";

const added = "1970-01-01T00:00:10Z";
const away: Taint = { key: "away", effect: "NoExecute", timeAdded: added };
const full: Taint = { key: "full", value: "yes", effect: "NoExecute", timeAdded: added };
const quiet: Taint = { key: "quiet", effect: "NoSchedule" };
const staying: Toleration = { key: "away", operator: "Exists" };
const short: Toleration = { key: "away", operator: "Exists", tolerationSeconds: 30 };

const cases: readonly [string, readonly Taint[], readonly Toleration[], number | undefined][] = [
  ["no taint", [], [], undefined],
  ["a taint for the scheduler alone", [quiet], [], undefined],
  ["not tolerated", [away], [], 0],
  ["tolerated", [away], [staying], undefined],
  ["tolerated for 30 s, of which 5 have passed", [away], [short], 25_000],
  ["tolerated twice: the shorter counts", [away], [staying, short], 25_000],
  ["one of two is not tolerated", [away, full], [staying], 0],
];

for (const [name, taints, tolerations, waitMs] of cases)
  test(name, () => {
    const node: Node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "node" },
      spec: { taints },
    };
    const pod = podFixture({});
    const tolerant = { ...pod, spec: { ...pod.spec, tolerations } };
    assert.equal(evictedInMs(tolerant, node, 15_000), waitMs);
  });
