// The kinds that every Kubernetes has, as far as Dunlin needs them.
import { configMapKind } from "./config-map.ts";
import { customResourceDefinitionKind } from "./custom-resource-definition.ts";
import { deploymentKind } from "./deployment.ts";
import { endpointSliceKind } from "./endpoint-slice.ts";
import { endpointsKind } from "./endpoints.ts";
import { eventKind } from "./event.ts";
import { ingressKind } from "./ingress.ts";
import type { Kind } from "./kind.ts";
import { leaseKind } from "./lease.ts";
import { mutatingWebhookConfigurationKind } from "./mutating-webhook-configuration.ts";
import { namespaceKind } from "./namespace.ts";
import { nodeKind } from "./node.ts";
import { podKind } from "./pod.ts";
import { replicaSetKind } from "./replica-set.ts";
import { secretKind } from "./secret.ts";
import { serviceAccountKind } from "./service-account.ts";
import { serviceKind } from "./service.ts";
import { validatingWebhookConfigurationKind } from "./validating-webhook-configuration.ts";

/** In the order in which discovery lists them. */
export const builtinKinds: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  eventKind,
  namespaceKind,
  nodeKind,
  podKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  deploymentKind,
  replicaSetKind,
  endpointSliceKind,
  ingressKind,
  leaseKind,
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
  customResourceDefinitionKind,
];
