// Field numbers of the Kubernetes messages that clients send in protobuf. The numbers are facts of
// the wire, fixed for ever by the API's compatibility promise; fields that no client of ours sends
// are left out, and a reader skips them.

export type ScalarType = "string" | "bytes" | "int" | "bool" | "quantity" | "intOrString" | "time";
export type FieldType = ScalarType | MessageName;
/** `inline` messages have no field of their own in JSON; a `pointer` tells 0 from absent. */
type FieldForm = "one" | "list" | "map" | "pointer" | "inline";
type Field = readonly [json: string, type: FieldType, form?: FieldForm];
type Fields = Readonly<Record<number, Field>>;

export type MessageName =
  | "ObjectMeta"
  | "OwnerReference"
  | "LabelSelector"
  | "LabelSelectorRequirement"
  | "LocalObjectReference"
  | "ObjectReference"
  | "Secret"
  | "ConfigMap"
  | "Namespace"
  | "NamespaceSpec"
  | "ServiceAccount"
  | "Service"
  | "ServiceSpec"
  | "ServicePort"
  | "Deployment"
  | "DeploymentSpec"
  | "DeploymentStrategy"
  | "RollingUpdateDeployment"
  | "PodTemplateSpec"
  | "PodSpec"
  | "Pod"
  | "Container"
  | "ContainerPort"
  | "EnvVar"
  | "EnvVarSource"
  | "ObjectFieldSelector"
  | "KeySelector"
  | "ResourceRequirements"
  | "VolumeMount"
  | "Ingress"
  | "IngressSpec"
  | "IngressBackend"
  | "IngressServiceBackend"
  | "ServiceBackendPort"
  | "IngressRule"
  | "IngressRuleValue"
  | "HTTPIngressRuleValue"
  | "HTTPIngressPath"
  | "DeleteOptions"
  | "Preconditions"
  | "SelfSubjectAccessReview"
  | "SelfSubjectAccessReviewSpec"
  | "ResourceAttributes"
  | "NonResourceAttributes"
  | "SelfSubjectRulesReview"
  | "SelfSubjectRulesReviewSpec"
  | "SelfSubjectReview";

/** The messages that may be the body of a request, by kind. */
export const topLevelMessages: Readonly<Record<string, MessageName | undefined>> = {
  Secret: "Secret",
  ConfigMap: "ConfigMap",
  Namespace: "Namespace",
  ServiceAccount: "ServiceAccount",
  Service: "Service",
  Deployment: "Deployment",
  Pod: "Pod",
  Ingress: "Ingress",
  DeleteOptions: "DeleteOptions",
  SelfSubjectAccessReview: "SelfSubjectAccessReview",
  SelfSubjectRulesReview: "SelfSubjectRulesReview",
  SelfSubjectReview: "SelfSubjectReview",
};

const metadata: Field = ["metadata", "ObjectMeta"];

