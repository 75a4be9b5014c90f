// The configurations of admission webhooks.
import { metadata, type Fields, type Messages } from "./message.ts";

/** The numbers part from 10 on. */
const commonFields: Fields = {
  1: ["name", "string", "always"],
  2: ["clientConfig", "WebhookClientConfig"],
  3: ["rules", "RuleWithOperations", "list"],
  4: ["failurePolicy", "string", "pointer"],
  5: ["namespaceSelector", "LabelSelector", "pointer"],
  6: ["sideEffects", "string", "pointer"],
  7: ["timeoutSeconds", "int", "pointer"],
  8: ["admissionReviewVersions", "string", "list"],
  9: ["matchPolicy", "string", "pointer"],
};

export const webhookMessages: Messages = {
  MutatingWebhookConfiguration: {
    1: metadata,
    2: ["webhooks", "MutatingWebhook", "list"],
  },
  MutatingWebhook: {
    ...commonFields,
    10: ["reinvocationPolicy", "string", "pointer"],
    11: ["objectSelector", "LabelSelector", "pointer"],
    12: ["matchConditions", "MatchCondition", "list"],
  },
  WebhookClientConfig: {
    1: ["service", "ServiceReference", "pointer"],
    2: ["caBundle", "bytes"],
    3: ["url", "string", "pointer"],
  },
  ServiceReference: {
    1: ["namespace", "string", "always"],
    2: ["name", "string", "always"],
    3: ["path", "string", "pointer"],
    4: ["port", "int", "pointer"],
  },
  RuleWithOperations: {
    1: ["operations", "string", "list"],
    2: ["", "Rule", "inline"],
  },
  Rule: {
    1: ["apiGroups", "string", "list"],
    2: ["apiVersions", "string", "list"],
    3: ["resources", "string", "list"],
    4: ["scope", "string", "pointer"],
  },
  MatchCondition: {
    1: ["name", "string", "always"],
    2: ["expression", "string", "always"],
  },
  ValidatingWebhookConfiguration: {
    1: metadata,
    2: ["webhooks", "ValidatingWebhook", "list"],
  },
  ValidatingWebhook: {
    ...commonFields,
    10: ["objectSelector", "LabelSelector", "pointer"],
    11: ["matchConditions", "MatchCondition", "list"],
  },
};
