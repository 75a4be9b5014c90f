// Which requests a webhook's rules and selectors mean.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookRule } from "../../resources/webhook-configuration.ts";
import { ruleMatches, selectsObject, type Attributes } from "./webhook-rules.ts";

const scaleUp: Attributes = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  subresource: undefined,
  operation: "UPDATE",
  isNamespaced: true,
};
const deployments: WebhookRule = {
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
  operations: ["CREATE", "UPDATE"],
};

const cases: readonly {
  readonly name: string;
  readonly rule: WebhookRule;
  readonly request?: Partial<Attributes>;
  readonly matches: boolean;
}[] = [
  { name: "the kind by name", rule: deployments, matches: true },
  {
    name: "another operation",
    rule: deployments,
    request: { operation: "DELETE" },
    matches: false,
  },
  { name: "another group", rule: { ...deployments, apiGroups: [""] }, matches: false },
  { name: "another version", rule: { ...deployments, apiVersions: ["v1beta1"] }, matches: false },
  {
    name: "a subresource is not the resource",
    rule: deployments,
    request: { subresource: "status" },
    matches: false,
  },
  {
    name: "a subresource by name",
    rule: { ...deployments, resources: ["deployments/status"] },
    request: { subresource: "status" },
    matches: true,
  },
  {
    name: "the resource is none of its subresources",
    rule: { ...deployments, resources: ["deployments/status"] },
    matches: false,
  },
  {
    name: "any subresource of a kind, and the kind",
    rule: { ...deployments, resources: ["deployments/*"] },
    request: { subresource: "scale" },
    matches: true,
  },
  {
    name: "a subresource of any kind",
    rule: { ...deployments, resources: ["*/scale"] },
    request: { subresource: "scale" },
    matches: true,
  },
  {
    name: "one star means resources only",
    rule: { ...deployments, resources: ["*"] },
    request: { subresource: "scale" },
    matches: false,
  },
  {
    name: "stars everywhere",
    rule: { apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], operations: ["*"] },
    request: { subresource: "scale", operation: "CONNECT" },
    matches: true,
  },
  { name: "a scope", rule: { ...deployments, scope: "Cluster" }, matches: false },
  { name: "the other scope", rule: { ...deployments, scope: "Namespaced" }, matches: true },
  { name: "a rule that says nothing", rule: {}, matches: false },
];

for (const { name, rule, request, matches } of cases)
  test(`rules: ${name}`, () => {
    assert.equal(ruleMatches(rule, { ...scaleUp, ...request }), matches);
  });

test("an object is selected by its state before or after the change", () => {
  const selector = { matchLabels: { watched: "yes" } };
  const labelled = { metadata: { labels: { watched: "yes" } } };
  const bare = { metadata: {} };
  assert.equal(selectsObject(selector, labelled, bare), true);
  assert.equal(selectsObject(selector, bare, labelled), true);
  assert.equal(selectsObject(selector, bare, undefined), false);
  assert.equal(selectsObject({}, bare, undefined), true);
  assert.equal(selectsObject(undefined, {}, undefined), true);
  // The options of a connection have no labels that could be missing.
  const unlabelled = { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] } as const;
  assert.equal(selectsObject(unlabelled, bare, undefined), true);
  assert.equal(selectsObject(unlabelled, { kind: "PodExecOptions" }, undefined), false);
});
