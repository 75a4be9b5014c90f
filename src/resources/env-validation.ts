// What is wrong with the environment of a container that fits its schema, and with what the downward
// API is asked for, in Kubernetes' words.
import { invalid, notSupported, required, type Cause } from "./cause.ts";
import { configKeyProblems, environmentNameProblems, labelKeyProblems } from "./label-syntax.ts";
import type { Container, DownwardFile, EnvFromSource, EnvVar, KeySelector } from "./pod.ts";

export function validateEnvironment(
  { env = [], envFrom = [] }: Container,
  field: string,
): readonly Cause[] {
  return [
    ...env.flatMap((variable, index) => validateVariable(variable, `${field}.env[${index}]`)),
    ...envFrom.flatMap((source, index) => validateSource(source, `${field}.envFrom[${index}]`)),
  ];
}

function validateVariable({ name, value, valueFrom }: EnvVar, field: string): readonly Cause[] {
  if (name === "") return [required(`${field}.name`)];
  const causes = environmentNameProblems(name).map((problem) =>
    invalid(`${field}.name`, name, problem),
  );
  if (!valueFrom) return causes;
  const at = `${field}.valueFrom`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const sources = Object.values(valueFrom).filter((source) => source !== undefined);
  const complaint =
    sources.length === 0
      ? "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
      : value
        ? "may not be specified when `value` is not empty"
        : sources.length > 1
          ? "may not have more than one field specified at a time"
          : undefined;
  return [
    ...causes,
    ...(complaint === undefined ? [] : [invalid(at, "", complaint)]),
    ...(fieldRef ? validateFieldPath(fieldRef.fieldPath, variableFields, `${at}.fieldRef`) : []),
    ...(resourceFieldRef ? validateResource(resourceFieldRef, `${at}.resourceFieldRef`) : []),
    ...(configMapKeyRef ? validateKey(configMapKeyRef, `${at}.configMapKeyRef`) : []),
    ...(secretKeyRef ? validateKey(secretKeyRef, `${at}.secretKeyRef`) : []),
  ];
}

function validateSource(
  { prefix, configMapRef, secretRef }: EnvFromSource,
  field: string,
): readonly Cause[] {
  const causes = (prefix ? environmentNameProblems(prefix) : []).map((problem) =>
    invalid(`${field}.prefix`, prefix, problem),
  );
  if (configMapRef && !configMapRef.name) causes.push(required(`${field}.configMapRef.name`));
  if (secretRef && !secretRef.name) causes.push(required(`${field}.secretRef.name`));
  if (!configMapRef && !secretRef)
    causes.push(invalid(field, "", "must specify one of: `configMapRef` or `secretRef`"));
  if (configMapRef && secretRef)
    causes.push(invalid(field, "", "may not have more than one field specified at a time"));
  return causes;
}

function validateKey({ name, key }: KeySelector, field: string): readonly Cause[] {
  return [
    ...(name ? [] : [required(`${field}.name`)]),
    ...(key === ""
      ? [required(`${field}.key`)]
      : configKeyProblems(key).map((problem) => invalid(`${field}.key`, key, problem))),
  ];
}

/** The files of a downwardAPI volume. */
export function validateDownwardFile(file: DownwardFile, field: string): readonly Cause[] {
  const { fieldRef, resourceFieldRef } = file;
  if (fieldRef && resourceFieldRef)
    return [
      invalid(
        field,
        "resource",
        "fieldRef and resourceFieldRef can not be specified simultaneously",
      ),
    ];
  if (fieldRef) return validateFieldPath(fieldRef.fieldPath, fileFields, `${field}.fieldRef`);
  if (!resourceFieldRef)
    return [required(field, "one of fieldRef and resourceFieldRef is required")];
  const at = `${field}.resourceFieldRef`;
  return [
    ...(resourceFieldRef.containerName ? [] : [required(`${at}.containerName`)]),
    ...validateResource(resourceFieldRef, at),
  ];
}

const variableFields = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

const fileFields = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

/** Fields that Kubernetes knows by name, but that the downward API does not tell. */
const untoldFields = ["spec.restartPolicy", "spec.schedulerName", "status.phase"];

function validateFieldPath(
  path: string,
  supported: readonly string[],
  parent: string,
): readonly Cause[] {
  const field = `${parent}.fieldPath`;
  if (path === "") return [required(field)];
  const [, map, key] = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(path) ?? [];
  if (map !== undefined && key !== undefined)
    return labelKeyProblems(map.endsWith("annotations") ? key.toLowerCase() : key).map((problem) =>
      invalid(parent, key, problem),
    );
  if (supported.includes(path)) return [];
  return [...variableFields, ...fileFields, ...untoldFields].includes(path)
    ? [notSupported(field, path, supported)]
    : [invalid(field, path, `error converting fieldPath: field label not supported: ${path}`)];
}

const tellableResources = ["limits", "requests"].flatMap((kind) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${kind}.${name}`),
);

function validateResource(
  { resource }: { readonly resource: string },
  field: string,
): readonly Cause[] {
  if (resource === "") return [required(`${field}.resource`)];
  if (tellableResources.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource))
    return [];
  return [notSupported(`${field}.resource`, resource, tellableResources)];
}