export const messages: Readonly<Record<MessageName, Fields>> = {
  ObjectMeta: {
    1: ["name", "string"],
    2: ["generateName", "string"],
    3: ["namespace", "string"],
    5: ["uid", "string"],
    6: ["resourceVersion", "string"],
    7: ["generation", "int"],
    8: ["creationTimestamp", "time"],
    9: ["deletionTimestamp", "time"],
    10: ["deletionGracePeriodSeconds", "int", "pointer"],
    11: ["labels", "string", "map"],
    12: ["annotations", "string", "map"],
    13: ["ownerReferences", "OwnerReference", "list"],
    14: ["finalizers", "string", "list"],
  },
  OwnerReference: {
    1: ["kind", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
    5: ["apiVersion", "string"],
    6: ["controller", "bool", "pointer"],
    7: ["blockOwnerDeletion", "bool", "pointer"],
  },
  LabelSelector: {
    1: ["matchLabels", "string", "map"],
    2: ["matchExpressions", "LabelSelectorRequirement", "list"],
  },
  LabelSelectorRequirement: {
    1: ["key", "string"],
    2: ["operator", "string"],
    3: ["values", "string", "list"],
  },
  LocalObjectReference: { 1: ["name", "string"] },
  ObjectReference: {
    1: ["kind", "string"],
    2: ["namespace", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
    5: ["apiVersion", "string"],
    6: ["resourceVersion", "string"],
    7: ["fieldPath", "string"],
  },
  Secret: {
    1: metadata,
    2: ["data", "bytes", "map"],
    3: ["type", "string"],
    4: ["stringData", "string", "map"],
    5: ["immutable", "bool", "pointer"],
  },
  ConfigMap: {
    1: metadata,
    2: ["data", "string", "map"],
    3: ["binaryData", "bytes", "map"],
    4: ["immutable", "bool", "pointer"],
  },
  Namespace: { 1: metadata, 2: ["spec", "NamespaceSpec"] },
  NamespaceSpec: { 1: ["finalizers", "string", "list"] },
  ServiceAccount: {
    1: metadata,
    2: ["secrets", "ObjectReference", "list"],
    3: ["imagePullSecrets", "LocalObjectReference", "list"],
    4: ["automountServiceAccountToken", "bool", "pointer"],
  },
  Service: { 1: metadata, 2: ["spec", "ServiceSpec"] },
  ServiceSpec: {
    1: ["ports", "ServicePort", "list"],
    2: ["selector", "string", "map"],
    3: ["clusterIP", "string"],
    4: ["type", "string"],
    7: ["sessionAffinity", "string"],
    10: ["externalName", "string"],
  },
  ServicePort: {
    1: ["name", "string"],
    2: ["protocol", "string"],
    3: ["port", "int"],
    4: ["targetPort", "intOrString"],
    5: ["nodePort", "int"],
    6: ["appProtocol", "string"],
  },
  Deployment: { 1: metadata, 2: ["spec", "DeploymentSpec"] },
  DeploymentSpec: {
    1: ["replicas", "int", "pointer"],
    2: ["selector", "LabelSelector"],
    3: ["template", "PodTemplateSpec"],
    4: ["strategy", "DeploymentStrategy"],
    5: ["minReadySeconds", "int"],
    6: ["revisionHistoryLimit", "int", "pointer"],
    7: ["paused", "bool"],
    9: ["progressDeadlineSeconds", "int", "pointer"],
  },
  DeploymentStrategy: {
    1: ["type", "string"],
    2: ["rollingUpdate", "RollingUpdateDeployment"],
  },
  RollingUpdateDeployment: {
    1: ["maxUnavailable", "intOrString", "pointer"],
    2: ["maxSurge", "intOrString", "pointer"],
  },
  PodTemplateSpec: { 1: metadata, 2: ["spec", "PodSpec"] },
  PodSpec: {
    2: ["containers", "Container", "list"],
    3: ["restartPolicy", "string"],
    4: ["terminationGracePeriodSeconds", "int", "pointer"],
    6: ["dnsPolicy", "string"],
    7: ["nodeSelector", "string", "map"],
    8: ["serviceAccountName", "string"],
    10: ["nodeName", "string"],
    19: ["schedulerName", "string"],
    20: ["initContainers", "Container", "list"],
  },
  Pod: { 1: metadata, 2: ["spec", "PodSpec"] },
  Container: {
    1: ["name", "string"],
    2: ["image", "string"],
    3: ["command", "string", "list"],
    4: ["args", "string", "list"],
    5: ["workingDir", "string"],
    6: ["ports", "ContainerPort", "list"],
    7: ["env", "EnvVar", "list"],
    8: ["resources", "ResourceRequirements"],
    9: ["volumeMounts", "VolumeMount", "list"],
    13: ["terminationMessagePath", "string"],
    14: ["imagePullPolicy", "string"],
    20: ["terminationMessagePolicy", "string"],
  },
  ContainerPort: {
    1: ["name", "string"],
    2: ["hostPort", "int"],
    3: ["containerPort", "int"],
    4: ["protocol", "string"],
    5: ["hostIP", "string"],
  },
  EnvVar: { 1: ["name", "string"], 2: ["value", "string"], 3: ["valueFrom", "EnvVarSource"] },
  EnvVarSource: {
    1: ["fieldRef", "ObjectFieldSelector"],
    3: ["configMapKeyRef", "KeySelector"],
    4: ["secretKeyRef", "KeySelector"],
  },
  ObjectFieldSelector: { 1: ["apiVersion", "string"], 2: ["fieldPath", "string"] },
  KeySelector: {
    1: ["", "LocalObjectReference", "inline"],
    2: ["key", "string"],
    3: ["optional", "bool", "pointer"],
  },
  ResourceRequirements: {
    1: ["limits", "quantity", "map"],
    2: ["requests", "quantity", "map"],
  },
  VolumeMount: {
    1: ["name", "string"],
    2: ["readOnly", "bool"],
    3: ["mountPath", "string"],
    4: ["subPath", "string"],
  },
  Ingress: { 1: metadata, 2: ["spec", "IngressSpec"] },
  IngressSpec: {
    1: ["defaultBackend", "IngressBackend"],
    3: ["rules", "IngressRule", "list"],
    4: ["ingressClassName", "string", "pointer"],
  },
  IngressBackend: { 4: ["service", "IngressServiceBackend"] },
  IngressServiceBackend: { 1: ["name", "string"], 2: ["port", "ServiceBackendPort"] },
  ServiceBackendPort: { 1: ["name", "string"], 2: ["number", "int"] },
  IngressRule: { 1: ["host", "string"], 2: ["", "IngressRuleValue", "inline"] },
  IngressRuleValue: { 1: ["http", "HTTPIngressRuleValue"] },
  HTTPIngressRuleValue: { 1: ["paths", "HTTPIngressPath", "list"] },
  HTTPIngressPath: {
    1: ["path", "string"],
    2: ["backend", "IngressBackend"],
    3: ["pathType", "string", "pointer"],
  },
  DeleteOptions: {
    1: ["gracePeriodSeconds", "int", "pointer"],
    2: ["preconditions", "Preconditions"],
    3: ["orphanDependents", "bool", "pointer"],
    4: ["propagationPolicy", "string", "pointer"],
    5: ["dryRun", "string", "list"],
  },
  Preconditions: {
    1: ["uid", "string", "pointer"],
    2: ["resourceVersion", "string", "pointer"],
  },
  SelfSubjectAccessReview: { 1: metadata, 2: ["spec", "SelfSubjectAccessReviewSpec"] },
  SelfSubjectAccessReviewSpec: {
    1: ["resourceAttributes", "ResourceAttributes"],
    2: ["nonResourceAttributes", "NonResourceAttributes"],
  },
  ResourceAttributes: {
    1: ["namespace", "string"],
    2: ["verb", "string"],
    3: ["group", "string"],
    4: ["version", "string"],
    5: ["resource", "string"],
    6: ["subresource", "string"],
    7: ["name", "string"],
  },
  NonResourceAttributes: { 1: ["path", "string"], 2: ["verb", "string"] },
  SelfSubjectRulesReview: { 1: metadata, 2: ["spec", "SelfSubjectRulesReviewSpec"] },
  SelfSubjectRulesReviewSpec: { 1: ["namespace", "string"] },
  SelfSubjectReview: { 1: metadata },
};
