// What is wrong with the containers of a pod or template that fits its schema, in Kubernetes' words.
import { compareQuantities, parseQuantity, quantityComplaint } from "../lib/quantity.ts";
import {
  duplicates,
  forbidden,
  invalid,
  negative,
  notFound,
  notSupported,
  required,
  type Cause,
} from "./cause.ts";
import { dnsLabelProblems, portNameProblems, portProblems } from "./label-syntax.ts";
import { validateEnvironment } from "./env-validation.ts";
import type { Container, Probe, ResourceRequirements, VolumeMount } from "./pod.ts";

export function validateContainer(
  container: Container,
  volumes: ReadonlySet<string>,
  field: string,
): readonly Cause[] {
  return [
    ...validateContainerName(container.name, `${field}.name`),
    ...validateImage(container, field),
    ...validatePorts(container, `${field}.ports`),
    ...validateEnvironment(container, field),
    ...validateResources(container.resources ?? {}, `${field}.resources`),
    ...validateMounts(container.volumeMounts ?? [], volumes, `${field}.volumeMounts`),
    ...validateProbe(container.readinessProbe, `${field}.readinessProbe`, false),
    ...validateProbe(container.livenessProbe, `${field}.livenessProbe`, true),
    ...validateProbe(container.startupProbe, `${field}.startupProbe`, true),
    ...validateMessage(container, field),
    ...validatePrivileges(container, `${field}.securityContext`),
  ];
}

const messagePolicies = ["FallbackToLogsOnError", "File"];

function validateMessage(
  { terminationMessagePolicy: policy = "File" }: Container,
  field: string,
): readonly Cause[] {
  if (messagePolicies.includes(policy)) return [];
  return [notSupported(`${field}.terminationMessagePolicy`, policy, messagePolicies)];
}

function validatePrivileges({ securityContext = {} }: Container, field: string): readonly Cause[] {
  const ids = (["runAsUser", "runAsGroup"] as const).flatMap((name) => {
    const id = securityContext[name];
    return typeof id === "number" && (id < 0 || id > 2_147_483_647)
      ? [invalid(`${field}.${name}`, id, "must be between 0 and 2147483647, inclusive")]
      : [];
  });
  if (securityContext["allowPrivilegeEscalation"] !== false || !securityContext["privileged"])
    return ids;
  return [
    ...ids,
    invalid(
      field,
      securityContext,
      "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
    ),
  ];
}

function validateContainerName(name: string, field: string): readonly Cause[] {
  if (name === "") return [required(field)];
  return dnsLabelProblems(name).map((problem) => invalid(field, name, problem));
}

const pullPolicies = ["Always", "IfNotPresent", "Never"];

function validateImage(
  { image = "", imagePullPolicy }: Container,
  field: string,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (image === "") causes.push(required(`${field}.image`));
  else if (image !== image.trim())
    causes.push(invalid(`${field}.image`, image, "must not have leading or trailing whitespace"));
  if (imagePullPolicy !== undefined && !pullPolicies.includes(imagePullPolicy))
    causes.push(notSupported(`${field}.imagePullPolicy`, imagePullPolicy, pullPolicies));
  return causes;
}

const protocols = ["SCTP", "TCP", "UDP"];

function validatePorts({ ports = [] }: Container, field: string): readonly Cause[] {
  const each = ports.flatMap(({ name, containerPort, hostPort, protocol = "TCP" }, index) => {
    const at = `${field}[${index}]`;
    return [
      ...(name ? portNameProblems(name) : []).map((problem) =>
        invalid(`${at}.name`, name, problem),
      ),
      ...portProblems(containerPort).map((problem) =>
        invalid(`${at}.containerPort`, containerPort, problem),
      ),
      ...(hostPort ? portProblems(hostPort) : []).map((problem) =>
        invalid(`${at}.hostPort`, hostPort, problem),
      ),
      ...(protocols.includes(protocol)
        ? []
        : [notSupported(`${at}.protocol`, protocol, protocols)]),
    ];
  });
  const names = duplicates(
    ports,
    ({ name }) => name,
    (index) => `${field}[${index}].name`,
  );
  return [...each, ...names];
}

/** Checks the amounts, and that no request exceeds its limit. Extended resources are whole and equal. */
function validateResources(
  { requests = {}, limits = {} }: ResourceRequirements,
  field: string,
): readonly Cause[] {
  const causes = [
    ...Object.entries(limits).flatMap(([name, amount]) =>
      validateAmount(name, amount, `${field}.limits[${name}]`),
    ),
    ...Object.entries(requests).flatMap(([name, amount]) =>
      validateAmount(name, amount, `${field}.requests[${name}]`),
    ),
  ];
  if (causes.length > 0) return causes;
  return Object.entries(requests).flatMap(([name, amount]) => {
    const limit = limits[name];
    if (limit === undefined)
      return isExtended(name)
        ? [required(`${field}.limits`, "Limit must be set for non overcommitable resources")]
        : [];
    const order = compareAmounts(amount, limit);
    if (isExtended(name) ? order === 0 : order <= 0) return [];
    const relation = isExtended(name) ? "equal to" : "less than or equal to";
    return [invalid(`${field}.requests`, amount, `must be ${relation} ${name} limit of ${limit}`)];
  });
}

