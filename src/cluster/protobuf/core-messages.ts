// The small kinds of the core group, Lease, and the bodies of the subresources.
import { metadata, type Messages } from "./message.ts";

export const coreMessages: Messages = {
  ConfigMap: {
    1: metadata,
    2: ["data", "string", "map"],
    3: ["binaryData", "bytes", "map"],
    4: ["immutable", "bool", "pointer"],
  },
  Secret: {
    1: metadata,
    2: ["data", "bytes", "map"],
    3: ["type", "string"],
    4: ["stringData", "string", "map"],
    5: ["immutable", "bool", "pointer"],
  },
  Namespace: {
    1: metadata,
    2: ["spec", "NamespaceSpec"],
    3: ["status", "NamespaceStatus"],
  },
  NamespaceSpec: {
    1: ["finalizers", "string", "list"],
  },
  NamespaceStatus: {
    1: ["phase", "string"],
    2: ["conditions", "NamespaceCondition", "list"],
  },
  NamespaceCondition: {
    1: ["type", "string", "always"],
    2: ["status", "string", "always"],
    4: ["lastTransitionTime", "time"],
    5: ["reason", "string"],
    6: ["message", "string"],
  },
  ServiceAccount: {
    1: metadata,
    2: ["secrets", "ObjectReference", "list"],
    3: ["imagePullSecrets", "LocalObjectReference", "list"],
    4: ["automountServiceAccountToken", "bool", "pointer"],
  },
  Event: {
    1: metadata,
    2: ["involvedObject", "ObjectReference"],
    3: ["reason", "string"],
    4: ["message", "string"],
    5: ["source", "EventSource"],
    6: ["firstTimestamp", "time"],
    7: ["lastTimestamp", "time"],
    8: ["count", "int"],
    9: ["type", "string"],
    10: ["eventTime", "microTime"],
    11: ["series", "EventSeries", "pointer"],
    12: ["action", "string"],
    13: ["related", "ObjectReference", "pointer"],
    14: ["reportingComponent", "string", "always"],
    15: ["reportingInstance", "string", "always"],
  },
  EventSource: {
    1: ["component", "string"],
    2: ["host", "string"],
  },
  EventSeries: {
    1: ["count", "int"],
    2: ["lastObservedTime", "microTime"],
  },
  Lease: {
    1: metadata,
    2: ["spec", "LeaseSpec"],
  },
  LeaseSpec: {
    1: ["holderIdentity", "string", "pointer"],
    2: ["leaseDurationSeconds", "int", "pointer"],
    3: ["acquireTime", "microTime", "pointer"],
    4: ["renewTime", "microTime", "pointer"],
    5: ["leaseTransitions", "int", "pointer"],
    6: ["strategy", "string", "pointer"],
    7: ["preferredHolder", "string", "pointer"],
  },
  Scale: {
    1: metadata,
    2: ["spec", "ScaleSpec"],
    3: ["status", "ScaleStatus"],
  },
  ScaleSpec: {
    1: ["replicas", "int"],
  },
  ScaleStatus: {
    1: ["replicas", "int", "always"],
    2: ["selector", "string"],
  },
  Binding: {
    1: metadata,
    2: ["target", "ObjectReference"],
  },
  Eviction: {
    1: metadata,
    2: ["deleteOptions", "DeleteOptions", "pointer"],
  },
};
