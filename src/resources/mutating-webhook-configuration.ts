// MutatingWebhookConfiguration: who may change objects before they are stored.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { described, object } from "./schema.ts";
import { mutatingWebhooksSchema } from "./webhook-configuration-schema.ts";
import { validateWebhooks } from "./webhook-configuration-validation.ts";
import type { WebhookConfiguration } from "./webhook-configuration.ts";

export const mutatingWebhookConfigurationKind: Kind<WebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  singular: "mutatingwebhookconfiguration",
  namespaced: false,
  categories: ["api-extensions"],
  schema: described(
    "Who may change objects before they are stored.",
    object({ webhooks: mutatingWebhooksSchema }),
  ),
  columns: [nameColumn, column("Webhooks", "How many webhooks it names.", "integer"), ageColumn],
  cells: ({ metadata, webhooks = [] }, nowMs) => [
    metadata.name,
    webhooks.length,
    ageCell(metadata.creationTimestamp, nowMs),
  ],
  validate: validateWebhooks,
};
