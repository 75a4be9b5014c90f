// The schema of both kinds of webhook configurations. Only a mutating webhook may be asked again.
import { labelSelectorSchema } from "./object-meta-schema.ts";
import {
  base64,
  defaulted,
  described,
  int32,
  list,
  mapList,
  object,
  string,
  type Schema,
} from "./schema.ts";

const clientConfig = object({
  url: described(
    "Where the webhook listens, as https://host:port/path; either this or service.",
    string,
  ),
  service: described(
    "The Service in front of the webhook; either this or url.",
    object(
      {
        namespace: described("The namespace of the Service.", string),
        name: described("The name of the Service.", string),
        path: described("The URL path that is asked.", string),
        port: described("The port of the Service; 443 when nobody says.", defaulted(443, int32)),
      },
      "namespace",
      "name",
    ),
  ),
  caBundle: described(
    "Who may have signed the webhook's certificate: PEM, in base64. The system's own when absent.",
    base64,
  ),
});

const rule = object({
  operations: described("CREATE, UPDATE, DELETE, CONNECT, or * for all of them.", list(string)),
  apiGroups: described(
    "The groups of the resources; * is all, the empty text the core.",
    list(string),
  ),
  apiVersions: described("The versions of the resources; * is all.", list(string)),
  resources: described(
    "The resources by plural name, as pods, pods/log, pods/*, */scale or */*.",
    list(string),
  ),
  scope: described("Cluster, Namespaced, or * for both.", defaulted("*", string)),
});

const webhookFields = {
  name: described("A domain name that tells the webhook from all others.", string),
  clientConfig: described("Where the webhook is and how it is trusted.", clientConfig),
  rules: described(
    "Which requests the webhook wants to see; any one that matches will do.",
    list(rule),
  ),
  failurePolicy: described(
    "Whether a request fails or goes on when the webhook cannot be asked: Fail or Ignore.",
    defaulted("Fail", string),
  ),
  matchPolicy: described(
    "Whether rules also match a kind by its other versions: Exact or Equivalent.",
    defaulted("Equivalent", string),
  ),
  namespaceSelector: described(
    "Only objects in namespaces with these labels.",
    defaulted({}, labelSelectorSchema),
  ),
  objectSelector: described("Only objects with these labels.", defaulted({}, labelSelectorSchema)),
  sideEffects: described(
    "Whether asking the webhook changes anything: None, or NoneOnDryRun.",
    string,
  ),
  timeoutSeconds: described(
    "How long the webhook may take, 1 to 30 seconds.",
    defaulted(10, int32),
  ),
  admissionReviewVersions: described(
    "The versions of AdmissionReview that the webhook understands; v1 is asked here.",
    list(string),
  ),
  matchConditions: described(
    "CEL expressions that a request must fulfil besides.",
    mapList(object({ name: string, expression: string }, "name", "expression"), "name"),
  ),
} as const;

export const validatingWebhooksSchema: Schema = described(
  "Who is asked before an object is stored.",
  mapList(object(webhookFields, "name", "clientConfig"), "name"),
);

export const mutatingWebhooksSchema: Schema = described(
  "Who may change an object before it is stored, in this order.",
  mapList(
    object(
      {
        ...webhookFields,
        reinvocationPolicy: described(
          "Whether the webhook sees once more what others changed after it: Never or IfNeeded.",
          defaulted("Never", string),
        ),
      },
      "name",
      "clientConfig",
    ),
    "name",
  ),
);
