// OpenAPI: version 3 in one document for each group-version, which kubectl needs before it applies
// or explains anything. Version 2 is an empty document: clients ask for it, and only whether it can
// be read matters to them.
import { plainOpenApi, schemaProps } from "../schema/openapi-schema.ts";
import { fieldDescription } from "../../resources/field-descriptions.ts";
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import { boolean, int32, int64, list, object, string } from "../../resources/schema.ts";
import type { Schema } from "../../resources/schema.ts";
import { fnv1a } from "../../lib/name-hash.ts";
import { objectSchema } from "../schema/object-schema.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";

/** Answers below /openapi; undefined for every other path. */
export function openApiAnswer(catalog: ResourceCatalog, pathname: string): Response | undefined {
  if (pathname === "/openapi/v2") return emptyVersion2();
  if (pathname === "/openapi/v3") return json(index(catalog));
  const match = /^\/openapi\/v3\/(api|apis)\/(.+)$/.exec(pathname);
  if (!match) return undefined;
  const text = documentText(catalog, `${match[1]}/${match[2]}`);
  return text === undefined ? undefined : json(text);
}

/** Documents are made when first asked for, and kept until the kinds change. */
type Documents = { readonly edition: number; readonly texts: Map<string, string> };
const kept = new WeakMap<ResourceCatalog, Documents>();

function documentText(catalog: ResourceCatalog, path: string): string | undefined {
  let documents = kept.get(catalog);
  if (documents?.edition !== catalog.edition) {
    documents = { edition: catalog.edition, texts: new Map() };
    kept.set(catalog, documents);
  }
  const found = documents.texts.get(path);
  if (found !== undefined) return found;
  const resources = catalog.all().filter((resource) => groupVersionPath(resource) === path);
  if (resources.length === 0) return undefined;
  const text = JSON.stringify(documentOf(path, resources));
  documents.texts.set(path, text);
  return text;
}

