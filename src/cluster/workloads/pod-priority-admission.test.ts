import assert from "node:assert/strict";
import { test } from "node:test";
import { podFixture } from "./pod-fixture.ts";
import { podPriorityAdmission } from "./pod-priority-admission.ts";

const noSnapshot = { list: () => [] };

const cases: readonly [name: string | undefined, kind: "allowed" | "denied"][] = [
  [undefined, "allowed"],
  ["system-node-critical", "allowed"],
  ["high", "denied"],
];

for (const [priorityClassName, kind] of cases)
  test(`a pod of the class ${priorityClassName} is ${kind}`, () => {
    const pod = podFixture({});
    const spec = { ...pod.spec, ...(priorityClassName !== undefined && { priorityClassName }) };
    const verdict = podPriorityAdmission.admit({ ...pod, spec }, undefined, noSnapshot);
    assert.equal(verdict.kind, kind);
    if (verdict.kind === "denied")
      assert.match(verdict.causes[0]?.message ?? "", /no PriorityClass with name high was found/);
  });
