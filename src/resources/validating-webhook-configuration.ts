// ValidatingWebhookConfiguration: who is asked about objects before they are stored.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { described, object } from "./schema.ts";
import { validatingWebhooksSchema } from "./webhook-configuration-schema.ts";
import { validateWebhooks } from "./webhook-configuration-validation.ts";
import type { WebhookConfiguration } from "./webhook-configuration.ts";

export const validatingWebhookConfigurationKind: Kind<WebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  singular: "validatingwebhookconfiguration",
  namespaced: false,
  categories: ["api-extensions"],
  schema: described(
    "Who is asked about objects before they are stored.",
    object({ webhooks: validatingWebhooksSchema }),
  ),
  columns: [nameColumn, column("Webhooks", "How many webhooks it names.", "integer"), ageColumn],
  cells: ({ metadata, webhooks = [] }, nowMs) => [
    metadata.name,
    webhooks.length,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  validate: validateWebhooks,
};
