// Deployment and ReplicaSet.
import { metadata, type Messages } from "./message.ts";

export const workloadMessages: Messages = {
  Deployment: {
    1: metadata,
    2: ["spec", "DeploymentSpec"],
    3: ["status", "DeploymentStatus"],
  },
  DeploymentSpec: {
    1: ["replicas", "int", "pointer"],
    2: ["selector", "LabelSelector", "pointer"],
    3: ["template", "PodTemplateSpec"],
    4: ["strategy", "DeploymentStrategy"],
    5: ["minReadySeconds", "int"],
    6: ["revisionHistoryLimit", "int", "pointer"],
    7: ["paused", "bool"],
    9: ["progressDeadlineSeconds", "int", "pointer"],
  },
  DeploymentStrategy: {
    1: ["type", "string"],
    2: ["rollingUpdate", "RollingUpdateDeployment", "pointer"],
  },
  RollingUpdateDeployment: {
    1: ["maxUnavailable", "intOrString", "pointer"],
    2: ["maxSurge", "intOrString", "pointer"],
  },
  DeploymentStatus: {
    1: ["observedGeneration", "int"],
    2: ["replicas", "int"],
    3: ["updatedReplicas", "int"],
    4: ["availableReplicas", "int"],
    5: ["unavailableReplicas", "int"],
    6: ["conditions", "DeploymentCondition", "list"],
    7: ["readyReplicas", "int"],
    8: ["collisionCount", "int", "pointer"],
    9: ["terminatingReplicas", "int", "pointer"],
  },
  DeploymentCondition: {
    1: ["type", "string", "always"],
    2: ["status", "string", "always"],
    4: ["reason", "string"],
    5: ["message", "string"],
    6: ["lastUpdateTime", "time"],
    7: ["lastTransitionTime", "time"],
  },
  ReplicaSet: {
    1: metadata,
    2: ["spec", "ReplicaSetSpec"],
    3: ["status", "ReplicaSetStatus"],
  },
  ReplicaSetSpec: {
    1: ["replicas", "int", "pointer"],
    2: ["selector", "LabelSelector", "pointer"],
    3: ["template", "PodTemplateSpec"],
    4: ["minReadySeconds", "int"],
  },
  ReplicaSetStatus: {
    1: ["replicas", "int", "always"],
    2: ["fullyLabeledReplicas", "int"],
    3: ["observedGeneration", "int"],
    4: ["readyReplicas", "int"],
    5: ["availableReplicas", "int"],
    6: ["conditions", "ReplicaSetCondition", "list"],
    7: ["terminatingReplicas", "int", "pointer"],
  },
  ReplicaSetCondition: {
    1: ["type", "string", "always"],
    2: ["status", "string", "always"],
    3: ["lastTransitionTime", "time"],
    4: ["reason", "string"],
    5: ["message", "string"],
  },
};
