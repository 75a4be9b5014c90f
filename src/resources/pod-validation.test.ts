import assert from "node:assert/strict";
import { test } from "node:test";
import { podWithDefaults } from "./pod-defaults.ts";
import { validatePod } from "./pod-validation.ts";
import type { Pod } from "./pod.ts";

type Body = Readonly<Record<string, unknown>>;

const container = { name: "a", image: "i:1" };

function pod(spec: Body): Pod {
  const object = { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec };
  return podWithDefaults({
    ...object,
    spec: { containers: [container], ...spec },
  } as unknown as Pod);
}

function complaints(spec: Body, old?: Body): readonly string[] {
  const causes = validatePod(pod(spec), old && pod(old));
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

const inContainer = (more: Body): Body => ({ containers: [{ ...container, ...more }] });
const withEnv = (source: Body): Body => inContainer({ env: [{ name: "A", valueFrom: source }] });
const withVolume = (source: Body): Body => ({ volumes: [{ name: "v", ...source }] });

const good: readonly (readonly [name: string, spec: Body, old?: Body])[] = [
  [
    "variables of every sort",
    inContainer({
      env: [
        { name: "A", value: "a" },
        {
          name: "B",
          valueFrom: { fieldRef: { fieldPath: "metadata.annotations['example.dev/A']" } },
        },
        { name: "C", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } },
        { name: "D", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      ],
      envFrom: [{ prefix: "P_", configMapRef: { name: "c" } }],
    }),
  ],
  ["a toleration of everything", { tolerations: [{ operator: "Exists" }] }],
  ["a class of every cluster", { priorityClassName: "system-cluster-critical" }],
  ["another image", inContainer({ image: "i:2" }), {}],
  ["a toleration more", { tolerations: [{ key: "a", operator: "Exists" }] }, {}],
  ["a gate less", {}, { schedulingGates: [{ name: "example.dev/g" }] }],
  ["a nearer deadline", { activeDeadlineSeconds: 5 }, { activeDeadlineSeconds: 10 }],
];

for (const [name, spec, old] of good)
  test(`a pod may have ${name}`, () => assert.deepEqual(complaints(spec, old), []));

const bad: readonly (readonly [name: string, spec: Body, told: string, old?: Body])[] = [
  [
    "an unknown field in its environment",
    withEnv({ fieldRef: { fieldPath: "spec.image" } }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.image": error converting fieldPath: field label not supported: spec.image',
  ],
  [
    "all labels in its environment",
    withEnv({ fieldRef: { fieldPath: "metadata.labels" } }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
  ],
  [
    "a resource that nobody tells",
    withEnv({ resourceFieldRef: { resource: "limits.gpu" } }),
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
  ],
  [
    "a key of no Secret",
    withEnv({ secretKeyRef: { key: "k" } }),
    "spec.containers[0].env[0].valueFrom.secretKeyRef.name: Required value",
  ],
  [
    "an envFrom of nothing",
    inContainer({ envFrom: [{}] }),
    'spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
  ],
  [
    "a volume of a Secret without a name",
    withVolume({ secret: {} }),
    "spec.volumes[0].secret.secretName: Required value",
  ],
  [
    "a file outside of its volume",
    withVolume({ configMap: { name: "c", items: [{ key: "k", path: "../k" }] } }),
    `spec.volumes[0].configMap.items[0].path: Invalid value: "../k": must not contain '..'`,
  ],
  [
    "a mode in decimals",
    withVolume({ configMap: { name: "c", defaultMode: 644 } }),
    "spec.volumes[0].configMap.defaultMode: Invalid value: 644: must be a number between 0 and 0777 (octal), both inclusive",
  ],
  [
    "a short-lived token",
    withVolume({
      projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 60 } }] },
    }),
    "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
  ],
  [
    "a host path of no type",
    withVolume({ hostPath: { path: "/d", type: "Folder" } }),
    'spec.volumes[0].hostPath.type: Unsupported value: "Folder": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
  ],
  [
    "an absolute subPath",
    {
      ...withVolume({ emptyDir: {} }),
      ...inContainer({ volumeMounts: [{ name: "v", mountPath: "/v", subPath: "/a" }] }),
    },
    'spec.containers[0].volumeMounts[0].subPath: Invalid value: "/a": must be a relative path',
  ],
  [
    "a toleration of no key",
    { tolerations: [{ effect: "NoSchedule" }] },
    'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
  ],
  [
    "a toleration for a time of what has no time",
    { tolerations: [{ key: "a", operator: "Exists", tolerationSeconds: 5, effect: "NoSchedule" }] },
    `spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
  ],
  [
    "no term of its node affinity",
    {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
      },
    },
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
  ],
  [
    "a spread of nothing",
    {
      topologySpreadConstraints: [
        { maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
      ],
    },
    "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
  ],
  [
    "an alias of no address",
    { hostAliases: [{ ip: "localhost", hostnames: ["a"] }] },
    'spec.hostAliases[0].ip: Invalid value: "localhost": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    "no name servers of its own",
    { dnsPolicy: "None" },
    "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None",
  ],
  [
    "a deadline of nothing",
    { activeDeadlineSeconds: 0 },
    "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
  ],
  [
    "a class that is not there",
    { priorityClassName: "gold" },
    'spec.priorityClassName: Not found: "gold"',
  ],
  [
    "the node's port twice",
    {
      containers: [
        { ...container, ports: [{ containerPort: 80, hostPort: 80 }] },
        { name: "b", image: "i:1", ports: [{ containerPort: 81, hostPort: 80 }] },
      ],
    },
    'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"',
  ],
  [
    "a message policy that is none",
    inContainer({ terminationMessagePolicy: "Log" }),
    'spec.containers[0].terminationMessagePolicy: Unsupported value: "Log": supported values: "FallbackToLogsOnError", "File"',
  ],
  [
    "another container",
    { containers: [container, { name: "b", image: "i:1" }] },
    "spec.containers: Forbidden: pod updates may not add or remove containers",
    {},
  ],
  [
    "a later deadline",
    { activeDeadlineSeconds: 10 },
    "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value",
    { activeDeadlineSeconds: 5 },
  ],
  [
    "a toleration less",
    {},
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
    { tolerations: [{ key: "a", operator: "Exists" }] },
  ],
];

for (const [name, spec, told, old] of bad)
  test(`a pod with ${name} is refused`, () => assert.deepEqual(complaints(spec, old), [told]));
