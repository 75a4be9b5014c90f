// What Kubernetes says when the JSON of a built-in kind does not fit its Go struct. Users and tools
// know these sentences, so they are kept to the letter where the schema tells enough.
import { isJsonObject } from "../../lib/json.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Schema } from "../../resources/schema.ts";
import { fitsType } from "./schema-validate.ts";

/** The first misfit in document order, or undefined when everything fits. */
export function decodeProblem(
  schema: Schema,
  value: unknown,
  struct: string,
  path = "",
): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (!fitsType(schema, value) || !fitsWidth(schema, value))
    return `json: cannot unmarshal ${jsonWord(value, schema)} into Go struct field ${struct}.${path} of type ${goType(schema, path, struct)}`;
  if (typeof value === "string") return textProblem(schema, value);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return undefined;
    const inner = items.type === "object" && items.properties ? structOf(path, struct) : struct;
    for (const item of value) {
      const problem = decodeProblem(items, item, inner, path);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  return isJsonObject(value) ? objectProblem(schema, value, struct, path) : undefined;
}

/** `struct` is the one that holds the object's field; its own fields belong to the next one. */
function objectProblem(
  schema: Schema,
  object: Readonly<Record<string, unknown>>,
  struct: string,
  path: string,
): string | undefined {
  const { properties, additionalProperties } = schema;
  for (const [key, value] of Object.entries(object)) {
    const property = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property) {
      const at = path === "" ? key : `${path}.${key}`;
      const own = isStructField(property, value) ? structOf(at, struct) : struct;
      const problem = decodeProblem(property, value, own, at);
      if (problem !== undefined) return problem;
    } else if (typeof additionalProperties === "object") {
      const problem = decodeProblem(additionalProperties, value, struct, path);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function isStructField(schema: Schema, value: unknown): boolean {
  return schema.properties !== undefined && isJsonObject(value);
}

const structNames: Readonly<Record<string, string>> = {
  metadata: "ObjectMeta",
  template: "PodTemplateSpec",
  containers: "Container",
  initContainers: "Container",
  env: "EnvVar",
  envFrom: "EnvFromSource",
  valueFrom: "EnvVarSource",
  resources: "ResourceRequirements",
  livenessProbe: "Probe",
  readinessProbe: "Probe",
  startupProbe: "Probe",
  httpGet: "HTTPGetAction",
  tcpSocket: "TCPSocketAction",
  exec: "ExecAction",
  strategy: "DeploymentStrategy",
  rollingUpdate: "RollingUpdateDeployment",
  selector: "LabelSelector",
  matchExpressions: "LabelSelectorRequirement",
  volumeMounts: "VolumeMount",
  rules: "IngressRule",
  http: "HTTPIngressRuleValue",
  paths: "HTTPIngressPath",
  backend: "IngressBackend",
  ownerReferences: "OwnerReference",
  involvedObject: "ObjectReference",
};

function structOf(path: string, parent: string): string {
  const field = lastPart(path);
  if (field === "spec" || field === "status")
    return parent === "PodTemplateSpec" ? "PodSpec" : parent + capitalised(field);
  if (field === "ports") return parent === "ServiceSpec" ? "ServicePort" : "ContainerPort";
  return structNames[field] ?? capitalised(field.replace(/s$/, ""));
}

function goType(schema: Schema, path: string, struct: string): string {
  if (schema["x-kubernetes-int-or-string"] === true)
    return schema.format === "quantity" ? "resource.Quantity" : "intstr.IntOrString";
  const { type } = schema;
  switch (type) {
    case "integer":
      return schema.format === "int64" ? "int64" : "int32";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "array":
      return `[]${goType(schema.items ?? {}, path, struct)}`;
    case "object":
      if (typeof schema.additionalProperties === "object")
        return `map[string]${goType(schema.additionalProperties, path, struct)}`;
      return `v1.${structOf(path, struct)}`;
    case "string":
    case undefined:
      return "string";
  }
  return type satisfies never;
}

function jsonWord(value: unknown, schema: Schema): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && schema.type === "integer") return `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}

function fitsWidth(schema: Schema, value: unknown): boolean {
  if (schema.type !== "integer" || typeof value !== "number") return true;
  return schema.format === "int64" || Math.abs(value) <= 2_147_483_648;
}

function textProblem(schema: Schema, text: string): string | undefined {
  if (schema.format === "date-time" && parseTimestamp(text) === undefined)
    return `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`;
  if (schema.format === "byte" && !isBase64(text))
    return `illegal base64 data at input byte ${badBase64Offset(text)}`;
  return undefined;
}

function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/\s]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    text.replace(/[\r\n]/g, ""),
  );
}

function badBase64Offset(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/\r\n]/);
  return bad >= 0 ? bad : text.length - (text.length % 4);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
