// What is wrong with a webhook configuration that fits its schema, in Kubernetes' words.
import { duplicates, invalid, notSupported, required, tooMany, type Cause } from "./cause.ts";
import {
  dns1035LabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  portProblems,
} from "./label-syntax.ts";
import { validateSelector } from "./metadata-validation.ts";
import type {
  Webhook,
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookRule,
} from "./webhook-configuration.ts";

export function validateWebhooks({ webhooks = [] }: WebhookConfiguration): readonly Cause[] {
  return [
    ...webhooks.flatMap((webhook, index) => validateWebhook(webhook, `webhooks[${index}]`)),
    ...duplicates(
      webhooks,
      ({ name }) => name,
      (index) => `webhooks[${index}].name`,
    ),
  ];
}

function validateWebhook(webhook: Webhook, field: string): readonly Cause[] {
  const { failurePolicy, matchPolicy, reinvocationPolicy, sideEffects, timeoutSeconds } = webhook;
  return [
    ...validateName(webhook.name, `${field}.name`),
    ...(webhook.rules ?? []).flatMap((rule, index) =>
      validateRule(rule, `${field}.rules[${index}]`),
    ),
    ...oneOf(`${field}.failurePolicy`, failurePolicy, ["Fail", "Ignore"]),
    ...oneOf(`${field}.matchPolicy`, matchPolicy, ["Equivalent", "Exact"]),
    // A value is there in a typed object only; YAML may have left it out.
    ...(sideEffects
      ? oneOf(`${field}.sideEffects`, sideEffects, ["None", "NoneOnDryRun"])
      : [required(`${field}.sideEffects`, "must specify one of None, NoneOnDryRun")]),
    ...(timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30)
      ? [
          invalid(
            `${field}.timeoutSeconds`,
            timeoutSeconds,
            "the timeout value must be between 1 and 30 seconds",
          ),
        ]
      : []),
    ...validateSelector(webhook.namespaceSelector, `${field}.namespaceSelector`),
    ...validateSelector(webhook.objectSelector, `${field}.objectSelector`),
    ...oneOf(`${field}.reinvocationPolicy`, reinvocationPolicy, ["IfNeeded", "Never"]),
    ...validateClient(webhook.clientConfig, `${field}.clientConfig`),
    ...validateConditions(webhook.matchConditions ?? [], `${field}.matchConditions`),
    ...validateReviewVersions(
      webhook.admissionReviewVersions ?? [],
      `${field}.admissionReviewVersions`,
    ),
  ];
}

function oneOf(
  field: string,
  value: string | undefined,
  supported: readonly string[],
): readonly Cause[] {
  if (value === undefined || supported.includes(value)) return [];
  return [notSupported(field, value, supported)];
}

function validateName(name: string, field: string): readonly Cause[] {
  if (name === "") return [required(field)];
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0) return [invalid(field, name, problems.join(","))];
  if (name.split(".").length >= 3) return [];
  return [
    invalid(field, name, "should be a domain with at least three segments separated by dots"),
  ];
}

/** As many as upstream takes. */
const conditionsMax = 64;

/** Whether the expressions can be evaluated is not asked here. */
function validateConditions(
  conditions: NonNullable<Webhook["matchConditions"]>,
  field: string,
): readonly Cause[] {
  return [
    ...(conditions.length > conditionsMax
      ? [tooMany(field, conditions.length, conditionsMax)]
      : []),
    ...conditions.flatMap(({ name, expression }, index) => [
      ...(expression.trim() === "" ? [required(`${field}[${index}].expression`)] : []),
      ...(name === ""
        ? [required(`${field}[${index}].name`)]
        : labelKeyProblems(name).map((problem) =>
            invalid(`${field}[${index}].name`, name, problem),
          )),
    ]),
    ...duplicates(
      conditions,
      ({ name }) => name,
      (index) => `${field}[${index}].name`,
    ),
  ];
}

/** The versions of AdmissionReview that upstream knows; only v1 is spoken here. */
function validateReviewVersions(versions: readonly string[], field: string): readonly Cause[] {
  if (versions.length === 0) return [required(field, "must specify one of v1, v1beta1")];
  const each = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalid(`${field}[${index}]`, version, "duplicate version")]
      : dns1035LabelProblems(version).map((problem) =>
          invalid(`${field}[${index}]`, version, problem),
        ),
  );
  if (versions.includes("v1")) return each;
  return [
    ...each,
    invalid(
      field,
      versions,
      versions.includes("v1beta1")
        ? "must include v1, the only version that this server speaks"
        : "must include at least one of v1, v1beta1",
    ),
  ];
}

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

