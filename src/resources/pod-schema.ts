// The schema of a pod's spec and status, and of the pod template that Deployments, ReplicaSets and
// InferenceServices carry.
import { affinitySchema } from "./affinity-schema.ts";
import {
  containerFields,
  containerSchema,
  localhostProfileSchema,
  resourceRequirementsSchema,
  seLinuxSchema,
  windowsOptionsSchema,
} from "./container-schema.ts";
import {
  conditionsWith,
  labelSelectorSchema,
  nullableTime,
  objectMetaSchema,
} from "./object-meta-schema.ts";
import {
  atomic,
  boolean,
  defaulted,
  described,
  int32,
  int64,
  list,
  map,
  mapList,
  object,
  quantity,
  string,
  time,
  union,
  type Schema,
} from "./schema.ts";
import { volumeSchema } from "./volume-schema.ts";

const toleration = object({
  key: string,
  operator: string,
  value: string,
  effect: string,
  tolerationSeconds: int64,
});

const topologySpreadConstraint = object(
  {
    maxSkew: int32,
    topologyKey: string,
    whenUnsatisfiable: string,
    labelSelector: labelSelectorSchema,
    minDomains: int32,
    nodeAffinityPolicy: string,
    nodeTaintsPolicy: string,
    matchLabelKeys: list(string),
  },
  "maxSkew",
  "topologyKey",
  "whenUnsatisfiable",
);

const podSecurityContext = object({
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: boolean,
  fsGroup: int64,
  fsGroupChangePolicy: string,
  supplementalGroups: list(int64),
  supplementalGroupsPolicy: string,
  sysctls: list(object({ name: string, value: string }, "name", "value")),
  seLinuxOptions: seLinuxSchema,
  seLinuxChangePolicy: string,
  seccompProfile: localhostProfileSchema,
  appArmorProfile: localhostProfileSchema,
  windowsOptions: windowsOptionsSchema,
});

const dnsConfig = object({
  nameservers: list(string),
  searches: list(string),
  options: list(object({ name: string, value: string })),
});

/** The fields of a pod's spec, by name, so that KServe's predictor can carry them inline. */
export const podSpecFields = {
  containers: described(
    "The containers of the pod; they share its address.",
    mapList(containerSchema, "name"),
  ),
  initContainers: described(
    "Run one after another, each to its end, before the containers start.",
    mapList(containerSchema, "name"),
  ),
  ephemeralContainers: mapList(
    object({ ...containerFields, targetContainerName: string }, "name"),
    "name",
  ),
  volumes: union(mapList(volumeSchema, "name")),
  restartPolicy: string,
  terminationGracePeriodSeconds: described(
    "How long the containers may take to end after SIGTERM, before they are killed.",
    int64,
  ),
  activeDeadlineSeconds: int64,
  dnsPolicy: string,
  dnsConfig,
  nodeName: string,
  nodeSelector: atomic(map(string)),
  serviceAccountName: string,
  serviceAccount: string,
  automountServiceAccountToken: boolean,
  hostNetwork: boolean,
  hostPID: boolean,
  hostIPC: boolean,
  hostUsers: boolean,
  shareProcessNamespace: boolean,
  securityContext: podSecurityContext,
  imagePullSecrets: mapList(object({ name: string }, "name"), "name"),
  hostname: string,
  hostnameOverride: string,
  subdomain: string,
  setHostnameAsFQDN: boolean,
  affinity: affinitySchema,
  schedulerName: string,
  schedulingGates: mapList(object({ name: string }, "name"), "name"),
  tolerations: list(toleration),
  topologySpreadConstraints: mapList(topologySpreadConstraint, "topologyKey", "whenUnsatisfiable"),
  hostAliases: mapList(object({ ip: string, hostnames: list(string) }, "ip"), "ip"),
  priorityClassName: string,
  priority: int32,
  preemptionPolicy: string,
  readinessGates: list(object({ conditionType: string }, "conditionType")),
  runtimeClassName: string,
  enableServiceLinks: boolean,
  overhead: map(quantity),
  os: object({ name: string }, "name"),
  resourceClaims: union(
    mapList(
      object(
        { name: string, resourceClaimName: string, resourceClaimTemplateName: string },
        "name",
      ),
      "name",
    ),
  ),
  resources: resourceRequirementsSchema,
  workloadRef: object(
    { name: string, podGroup: string, podGroupReplicaKey: string },
    "name",
    "podGroup",
  ),
} as const;

export const podSpecSchema: Schema = object(podSpecFields, "containers");

export const podTemplateSchema: Schema = object(
  { metadata: objectMetaSchema, spec: podSpecSchema },
  "spec",
);

const containerState = object({
  waiting: object({ reason: string, message: string }),
  running: object({ startedAt: nullableTime }),
  terminated: object(
    {
      exitCode: int32,
      signal: int32,
      reason: string,
      message: string,
      startedAt: nullableTime,
      finishedAt: nullableTime,
      containerID: string,
    },
    "exitCode",
  ),
});

const containerStatuses = list(
  object(
    {
      name: string,
      image: string,
      imageID: string,
      containerID: string,
      ready: boolean,
      started: boolean,
      restartCount: int32,
      // Always there upstream, if only as an empty struct; readers count on it.
      state: defaulted({}, containerState),
      lastState: containerState,
      allocatedResources: map(quantity),
      resources: resourceRequirementsSchema,
      volumeMounts: mapList(
        object(
          { name: string, mountPath: string, readOnly: boolean, recursiveReadOnly: string },
          "name",
          "mountPath",
        ),
        "mountPath",
      ),
      user: object({
        linux: object({ uid: int64, gid: int64, supplementalGroups: list(int64) }, "uid", "gid"),
      }),
      allocatedResourcesStatus: mapList(
        object(
          {
            name: string,
            resources: mapList(
              object({ resourceID: string, health: string }, "resourceID"),
              "resourceID",
            ),
          },
          "name",
        ),
        "name",
      ),
      stopSignal: string,
    },
    "name",
    "image",
    "imageID",
    "ready",
    "restartCount",
  ),
);

export const podStatusSchema: Schema = object({
  phase: string,
  reason: string,
  message: string,
  conditions: conditionsWith({ lastProbeTime: nullableTime, observedGeneration: int64 }),
  observedGeneration: int64,
  hostIP: string,
  hostIPs: mapList(object({ ip: string }, "ip"), "ip"),
  podIP: string,
  podIPs: mapList(object({ ip: string }, "ip"), "ip"),
  nominatedNodeName: string,
  qosClass: string,
  startTime: time,
  initContainerStatuses: containerStatuses,
  containerStatuses,
  ephemeralContainerStatuses: containerStatuses,
  resize: string,
  resources: resourceRequirementsSchema,
  allocatedResources: map(quantity),
  resourceClaimStatuses: union(
    mapList(object({ name: string, resourceClaimName: string }, "name"), "name"),
  ),
  extendedResourceClaimStatus: object(
    {
      requestMappings: list(
        object({ containerName: string, resourceName: string, requestName: string }),
      ),
      resourceClaimName: string,
    },
    "requestMappings",
    "resourceClaimName",
  ),
});
