// What MutatingWebhookConfigurations and ValidatingWebhookConfigurations have in common: a list of
// webhooks, each with the requests that it wants to see and where it listens.
import type { KubeObject, LabelSelector } from "./object.ts";

export type WebhookClientConfig = {
  readonly url?: string;
  readonly service?: {
    readonly name: string;
    readonly namespace: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM, in base64. */
  readonly caBundle?: string;
};

export type WebhookRule = {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  /** `pods`, `pods/status`, or with `*` for either half. */
  readonly resources?: readonly string[];
  readonly operations?: readonly string[];
  readonly scope?: "*" | "Cluster" | "Namespaced";
};

export type Webhook = {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly WebhookRule[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly matchPolicy?: "Exact" | "Equivalent";
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  /** A dry run is shown to every webhook: those that would leave a trace of it are not accepted. */
  readonly sideEffects: "None" | "NoneOnDryRun";
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions: readonly string[];
  /** Mutating webhooks only. */
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
};

export type WebhookConfiguration = KubeObject & { readonly webhooks?: readonly Webhook[] };
