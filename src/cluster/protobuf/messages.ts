// All messages by name, and which of them may be the body of a request. A test holds them against the
// schemas of our kinds, field by field.
import { containerMessages } from "./container-messages.ts";
import { coreMessages } from "./core-messages.ts";
import { definitionMessages } from "./definition-messages.ts";
import type { Fields, Messages } from "./message.ts";
import { metadataMessages } from "./metadata-messages.ts";
import { networkMessages } from "./network-messages.ts";
import { nodeMessages } from "./node-messages.ts";
import { podMessages } from "./pod-messages.ts";
import { reviewMessages } from "./review-messages.ts";
import { volumeMessages } from "./volume-messages.ts";
import { webhookMessages } from "./webhook-messages.ts";
import { workloadMessages } from "./workload-messages.ts";

export const messages: Messages = {
  ...containerMessages,
  ...coreMessages,
  ...definitionMessages,
  ...metadataMessages,
  ...networkMessages,
  ...nodeMessages,
  ...podMessages,
  ...reviewMessages,
  ...volumeMessages,
  ...webhookMessages,
  ...workloadMessages,
};

/** The kinds that have a message of their name which may stand alone, by group. */
const bodies: Readonly<Record<string, readonly string[]>> = {
  "": [
    "Binding",
    "ConfigMap",
    "Endpoints",
    "Event",
    "Namespace",
    "Node",
    "Pod",
    "Secret",
    "Service",
    "ServiceAccount",
  ],
  "admissionregistration.k8s.io": [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
  ],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  apps: ["Deployment", "ReplicaSet"],
  "authentication.k8s.io": ["SelfSubjectReview", "TokenRequest", "TokenReview"],
  "authorization.k8s.io": [
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
  ],
  autoscaling: ["Scale"],
  "coordination.k8s.io": ["Lease"],
  "discovery.k8s.io": ["EndpointSlice"],
  "networking.k8s.io": ["Ingress"],
  policy: ["Eviction"],
};

/** The message of a kind; clients send the options of a deletion in the group of what they delete. */
export function bodyMessage(group: string, kind: string): Fields | undefined {
  const name = kind === "DeleteOptions" || bodies[group]?.includes(kind) ? kind : undefined;
  return name === undefined ? undefined : messages[name];
}
