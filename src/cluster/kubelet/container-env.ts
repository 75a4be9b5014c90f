// The environment of a container: what its specification says, read from wherever it points, and
// what every process of the cluster is given. Knows the rules of Kubernetes for order, optional
// references and `$(VAR)`; starts nothing.
import { ownValue } from "../../lib/json.ts";
import type { ConfigMap } from "../../resources/config-map.ts";
import type { Container, EnvVar, KeySelector, Pod, ResourceList } from "../../resources/pod.ts";
import type { Secret } from "../../resources/secret.ts";
import { fieldValue, resourceValue } from "./downward-api.ts";
import { ConfigError } from "./config-error.ts";

export type Environment = Readonly<Record<string, string>>;

export type EnvironmentOptions = {
  readonly pod: Pod;
  readonly container: Container;
  readonly podIp: string;
  readonly hostIp: string;
  /** What a container without limits may use, for references to its limits. */
  readonly allocatable: ResourceList;
  /** What the cluster gives every container of the pod; its own variables win. */
  readonly clusterEnv: Environment;
  readonly imageEnv: Environment;
  readonly secret: (name: string) => Promise<Secret | undefined>;
  readonly configMap: (name: string) => Promise<ConfigMap | undefined>;
};

/**
 * What the container is given beyond the machine's own variables, with paths as its specification has
 * them. Throws a ConfigError, worded as Kubernetes words it, for a reference that
 * leads nowhere.
 */
export async function environmentOf(options: EnvironmentOptions): Promise<Environment> {
  const { container, clusterEnv, imageEnv, podIp } = options;
  const own: Record<string, string> = {
    HOSTNAME: options.pod.spec.hostname ?? options.pod.metadata.name,
    POD_IP: podIp,
    ...clusterEnv,
    ...imageEnv,
  };
  for (const source of container.envFrom ?? []) {
    const { prefix = "" } = source;
    for (const [key, value] of await allKeys(source, options)) own[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, own, options);
    if (value !== undefined) own[variable.name] = value;
  }
  return { ...own, ...nodeOptions(clusterEnv, own) };
}

/** The one variable of the cluster's that a container's own must not replace: Node takes both. */
function nodeOptions(clusterEnv: Environment, own: Environment): Environment {
  const [ours, theirs] = [clusterEnv["NODE_OPTIONS"], own["NODE_OPTIONS"]];
  if (!ours || !theirs || theirs === ours) return {};
  return { NODE_OPTIONS: `${ours} ${theirs}` };
}

/** `$(NAME)` becomes the variable's value, or stays where there is none; `$$` is one dollar sign. */
export function expandVariables(text: string, variables: Environment): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) =>
    name === undefined ? "$" : (ownValue(variables, name) ?? match),
  );
}

/** Undefined for an optional reference that leads nowhere. */
async function valueOf(
  variable: EnvVar,
  earlier: Environment,
  options: EnvironmentOptions,
): Promise<string | undefined> {
  const { value = "", valueFrom } = variable;
  if (!valueFrom) return expandVariables(value, earlier);
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (secretKeyRef) return secretKey(secretKeyRef, options);
  if (configMapKeyRef) return configMapKey(configMapKeyRef, options);
  if (fieldRef) return fieldValue(fieldRef.fieldPath, options);
  if (resourceFieldRef) return resourceValue(resourceFieldRef, options);
  return "";
}

async function secretKey(
  { name = "", key, optional }: KeySelector,
  { pod, secret }: EnvironmentOptions,
): Promise<string | undefined> {
  const found = await secret(name);
  const value = ownValue(found?.data ?? {}, key);
  if (value !== undefined) return decode(value);
  if (optional === true) return undefined;
  throw found ? missingKey("Secret", key, pod, name) : notFound("secret", name);
}

async function configMapKey(
  { name = "", key, optional }: KeySelector,
  { pod, configMap }: EnvironmentOptions,
): Promise<string | undefined> {
  const found = await configMap(name);
  const value = ownValue(found?.data ?? {}, key);
  if (value !== undefined) return value;
  if (optional === true) return undefined;
  throw found ? missingKey("ConfigMap", key, pod, name) : notFound("configmap", name);
}

async function allKeys(
  { configMapRef, secretRef }: NonNullable<Container["envFrom"]>[number],
  { secret, configMap }: EnvironmentOptions,
): Promise<readonly (readonly [string, string])[]> {
  if (configMapRef) {
    const { name = "", optional } = configMapRef;
    const found = await configMap(name);
    if (!found && optional !== true) throw notFound("configmap", name);
    return Object.entries(found?.data ?? {});
  }
  if (secretRef) {
    const { name = "", optional } = secretRef;
    const found = await secret(name);
    if (!found && optional !== true) throw notFound("secret", name);
    return Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)] as const);
  }
  return [];
}

const decode = (base64: string): string => Buffer.from(base64, "base64").toString();

const notFound = (resource: string, name: string): ConfigError =>
  new ConfigError(`${resource} "${name}" not found`);

const missingKey = (kind: string, key: string, pod: Pod, name: string): ConfigError =>
  new ConfigError(
    `couldn't find key ${key} in ${kind} ${pod.metadata.namespace ?? "default"}/${name}`,
  );
