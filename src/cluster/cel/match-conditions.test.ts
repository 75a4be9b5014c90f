// Match conditions: what they see of a request, and which cannot be compiled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileConditions, type ConditionVariables } from "./match-conditions.ts";

const variables: ConditionVariables = {
  object: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "default", labels: { "app.kubernetes.io/name": "x" } },
    spec: { replicas: 3, template: { spec: { containers: [{ name: "c", image: "i:1" }] } } },
  },
  oldObject: null,
  request: {
    uid: "u",
    kind: { group: "apps", version: "v1", kind: "Deployment" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    requestKind: { group: "apps", version: "v1", kind: "Deployment" },
    name: "d",
    namespace: "default",
    operation: "CREATE",
    userInfo: { username: "system:admin", groups: ["system:masters"] },
    dryRun: false,
    options: { kind: "CreateOptions", fieldManager: "kubectl" },
  },
};

const expressions: readonly (readonly [expression: string, verdict: boolean])[] = [
  ["true", true],
  ["object.spec.replicas > 2", true],
  ["object.spec.replicas == 3 && object.spec.replicas + 1 == 4", true],
  ['object.metadata.labels["app.kubernetes.io/name"] == "x"', true],
  ["has(object.metadata.labels) && !has(object.metadata.annotations)", true],
  ['object.spec.template.spec.containers.all(c, c.image.startsWith("i:"))', true],
  ['object.spec.template.spec.containers.exists(c, c.name == "other")', false],
  ['object.metadata.namespace == "default"', true],
  ["oldObject == null || oldObject.spec != object.spec", true],
  ['request.operation in ["CREATE", "UPDATE"]', true],
  ['request.kind.kind == "Deployment" && request.resource.resource == "deployments"', true],
  ['request.subResource == "" && request.namespace == "default"', true],
  ['!("system:nodes" in request.userInfo.groups)', true],
  ['request.userInfo.username.matches("^system:")', true],
  ["!request.dryRun", true],
  ['request.options.fieldManager == "kubectl"', true],
  ['!(request.resource.group == "coordination.k8s.io")', true],
  ['has(object.spec.paused) ? object.spec.paused : "a".matches("b")', false],
];

for (const [expression, verdict] of expressions)
  test(`${expression} is ${verdict}`, () => {
    const { problems, ask } = compileConditions([{ name: "c", expression }]);
    assert.deepEqual(problems, [undefined]);
    assert.deepEqual(ask(variables), { kind: verdict ? "match" : "mismatch" });
  });

const wrong: readonly (readonly [expression: string, told: RegExp])[] = [
  ["object.spec.", /^ERROR: <input>:1:/],
  ["request.user == ''", /undefined field 'user'/],
  ["subject == null", /undeclared reference to 'subject'/],
  ['authorizer.group("").resource("pods").check("get").allowed()', /^authorizer is not known to/],
  ['"yes"', /must evaluate to a bool/],
  ["request.name.matches('(')", /error parsing regexp/],
];

for (const [expression, told] of wrong)
  test(`refused: ${expression}`, () => {
    const { problems } = compileConditions([{ name: "c", expression }]);
    assert.match(problems[0] ?? "nothing", told);
  });

test("a condition that is false decides, whatever others cannot tell", () => {
  const failing = { name: "a", expression: "object.spec.nothing == 1" };
  const { ask } = compileConditions([failing, { name: "b", expression: "false" }]);
  assert.deepEqual(ask(variables), { kind: "mismatch" });
  assert.deepEqual(compileConditions([failing]).ask(variables), {
    kind: "failed",
    problems: ["expression 'object.spec.nothing == 1' resulted in error: no such key: nothing"],
  });
});

test("a condition that never ends is ended", () => {
  const object = { list: Array.from({ length: 3000 }, (_, index) => index) };
  const expression = "object.list.all(a, object.list.all(b, object.list.all(c, a + b + c >= 0)))";
  const { ask } = compileConditions([{ name: "c", expression }]);
  const verdict = ask({ ...variables, object });
  assert.match(verdict.kind === "failed" ? (verdict.problems[0] ?? "") : "", /cost budget/);
});
