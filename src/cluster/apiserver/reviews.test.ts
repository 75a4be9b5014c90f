// Questions about permissions: one user, who may do everything, and questions that make no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane } from "./plane-fixture.ts";

const authorization = "/apis/authorization.k8s.io/v1";
const resourceAttributes = { verb: "create", resource: "pods" };
const nonResourceAttributes = { verb: "get", path: "/readyz" };
const namespaced = "namespaces/default/localsubjectaccessreviews";

const allowed: readonly { readonly path: string; readonly spec: object }[] = [
  { path: "selfsubjectaccessreviews", spec: { resourceAttributes } },
  { path: "selfsubjectaccessreviews", spec: { nonResourceAttributes } },
  { path: "subjectaccessreviews", spec: { resourceAttributes, user: "somebody" } },
  { path: namespaced, spec: { resourceAttributes, groups: ["some"] } },
];

for (const { path, spec } of allowed)
  test(`${path} with ${Object.keys(spec).join(", ")} is answered with yes`, async () => {
    const { call } = openTestPlane();
    const { status, body } = await call("POST", `${authorization}/${path}`, { spec });
    assert.equal(status, 201);
    assert.deepEqual([body.spec, body.status], [spec, { allowed: true }]);
  });

const refused: readonly { readonly path: string; readonly spec: object; readonly why: RegExp }[] = [
  {
    path: "selfsubjectaccessreviews",
    spec: {},
    why: /SelfSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes: .*exactly one of nonResourceAttributes or resourceAttributes/,
  },
  {
    path: "selfsubjectaccessreviews",
    spec: { resourceAttributes, nonResourceAttributes },
    why: /spec.nonResourceAttributes: .*cannot be specified in combination with resourceAttributes/,
  },
  {
    path: "subjectaccessreviews",
    spec: { resourceAttributes },
    why: /spec.user: Invalid value: "": at least one of user or group must be specified/,
  },
];

for (const { path, spec, why } of refused)
  test(`${path} with ${Object.keys(spec).join(", ") || "nothing"} is refused`, async () => {
    const { call } = openTestPlane();
    const { status, body } = await call("POST", `${authorization}/${path}`, { spec });
    assert.equal(status, 422);
    assert.match(body.message, why);
  });

test("who am I, and what may I do", async () => {
  const { call } = openTestPlane();
  const self = await call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
  assert.equal(self.body.status.userInfo.username, "dunlin-admin");
  const rules = await call("POST", `${authorization}/selfsubjectrulesreviews`, {
    spec: { namespace: "default" },
  });
  assert.deepEqual(rules.body.status.resourceRules[0].verbs, ["*"]);
});
