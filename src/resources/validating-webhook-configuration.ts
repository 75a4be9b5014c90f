// ValidatingWebhookConfiguration: who is asked about objects before they are stored.
import { validatingWebhooksSchema } from "./webhook-configuration-schema.ts";
import { webhookConfigurationKind } from "./webhook-configuration-kind.ts";

export const validatingWebhookConfigurationKind = webhookConfigurationKind(
  "ValidatingWebhookConfiguration",
  "Who is asked about objects before they are stored.",
  validatingWebhooksSchema,
);
