// Node, with what it reports of itself.
import { metadata, type Messages } from "./message.ts";

export const nodeMessages: Messages = {
  Node: {
    1: metadata,
    2: ["spec", "NodeSpec"],
    3: ["status", "NodeStatus"],
  },
  NodeSpec: {
    1: ["podCIDR", "string"],
    2: ["externalID", "string"],
    3: ["providerID", "string"],
    4: ["unschedulable", "bool"],
    5: ["taints", "Taint", "list"],
    6: ["configSource", "NodeConfigSource", "pointer"],
    7: ["podCIDRs", "string", "list"],
  },
  Taint: {
    1: ["key", "string", "always"],
    2: ["value", "string"],
    3: ["effect", "string", "always"],
    4: ["timeAdded", "time", "pointer"],
  },
  NodeConfigSource: {
    2: ["configMap", "ConfigMapNodeConfigSource", "pointer"],
  },
  ConfigMapNodeConfigSource: {
    1: ["namespace", "string", "always"],
    2: ["name", "string", "always"],
    3: ["uid", "string"],
    4: ["resourceVersion", "string"],
    5: ["kubeletConfigKey", "string", "always"],
  },
  NodeStatus: {
    1: ["capacity", "quantity", "map"],
    2: ["allocatable", "quantity", "map"],
    3: ["phase", "string"],
    4: ["conditions", "NodeCondition", "list"],
    5: ["addresses", "NodeAddress", "list"],
    6: ["daemonEndpoints", "NodeDaemonEndpoints"],
    7: ["nodeInfo", "NodeSystemInfo"],
    8: ["images", "ContainerImage", "list"],
    9: ["volumesInUse", "string", "list"],
    10: ["volumesAttached", "AttachedVolume", "list"],
    11: ["config", "NodeConfigStatus", "pointer"],
    12: ["runtimeHandlers", "NodeRuntimeHandler", "list"],
    13: ["features", "NodeFeatures", "pointer"],
    14: ["declaredFeatures", "string", "list"],
  },
  NodeCondition: {
    1: ["type", "string", "always"],
    2: ["status", "string", "always"],
    3: ["lastHeartbeatTime", "time"],
    4: ["lastTransitionTime", "time"],
    5: ["reason", "string"],
    6: ["message", "string"],
  },
  NodeAddress: {
    1: ["type", "string", "always"],
    2: ["address", "string", "always"],
  },
  NodeDaemonEndpoints: {
    1: ["kubeletEndpoint", "DaemonEndpoint"],
  },
  DaemonEndpoint: {
    1: ["Port", "int", "always"],
  },
  NodeSystemInfo: {
    1: ["machineID", "string", "always"],
    2: ["systemUUID", "string", "always"],
    3: ["bootID", "string", "always"],
    4: ["kernelVersion", "string", "always"],
    5: ["osImage", "string", "always"],
    6: ["containerRuntimeVersion", "string", "always"],
    7: ["kubeletVersion", "string", "always"],
    8: ["kubeProxyVersion", "string", "always"],
    9: ["operatingSystem", "string", "always"],
    10: ["architecture", "string", "always"],
    11: ["swap", "NodeSwapStatus", "pointer"],
  },
  NodeSwapStatus: {
    1: ["capacity", "int", "pointer"],
  },
  ContainerImage: {
    1: ["names", "string", "list"],
    2: ["sizeBytes", "int"],
  },
  AttachedVolume: {
    1: ["name", "string", "always"],
    2: ["devicePath", "string", "always"],
  },
  NodeConfigStatus: {
    1: ["assigned", "NodeConfigSource", "pointer"],
    2: ["active", "NodeConfigSource", "pointer"],
    3: ["lastKnownGood", "NodeConfigSource", "pointer"],
    4: ["error", "string"],
  },
  NodeRuntimeHandler: {
    1: ["name", "string", "always"],
    2: ["features", "NodeRuntimeHandlerFeatures", "pointer"],
  },
  NodeRuntimeHandlerFeatures: {
    1: ["recursiveReadOnlyMounts", "bool", "pointer"],
    2: ["userNamespaces", "bool", "pointer"],
  },
  NodeFeatures: {
    1: ["supplementalGroupsPolicy", "bool", "pointer"],
  },
};
