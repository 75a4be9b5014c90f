import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdmissionSnapshot } from "../../resources/admission.ts";
import type { KubeObject } from "../../resources/object.ts";
import { podFixture } from "./pod-fixture.ts";
import { serviceAccountAdmission } from "./service-account-admission.ts";

const accounts: readonly KubeObject[] = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "runner", namespace: "default" } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "other", namespace: "elsewhere" } },
];
const snapshot = {
  list: (_: unknown, namespace?: string) =>
    accounts.filter(({ metadata }) => metadata.namespace === namespace),
} as AdmissionSnapshot;

const cases: readonly [name: string | undefined, refusal: RegExp | undefined][] = [
  [undefined, undefined],
  ["default", undefined],
  ["runner", undefined],
  [
    "other",
    /^Forbidden: error looking up service account default\/other: serviceaccount "other" not found$/,
  ],
];

for (const [serviceAccountName, refusal] of cases)
  test(`a pod of the account ${serviceAccountName} is ${refusal ? "refused" : "taken"}`, () => {
    const pod = podFixture({});
    const spec = { ...pod.spec, ...(serviceAccountName !== undefined && { serviceAccountName }) };
    const asked = { ...pod, metadata: { ...pod.metadata, namespace: "default" }, spec };
    const verdict = serviceAccountAdmission.admit(asked, undefined, snapshot);
    if (!refusal) return assert.equal(verdict.kind, "allowed");
    assert.match(verdict.kind === "denied" ? (verdict.causes[0]?.message ?? "") : "", refusal);
    // One that runs already stays as it is when its account goes.
    assert.equal(serviceAccountAdmission.admit(asked, asked, snapshot).kind, "allowed");
  });
