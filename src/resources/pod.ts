// Pod: containers that run together at one address.
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject, LabelSelector, ObjectMeta } from "./object.ts";
import { podCells, podColumns } from "./pod-cells.ts";
import { podWithDefaults } from "./pod-defaults.ts";
import { podSpecSchema, podStatusSchema } from "./pod-schema.ts";
import { validatePod } from "./pod-validation.ts";
import { described, object } from "./schema.ts";

export type ResourceList = Readonly<Record<string, string>>;
export type ResourceRequirements = {
  readonly requests?: ResourceList;
  readonly limits?: ResourceList;
};

export type KeySelector = {
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
};

export type EnvVar = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: KeySelector;
    readonly configMapKeyRef?: KeySelector;
    readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string };
    readonly resourceFieldRef?: {
      readonly containerName?: string;
      readonly resource: string;
      readonly divisor?: string;
    };
  };
};

/** All keys of a ConfigMap or a Secret as variables, each name with the prefix before it. */
export type EnvFromSource = {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name?: string; readonly optional?: boolean };
  readonly secretRef?: { readonly name?: string; readonly optional?: boolean };
};

export type ContainerPort = {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
  readonly hostPort?: number;
  readonly hostIP?: string;
};

export type Probe = {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number | string;
    readonly host?: string;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly exec?: { readonly command?: readonly string[] };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  /** Of the container that the probe ends; the pod's own where absent. */
  readonly terminationGracePeriodSeconds?: number;
};

/** What is to be done when a container has started, or before it is ended. */
export type LifecycleHandler = Pick<Probe, "exec" | "httpGet" | "tcpSocket"> & {
  readonly sleep?: { readonly seconds: number };
};

export type VolumeMount = {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  /** The same with $(VAR) in it. */
  readonly subPathExpr?: string;
  readonly readOnly?: boolean;
};

export type Container = {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFromSource[];
  readonly ports?: readonly ContainerPort[];
  readonly resources?: ResourceRequirements;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: {
    readonly postStart?: LifecycleHandler;
    readonly preStop?: LifecycleHandler;
    readonly stopSignal?: string;
  };
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly stdinOnce?: boolean;
  readonly terminationMessagePath?: string;
  readonly terminationMessagePolicy?: "File" | "FallbackToLogsOnError";
  /** "Always" makes an init container a sidecar: it keeps running beside the others. */
  readonly restartPolicy?: string;
};

export type KeyToPath = { readonly key: string; readonly path: string; readonly mode?: number };

export type DownwardFile = {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string };
  readonly resourceFieldRef?: NonNullable<EnvVar["valueFrom"]>["resourceFieldRef"];
};

type NamedFiles = {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
};

export type ProjectedSource = {
  readonly configMap?: NamedFiles;
  readonly secret?: NamedFiles;
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[] };
  readonly serviceAccountToken?: { readonly path: string; readonly expirationSeconds?: number };
  readonly clusterTrustBundle?: { readonly path: string };
};

export type Volume = {
  readonly name: string;
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string };
  readonly configMap?: {
    readonly name?: string;
    readonly items?: readonly KeyToPath[];
    readonly defaultMode?: number;
    readonly optional?: boolean;
  };
  readonly secret?: {
    readonly secretName?: string;
    readonly items?: readonly KeyToPath[];
    readonly defaultMode?: number;
    readonly optional?: boolean;
  };
  readonly projected?: {
    readonly defaultMode?: number;
    readonly sources?: readonly ProjectedSource[];
  };
  readonly downwardAPI?: {
    readonly defaultMode?: number;
    readonly items?: readonly DownwardFile[];
  };
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly ephemeral?: {
    readonly volumeClaimTemplate?: { readonly spec: { readonly volumeMode?: string } };
  };
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
};

export type Toleration = {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
};

/** What a node is asked about its labels; Gt and Lt compare whole numbers. */
export type NodeRequirement = {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
};

/** All of its requirements must hold; of several terms one is enough. */
export type NodeSelectorTerm = {
  readonly matchExpressions?: readonly NodeRequirement[];
  readonly matchFields?: readonly NodeRequirement[];
};

export type PodAffinityTerm = {
  readonly labelSelector?: LabelSelector;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
};

type PodAffinity = {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
};

/** What the scheduler acts on: preferences mean nothing where there is one node. */
export type Affinity = {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
    };
  };
  readonly podAffinity?: PodAffinity;
  readonly podAntiAffinity?: PodAffinity;
};

export type PodSpec = {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: "Always" | "OnFailure" | "Never";
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly serviceAccountName?: string;
  /** The older name of serviceAccountName. */
  readonly serviceAccount?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
  readonly schedulerName?: string;
  readonly hostNetwork?: boolean;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly priorityClassName?: string;
  readonly priority?: number;
  readonly preemptionPolicy?: string;
  readonly runtimeClassName?: string;
  readonly ephemeralContainers?: readonly Container[];
  readonly dnsConfig?: { readonly nameservers?: readonly string[] };
  readonly schedulingGates?: readonly { readonly name: string }[];
  readonly affinity?: Affinity;
  readonly topologySpreadConstraints?: readonly {
    readonly maxSkew: number;
    readonly minDomains?: number;
    readonly topologyKey: string;
    readonly whenUnsatisfiable: string;
    readonly labelSelector?: LabelSelector;
  }[];
  readonly overhead?: ResourceList;
  readonly enableServiceLinks?: boolean;
  readonly activeDeadlineSeconds?: number;
  readonly dnsPolicy?: string;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly readinessGates?: readonly { readonly conditionType: string }[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
};

export type ContainerState = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
    readonly containerID?: string;
  };
};

export type ContainerStatus = {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState?: ContainerState;
};

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

export type PodStatus = {
  readonly phase?: PodPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly Condition[];
  readonly hostIP?: string;
  readonly hostIPs?: readonly { readonly ip: string }[];
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly nominatedNodeName?: string;
  readonly qosClass?: string;
  readonly startTime?: string;
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
};

export type Pod = KubeObject & { readonly spec: PodSpec; readonly status?: PodStatus };

export type PodTemplateSpec = {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec: PodSpec;
};

export const podKind: Kind<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  schema: described(
    "Containers that run together at one address.",
    object({ spec: podSpecSchema, status: podStatusSchema }, "spec"),
  ),
  subresources: { status: true },
  columns: podColumns,
  cells: podCells,
  withDefaults: podWithDefaults,
  validate: validatePod,
};
