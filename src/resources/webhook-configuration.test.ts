import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "./object.ts";
import { mutatingWebhookConfigurationKind as kind } from "./mutating-webhook-configuration.ts";

type Body = Readonly<Record<string, unknown>>;

const rule = {
  operations: ["CREATE"],
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["pods"],
  scope: "*",
};

const good: Body = {
  name: "pods.example.dev",
  clientConfig: { url: "https://127.0.0.1:9443/mutate" },
  rules: [rule],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

/** What kubectl would print after "is invalid:" of one webhook; fields may be taken out. */
function complaints(more: Body): readonly string[] {
  const webhooks = [{ ...good, ...more }];
  const object = { metadata: { name: "x" }, webhooks } as unknown as KubeObject;
  return (kind.validate?.(object as never, undefined) ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

const withUrl = (url: string): Body => ({ clientConfig: { url } });
const withService = (service: Body): Body => ({
  clientConfig: { service: { name: "s", namespace: "n", ...service } },
});
const withRule = (more: Body): Body => ({ rules: [{ ...rule, ...more }] });

const fine: readonly (readonly [name: string, more: Body])[] = [
  ["a URL with a port and a path", {}],
  ["a Service", withService({ path: "/mutate/v1", port: 9443 })],
  ["every resource with its subresources", withRule({ resources: ["*/*"] })],
  ["every version of AdmissionReview", { admissionReviewVersions: ["v1", "v1beta1"] }],
];

for (const [name, more] of fine)
  test(`a webhook may have ${name}`, () => assert.deepEqual(complaints(more), []));

const bad: readonly (readonly [name: string, more: Body, told: string])[] = [
  ["no name", { name: "" }, "webhooks[0].name: Required value"],
  [
    "a short name",
    { name: "pods" },
    'webhooks[0].name: Invalid value: "pods": should be a domain with at least three segments separated by dots',
  ],
  [
    "neither URL nor Service",
    { clientConfig: {} },
    "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
  ],
  [
    "http",
    withUrl("http://127.0.0.1/mutate"),
    `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
  ],
  [
    "no host",
    withUrl("https:///mutate"),
    'webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
  ],
  [
    "a user",
    withUrl("https://me:secret@h/"),
    'webhooks[0].clientConfig.url: Invalid value: "me:secret": user information is not permitted in the URL',
  ],
  [
    "a query",
    withUrl("https://h/?a=b"),
    'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
  ],
  [
    "a fragment",
    withUrl("https://h/#top"),
    'webhooks[0].clientConfig.url: Invalid value: "top": fragments are not permitted in the URL',
  ],
  [
    "a port that is none",
    withUrl("https://h:99999/"),
    'webhooks[0].clientConfig.url: Required value: url must be a valid URL: "https://h:99999/"; desired format: https://host[/path]',
  ],
  [
    "a Service without a namespace",
    withService({ namespace: "" }),
    "webhooks[0].clientConfig.service.namespace: Required value: service namespace is required",
  ],
  [
    "a relative path",
    withService({ path: "mutate" }),
    `webhooks[0].clientConfig.service.path: Invalid value: "mutate": must start with a '/'`,
  ],
  [
    "a path with a hole",
    withService({ path: "/a//b" }),
    'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
  ],
  [
    "an unheard-of operation",
    withRule({ operations: ["PATCH"] }),
    'webhooks[0].rules[0].operations[0]: Unsupported value: "PATCH": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
  ],
  [
    "no operations",
    withRule({ operations: [] }),
    "webhooks[0].rules[0].operations: Required value",
  ],
  [
    "all groups and one more",
    withRule({ apiGroups: ["*", "apps"] }),
    `webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if '*' is present, must not specify other API groups`,
  ],
  [
    "a subresource named twice",
    withRule({ resources: ["pods/*", "pods/status"] }),
    `webhooks[0].rules[0].resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
  ],
  [
    "all resources and one more",
    withRule({ resources: ["*", "pods"] }),
    `webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
  ],
  [
    "side effects",
    { sideEffects: "Some" },
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  ],
  [
    "no word about side effects",
    { sideEffects: undefined },
    "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
  ],
  [
    "too much patience",
    { timeoutSeconds: 31 },
    "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
  ],
  [
    "no version of AdmissionReview",
    { admissionReviewVersions: undefined },
    "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
  ],
  [
    "a version that nobody speaks",
    { admissionReviewVersions: ["v2"] },
    'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
  ],
  [
    "a selector that is none",
    { objectSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } },
    'webhooks[0].objectSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
  ],
  [
    "a match condition that says nothing",
    { matchConditions: [{ name: "a", expression: " " }] },
    "webhooks[0].matchConditions[0].expression: Required value",
  ],
  [
    "two match conditions of one name",
    {
      matchConditions: [
        { name: "a", expression: "true" },
        { name: "a", expression: "false" },
      ],
    },
    'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
  ],
];

for (const [name, more, told] of bad)
  test(`a webhook with ${name} is refused`, () => assert.deepEqual(complaints(more), [told]));

test("two webhooks of one name are refused", () => {
  const object = { metadata: { name: "x" }, webhooks: [good, good] } as unknown as KubeObject;
  assert.deepEqual(
    kind.validate?.(object as never, undefined).map(({ field, message }) => `${field}: ${message}`),
    ['webhooks[1].name: Duplicate value: "pods.example.dev"'],
  );
});
