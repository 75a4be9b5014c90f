// MutatingWebhookConfiguration: who may change objects before they are stored.
import { mutatingWebhooksSchema } from "./webhook-configuration-schema.ts";
import { webhookConfigurationKind } from "./webhook-configuration-kind.ts";

export const mutatingWebhookConfigurationKind = webhookConfigurationKind(
  "MutatingWebhookConfiguration",
  "Who may change objects before they are stored.",
  mutatingWebhooksSchema,
);
