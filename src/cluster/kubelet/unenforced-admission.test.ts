import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../resources/object.ts";
import type { PodSpec } from "../../resources/pod.ts";
import { unenforcedAdmission, unenforcedFields } from "./unenforced-admission.ts";

const specs: readonly (readonly [name: string, spec: PodSpec, fields: readonly string[]])[] = [
  ["nothing", { containers: [{ name: "a" }], securityContext: {} }, []],
  [
    "what a process cannot be held to",
    {
      securityContext: { runAsUser: 1000 },
      initContainers: [{ name: "i", securityContext: { privileged: true } }],
      containers: [
        {
          name: "a",
          resources: { limits: { cpu: "1", memory: "1Gi" } },
          volumeMounts: [
            { name: "v", mountPath: "/a" },
            { name: "v", mountPath: "/b", readOnly: true },
          ],
          securityContext: { readOnlyRootFilesystem: true },
        },
      ],
    },
    [
      "securityContext.runAsUser",
      "initContainers[0].securityContext.privileged",
      "containers[0].resources.limits.cpu",
      "containers[0].volumeMounts[1].readOnly",
      "containers[0].securityContext.readOnlyRootFilesystem",
    ],
  ],
];

for (const [name, spec, fields] of specs)
  test(`fields without effect: ${name}`, () => assert.deepEqual(unenforcedFields(spec), fields));

test("a pod of the node's network is told so, not its ports", () => {
  const ports = [{ containerPort: 80, hostPort: 80 }];
  const containers = [{ name: "a", ports }];
  assert.deepEqual(unenforcedFields({ containers }), ["containers[0].ports[0].hostPort"]);
  assert.deepEqual(unenforcedFields({ containers, hostNetwork: true }), ["hostNetwork"]);
});

test("a Deployment's writer is warned once", () => {
  const rule = unenforcedAdmission.find(({ kind }) => kind.kind === "Deployment");
  assert.ok(rule);
  const containers = [{ name: "a", resources: { limits: { cpu: "1" } } }];
  const deployment = { spec: { template: { spec: { containers } } } } as unknown as KubeObject;
  const snapshot = { list: () => [] };
  const warningsOf = (old: KubeObject | undefined) => {
    const verdict = rule.admit(deployment, old, snapshot);
    return verdict.kind === "allowed" ? verdict.warnings : undefined;
  };
  const [warning = ""] = warningsOf(undefined) ?? [];
  assert.match(
    warning,
    /^spec\.template\.spec\.containers\[0\]\.resources\.limits\.cpu: no effect in this cluster/,
  );
  assert.deepEqual(warningsOf(deployment), []);
});