function validateRule(rule: WebhookRule, field: string): readonly Cause[] {
  const wanted = rule.operations ?? [];
  const versions = rule.apiVersions ?? [];
  return [
    ...listed(wanted, `${field}.operations`, "operations"),
    ...wanted.flatMap((operation, index) =>
      oneOf(`${field}.operations[${index}]`, operation, operations),
    ),
    ...listed(rule.apiGroups ?? [], `${field}.apiGroups`, "API groups"),
    ...listed(versions, `${field}.apiVersions`, "API versions"),
    ...versions.flatMap((version, index) =>
      version === "" ? [required(`${field}.apiVersions[${index}]`)] : [],
    ),
    ...validateResources(rule.resources ?? [], `${field}.resources`),
    ...oneOf(`${field}.scope`, rule.scope, ["*", "Cluster", "Namespaced"]),
  ];
}

/** A list that must not be empty, and in which `*` leaves room for nothing else. */
function listed(values: readonly string[], field: string, what: string): readonly Cause[] {
  if (values.length === 0) return [required(field)];
  if (values.length === 1 || !values.includes("*")) return [];
  return [invalid(field, values, `if '*' is present, must not specify other ${what}`)];
}

function validateResources(resources: readonly string[], field: string): readonly Cause[] {
  if (resources.length === 0) return [required(field)];
  const causes: Cause[] = [];
  /** Resources that came with all of their subresources, and subresources of all resources. */
  const wholeResources = new Set<string>();
  const wholeSubresources = new Set<string>();
  for (const [index, pattern] of resources.entries()) {
    const at = `${field}[${index}]`;
    if (pattern === "") causes.push(required(at));
    const slash = pattern.indexOf("/");
    if (slash < 0) continue;
    const [resource, subresource] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
    if (wholeResources.has(resource))
      causes.push(
        invalid(at, pattern, `if '${resource}/*' is present, must not specify ${pattern}`),
      );
    if (wholeSubresources.has(subresource))
      causes.push(
        invalid(at, pattern, `if '*/${subresource}' is present, must not specify ${pattern}`),
      );
    if (subresource === "*") wholeResources.add(resource);
    if (resource === "*") wholeSubresources.add(subresource);
  }
  if (resources.length > 1 && resources.includes("*/*"))
    causes.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  const plain = resources.filter((pattern) => !pattern.includes("/"));
  if (plain.includes("*") && plain.length > 1)
    causes.push(
      invalid(
        field,
        resources,
        "if '*' is present, must not specify other resources without subresources",
      ),
    );
  return causes;
}

function validateClient({ url, service }: WebhookClientConfig, field: string): readonly Cause[] {
  if ((url === undefined) === (service === undefined))
    return [required(field, "exactly one of url or service is required")];
  if (url !== undefined) return validateUrl(url, `${field}.url`);
  const { name = "", namespace = "", path, port = 443 } = service ?? {};
  return [
    ...(name === "" ? [required(`${field}.service.name`, "service name is required")] : []),
    ...(namespace === ""
      ? [required(`${field}.service.namespace`, "service namespace is required")]
      : []),
    ...portProblems(port).map((problem) =>
      invalid(`${field}.service.port`, port, `port is not valid: ${problem}`),
    ),
    ...validatePath(path ?? "", `${field}.service.path`),
  ];
}

const urlForm = "; desired format: https://host[/path]";

/** The parts of a URL as RFC 3986 (appendix B) takes them apart. */
const urlParts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;

function validateUrl(url: string, field: string): readonly Cause[] {
  const [, scheme = "", authority = "", query = "", fragment = ""] = urlParts.exec(url) ?? [];
  const userEnd = authority.lastIndexOf("@");
  const host = authority.slice(userEnd + 1);
  const causes: Cause[] = [];
  if (scheme.toLowerCase() !== "https")
    causes.push(invalid(field, scheme, `'https' is the only allowed URL scheme${urlForm}`));
  if (host === "") causes.push(invalid(field, host, `host must be specified${urlForm}`));
  if (userEnd >= 0)
    causes.push(
      invalid(field, authority.slice(0, userEnd), "user information is not permitted in the URL"),
    );
  if (fragment !== "")
    causes.push(invalid(field, fragment, "fragments are not permitted in the URL"));
  if (query !== "")
    causes.push(invalid(field, query, "query parameters are not permitted in the URL"));
  if (causes.length === 0 && !URL.canParse(url))
    causes.push(required(field, `url must be a valid URL: ${JSON.stringify(url)}${urlForm}`));
  return causes;
}

function validatePath(path: string, field: string): readonly Cause[] {
  if (path === "" || path === "/") return [];
  const causes = path.startsWith("/") ? [] : [invalid(field, path, "must start with a '/'")];
  const steps = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  return [
    ...causes,
    ...steps.flatMap((step, index) =>
      step === ""
        ? [invalid(field, path, `segment[${index}] may not be empty`)]
        : dnsSubdomainProblems(step).map((problem) =>
            invalid(field, path, `segment[${index}]: ${problem}`),
          ),
    ),
  ];
}
