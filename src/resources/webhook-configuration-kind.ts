// The two kinds of webhook configurations, as one: they are alike but for what their webhooks may do.
import { ageCell, ageColumn, column, nameColumn } from "./columns.ts";
import type { Kind } from "./kind.ts";
import { described, object, type Schema } from "./schema.ts";
import { validateWebhooks } from "./webhook-configuration-validation.ts";
import type { WebhookConfiguration } from "./webhook-configuration.ts";

export function webhookConfigurationKind(
  kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
  description: string,
  webhooks: Schema,
): Kind<WebhookConfiguration> {
  const singular = kind.toLowerCase();
  return {
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind,
    plural: `${singular}s`,
    singular,
    namespaced: false,
    categories: ["api-extensions"],
    schema: described(description, object({ webhooks })),
    columns: [nameColumn, column("Webhooks", "How many webhooks it names.", "integer"), ageColumn],
    cells: ({ metadata, webhooks: named = [] }, nowMs) => [
      metadata.name,
      named.length,
      ageCell(metadata.creationTimestamp, nowMs),
    ],
    validate: validateWebhooks,
  };
}