/** The hash in the URL makes clients drop their copy when a kind changes. */
function index(catalog: ResourceCatalog): string {
  const paths = new Set(catalog.all().map(groupVersionPath));
  const entries = [...paths].map((path) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(documentText(catalog, path) ?? "")}` },
  ]);
  return JSON.stringify({ paths: Object.fromEntries(entries) });
}

function groupVersionPath({ kind }: Resource): string {
  return kind.group === "" ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
}

const metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1";

function documentOf(path: string, resources: readonly Resource[]): object {
  return {
    openapi: "3.0.0",
    info: { title: "Dunlin", version: "v1" },
    paths: Object.assign({}, ...resources.map((resource) => pathsOf(path, resource))) as object,
    components: {
      schemas: {
        [`${metaPackage}.ObjectMeta`]: plainOpenApi(described("", objectMetaSchema, "metadata")),
        [`${metaPackage}.ListMeta`]: listMetaSchema,
        [`${metaPackage}.Status`]: statusSchema,
        [`${metaPackage}.DeleteOptions`]: deleteOptionsSchema,
        ...numberOrTextSchemas,
        ...(path.startsWith("apis/apiextensions.k8s.io/") && schemaProps()),
        ...Object.fromEntries(
          resources.flatMap((resource) => [
            [schemaName(resource), schemaOf(resource)],
            [`${schemaName(resource)}List`, listSchemaOf(resource)],
          ]),
        ),
      },
    },
  };
}

const listMetaSchema = object({
  continue: string,
  remainingItemCount: int64,
  resourceVersion: string,
  selfLink: string,
});

const statusSchema = object({
  apiVersion: string,
  kind: string,
  metadata: listMetaSchema,
  status: string,
  message: string,
  reason: string,
  code: int32,
  details: object({
    name: string,
    group: string,
    kind: string,
    uid: string,
    causes: list(object({ field: string, message: string, reason: string })),
    retryAfterSeconds: int32,
  }),
});

/** Built-in kinds refer to these by name, and kubectl explain shows the name. */
const intOrStringName = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const quantityName = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const numberOrTextSchemas = {
  [intOrStringName]: {
    format: "int-or-string",
    oneOf: [{ type: "integer" }, { type: "string" }],
  },
  [quantityName]: { oneOf: [{ type: "string" }, { type: "number" }] },
};

const deleteOptionsSchema = object({
  apiVersion: string,
  kind: string,
  dryRun: list(string),
  gracePeriodSeconds: int64,
  orphanDependents: boolean,
  preconditions: object({ uid: string, resourceVersion: string }),
  propagationPolicy: string,
});

function schemaName({ kind }: Resource): string {
  const group = kind.group === "" ? "core" : kind.group.split(".").reverse().join(".");
  return `${group}.${kind.version}.${kind.kind}`;
}

function referTo(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function schemaOf(resource: Resource): object {
  const whole = objectSchema(resource);
  const schema = resource.custom ? whole : described(resource.kind.kind, whole, "");
  const { properties = {}, ...rest } = plainOpenApi(schema) as {
    readonly properties?: Readonly<Record<string, object>>;
  };
  return {
    ...rest,
    properties: {
      ...properties,
      metadata: {
        description: "Standard object's metadata.",
        allOf: [referTo(`${metaPackage}.ObjectMeta`)],
      },
    },
    "x-kubernetes-group-version-kind": [groupVersionKind(resource)],
  };
}

/** With the descriptions of built-in kinds' fields, where the schema has none of its own. */
function described(kind: string, schema: Schema, path: string): Schema {
  const { properties, items, additionalProperties } = schema;
  const description = schema.description ?? fieldDescription(kind, path);
  if (schema["x-kubernetes-int-or-string"] === true) {
    const name = schema.format === "quantity" ? quantityName : intOrStringName;
    // A reference is no schema of ours, but it stands where plain OpenAPI has one.
    return { ...(description !== undefined && { description }), allOf: [referTo(name)] } as Schema;
  }
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [
    name,
    described(kind, field, path === "" ? name : `${path}.${name}`),
  ]);
  return {
    ...schema,
    ...(description !== undefined && { description }),
    ...(properties && { properties: Object.fromEntries(fields) as Schema["properties"] }),
    ...(items && { items: withoutDescription(described(kind, items, path)) }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: withoutDescription(described(kind, additionalProperties, path)),
    }),
  } as Schema;
}

/** What is said of a list need not be said again of each item. */
function withoutDescription({ description: _description, ...schema }: Schema): Schema {
  return schema;
}

function listSchemaOf(resource: Resource): object {
  const { apiVersion, kind } = objectSchema(resource).properties ?? {};
  const item = groupVersionKind(resource);
  return {
    type: "object",
    description: `A list of ${resource.kind.kind} objects.`,
    required: ["items"],
    properties: {
      apiVersion,
      kind,
      metadata: {
        description: "Standard list metadata.",
        allOf: [referTo(`${metaPackage}.ListMeta`)],
      },
      items: { type: "array", items: { allOf: [referTo(schemaName(resource))] } },
    },
    "x-kubernetes-group-version-kind": [{ ...item, kind: `${item.kind}List` }],
  };
}

function groupVersionKind({ kind }: Resource) {
  return { group: kind.group, version: kind.version, kind: kind.kind };
}

function pathsOf(root: string, resource: Resource): object {
  const { kind } = resource;
  const space = kind.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `/${root}${space}/${kind.plural}`;
  const operation = (action: string, answer: string, parameters: readonly object[]): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": groupVersionKind(resource),
    ...(parameters.length > 0 && { parameters }),
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: referTo(answer) } },
      },
    },
  });
  const name = schemaName(resource);
  const written = {
    get: operation("get", name, []),
    put: operation("put", name, writeParameters),
    patch: operation("patch", name, patchParameters),
  };
  const listed = operation("list", `${name}List`, listParameters);
  return {
    [collection]: {
      get: listed,
      post: operation("post", name, writeParameters),
      delete: operation("deletecollection", `${metaPackage}.Status`, listParameters),
    },
    [`${collection}/{name}`]: {
      ...written,
      delete: operation("delete", `${metaPackage}.Status`, []),
    },
    ...(kind.subresources?.status === true && { [`${collection}/{name}/status`]: written }),
    ...(kind.namespaced && { [`/${root}/${kind.plural}`]: { get: listed } }),
  };
}

function queryParameter(type: "string" | "integer" | "boolean"): (name: string) => object {
  return (name) => ({ name, in: "query", schema: { type, uniqueItems: true } });
}

/** kubectl leaves validation to the server only where it sees the parameter. */
const writeParameters = ["dryRun", "fieldManager", "fieldValidation"].map(queryParameter("string"));
const patchParameters = [...writeParameters, queryParameter("boolean")("force")];
const listParameters = [
  ...["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch"].map(
    queryParameter("string"),
  ),
  ...["limit", "timeoutSeconds"].map(queryParameter("integer")),
  ...["allowWatchBookmarks", "sendInitialEvents", "watch"].map(queryParameter("boolean")),
];

function hashOf(text: string): string {
  return fnv1a(text).toString(16).toUpperCase().padStart(8, "0");
}

/**
 * openapi.v2.Document in protobuf: swagger "2.0" (field 1), info (2) with title (1) and version (2),
 * paths (8) and definitions (9), both empty.
 */
function emptyVersion2(): Response {
  const bytes = new Uint8Array([
    0x0a, 0x03, 0x32, 0x2e, 0x30, 0x12, 0x06, 0x0a, 0x01, 0x64, 0x12, 0x01, 0x31, 0x42, 0x00, 0x4a,
    0x00,
  ]);
  return new Response(bytes, {
    headers: { "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" },
  });
}

function json(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}
