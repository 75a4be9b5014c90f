// The schema of a whole object: what its kind describes, and the fields that every object has.
import { objectMetaSchema } from "../../resources/object-meta-schema.ts";
import type { Schema } from "../../resources/schema.ts";
import type { Resource } from "../resource-catalog.ts";

const identity: Readonly<Record<string, Schema>> = {
  apiVersion: { type: "string", description: "The versioned schema of this object." },
  kind: { type: "string", description: "The resource that this object represents." },
};

const schemas = new WeakMap<Schema, Schema>();

export function objectSchema({ kind }: Resource): Schema {
  let schema = schemas.get(kind.schema);
  if (!schema) {
    schema = {
      ...kind.schema,
      type: "object",
      properties: {
        ...identity,
        metadata: { description: "Standard object's metadata.", ...objectMetaSchema },
        ...withoutMetadata(kind.schema.properties ?? {}),
      },
    };
    schemas.set(kind.schema, schema);
  }
  return schema;
}

/** CRDs written by others may describe metadata again; only ours counts. */
function withoutMetadata(
  properties: Readonly<Record<string, Schema>>,
): Readonly<Record<string, Schema>> {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = properties;
  return rest;
}
