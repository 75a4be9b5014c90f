// The table of messages against the schemas of our kinds: whoever adds a field to one learns here
// that the other lacks it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import type { Schema } from "../../resources/schema.ts";
import type { Field, FieldForm, Fields } from "./message.ts";
import { bodyMessage, messages } from "./messages.ts";
import { isScalar } from "./scalars.ts";

/** Fields of a message by the names that they have in JSON; inlined ones stand beside the others. */
function byName(fields: Fields): ReadonlyMap<string, Field> {
  return new Map(
    Object.values(fields).flatMap((field): [string, Field][] =>
      field[2] === "inline" ? [...byName(messages[field[1]] ?? {})] : [[field[0], field]],
    ),
  );
}

/** What a field of this schema is on the wire, as far as the schema tells. */
function typesOf(schema: Schema): readonly string[] {
  if (schema.format === "quantity") return ["quantity"];
  if (schema["x-kubernetes-int-or-string"]) return ["intOrString"];
  switch (schema.type) {
    case "string":
      if (schema.format === "date-time") return ["time", "microTime"];
      return [schema.format === "byte" ? "bytes" : "string"];
    case "integer":
      return ["int"];
    case "boolean":
      return ["bool"];
    case "number":
      return ["double"];
    case "array":
    case "object":
    case undefined:
      return ["json"];
  }
  return schema.type satisfies never;
}

function expectedForms(schema: Schema): readonly FieldForm[] {
  if (schema.type === "array") return ["list"];
  if (schema.type === "object" && schema.additionalProperties) return ["map"];
  return ["one", "always", "pointer"];
}

/** Messages whose schemas say no more than that they are objects. */
const takenAsTheyAre: readonly string[] = [
  // Schemas of schemas are checked by structural-schema.ts.
  "JSONSchemaProps",
  "CustomResourceSubresourceStatus",
  // Refused whatever it says.
  "WebhookConversion",
  // Volumes that Kubernetes has deprecated; nothing mounts them here.
  "AWSElasticBlockStoreVolumeSource",
  "AzureDiskVolumeSource",
  "AzureFileVolumeSource",
  "CephFSVolumeSource",
  "CinderVolumeSource",
  "FCVolumeSource",
  "FlexVolumeSource",
  "FlockerVolumeSource",
  "GCEPersistentDiskVolumeSource",
  "GitRepoVolumeSource",
  "GlusterfsVolumeSource",
  "ISCSIVolumeSource",
  "PhotonPersistentDiskVolumeSource",
  "PortworxVolumeSource",
  "QuobyteVolumeSource",
  "RBDVolumeSource",
  "ScaleIOVolumeSource",
  "StorageOSVolumeSource",
  "VsphereVirtualDiskVolumeSource",
];

/** What differs between a message and the schema of the same thing, with the place of each. */
function differences(message: string, schema: Schema, path: string): readonly string[] {
  const fields = messages[message];
  assert.ok(fields, `${path} has the message ${message}`);
  const named = byName(fields);
  const properties = schema.properties ?? {};
  if (schema["x-kubernetes-preserve-unknown-fields"] === true)
    return takenAsTheyAre.includes(message) ? [] : [`${path} has no fields (${message})`];
  const extra = [...named.keys()].filter((key) => !Object.hasOwn(properties, key));
  return [
    ...extra.map((key) => `${path}.${key} is not in the schema (${message})`),
    ...Object.entries(properties).flatMap(([key, property]) => {
      const field = named.get(key);
      const at = `${path}.${key}`;
      return field ? fieldDifferences(field, property, at) : [`${at} is not in ${message}`];
    }),
  ];
}

function fieldDifferences(
  [, type, form = "one"]: Field,
  schema: Schema,
  at: string,
): readonly string[] {
  if (type.startsWith("schemaOr") || type === "json") return [];
  const forms = expectedForms(schema);
  if (!forms.includes(form)) return [`${at} is ${form}, not ${forms.join(" or ")}`];
  const { additionalProperties, items = {} } = schema;
  const value =
    form === "list"
      ? items
      : typeof additionalProperties === "object"
        ? additionalProperties
        : schema;
  if (!isScalar(type)) return differences(type, value, at);
  const types = type === "texts" ? ["json"] : typesOf(value);
  return types.includes(type) ? [] : [`${at} is ${type}, not ${types.join(" or ")}`];
}

for (const { group, kind, schema } of builtinKinds)
  test(`${kind} has the same fields in protobuf and in its schema`, () => {
    assert.ok(
      bodyMessage(group, kind),
      `${kind} of ${group} is not among the bodies in messages.ts`,
    );
    const whole = { ...schema, properties: { metadata: objectMetaSchema, ...schema.properties } };
    assert.deepEqual(differences(kind, whole, kind), []);
  });

test("every message that a field names is in the table", () => {
  for (const [name, fields] of Object.entries(messages))
    for (const [json, type] of Object.values(fields))
      assert.ok(
        isScalar(type) || type.startsWith("schemaOr") || Object.hasOwn(messages, type),
        `${name}.${json} is of the unknown type ${type}`,
      );
});