function validateAmount(name: string, amount: string | number, field: string): readonly Cause[] {
  const quantity = parseQuantity(amount);
  if (!quantity) return [invalid(field, amount, quantityComplaint)];
  if (quantity.nano < 0n) return [invalid(field, amount, "must be greater than or equal to 0")];
  if (isExtended(name) && quantity.nano % 1_000_000_000n !== 0n)
    return [invalid(field, amount, "must be an integer")];
  return [];
}

/** Resources that devices bring, as `nvidia.com/gpu`: they cannot be shared or split. */
function isExtended(name: string): boolean {
  return (
    name.includes("/") && !name.startsWith("kubernetes.io/") && !name.includes(".kubernetes.io/")
  );
}

function compareAmounts(left: string, right: string): number {
  const [a, b] = [parseQuantity(left), parseQuantity(right)];
  return a && b ? compareQuantities(a, b) : 0;
}

function validateMounts(
  mounts: readonly VolumeMount[],
  volumes: ReadonlySet<string>,
  field: string,
): readonly Cause[] {
  const paths = new Set<string>();
  return mounts.flatMap(({ name, mountPath, subPath = "", subPathExpr = "" }, index) => {
    const at = `${field}[${index}]`;
    const causes: Cause[] = [];
    if (name === "") causes.push(required(`${at}.name`));
    else if (!volumes.has(name)) causes.push(notFound(`${at}.name`, name));
    if (mountPath === "") causes.push(required(`${at}.mountPath`));
    else if (paths.has(mountPath))
      causes.push(invalid(`${at}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (subPath !== "" && subPathExpr !== "")
      causes.push(
        invalid(`${at}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"),
      );
    for (const [key, path] of Object.entries({ subPath, subPathExpr })) {
      if (path.startsWith("/"))
        causes.push(invalid(`${at}.${key}`, path, "must be a relative path"));
      if (path.split("/").includes(".."))
        causes.push(invalid(`${at}.${key}`, path, "must not contain '..'"));
    }
    return causes;
  });
}

function validateProbe(
  probe: Probe | undefined,
  field: string,
  succeedsAtOnce: boolean,
): readonly Cause[] {
  if (!probe) return [];
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } =
    probe;
  const causes = [
    ...validateHandler(probe, field),
    ...negative(`${field}.initialDelaySeconds`, initialDelaySeconds),
    ...negative(`${field}.timeoutSeconds`, timeoutSeconds),
    ...negative(`${field}.periodSeconds`, periodSeconds),
    ...negative(`${field}.successThreshold`, successThreshold),
    ...negative(`${field}.failureThreshold`, failureThreshold),
  ];
  const { terminationGracePeriodSeconds: graceSeconds } = probe;
  if (graceSeconds !== undefined && !succeedsAtOnce)
    causes.push(
      invalid(
        `${field}.terminationGracePeriodSeconds`,
        graceSeconds,
        "must not be set for readinessProbes",
      ),
    );
  else if (graceSeconds !== undefined && graceSeconds <= 0)
    causes.push(
      invalid(`${field}.terminationGracePeriodSeconds`, graceSeconds, "must be greater than 0"),
    );
  if (succeedsAtOnce && successThreshold !== undefined && successThreshold !== 1)
    causes.push(invalid(`${field}.successThreshold`, successThreshold, "must be 1"));
  return causes;
}

function validateHandler(
  { httpGet, tcpSocket, exec, grpc }: Probe,
  field: string,
): readonly Cause[] {
  const handlers = [httpGet, tcpSocket, exec, grpc].filter((handler) => handler !== undefined);
  if (handlers.length === 0) return [required(field, "must specify a handler type")];
  if (handlers.length > 1) return [forbidden(field, "may not specify more than 1 handler type")];
  if (exec && (exec.command ?? []).length === 0) return [required(`${field}.exec.command`)];
  const { scheme = "HTTP" } = httpGet ?? {};
  if (scheme !== "HTTP" && scheme !== "HTTPS")
    return [notSupported(`${field}.httpGet.scheme`, scheme, ["HTTP", "HTTPS"])];
  const [branch, port] = httpGet
    ? ["httpGet", httpGet.port]
    : tcpSocket
      ? ["tcpSocket", tcpSocket.port]
      : ["grpc", grpc?.port];
  if (port === undefined) return [];
  return (typeof port === "number" ? portProblems(port) : portNameProblems(port)).map((problem) =>
    invalid(`${field}.${branch}.port`, port, problem),
  );
}
