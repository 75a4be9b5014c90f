// The schema of metadata, of the object itself and of the templates in it, and of the small shapes
// that many kinds share.
import {
  atomic,
  boolean,
  int32,
  int64,
  list,
  map,
  mapList,
  object,
  oneOf,
  set,
  string,
  time,
  anyObject,
  type Schema,
} from "./schema.ts";

/** A time that Go writes as null when it is not set. */
export const nullableTime: Schema = { ...time, nullable: true };

const ownerReferenceSchema: Schema = atomic(
  object(
    {
      apiVersion: string,
      kind: string,
      name: string,
      uid: string,
      controller: boolean,
      blockOwnerDeletion: boolean,
    },
    "apiVersion",
    "kind",
    "name",
    "uid",
  ),
);

const managedFieldsEntrySchema: Schema = object({
  manager: string,
  operation: string,
  apiVersion: string,
  time,
  fieldsType: string,
  fieldsV1: anyObject,
  subresource: string,
});

export const objectMetaSchema: Schema = object({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: nullableTime,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: int64,
  labels: map(string),
  annotations: map(string),
  ownerReferences: mapList(ownerReferenceSchema, "uid"),
  finalizers: set(string),
  managedFields: list(managedFieldsEntrySchema),
});

export const labelSelectorSchema: Schema = atomic(
  object({
    matchLabels: map(string),
    matchExpressions: list(
      object({ key: string, operator: string, values: list(string) }, "key", "operator"),
    ),
  }),
);

export const objectReferenceSchema: Schema = atomic(
  object({
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    uid: string,
    resourceVersion: string,
    fieldPath: string,
  }),
);

export const localReferenceSchema: Schema = atomic(object({ name: string }));

/** The conditions of a kind, with what its conditions say beside the transition. */
export function conditionsWith(more: Readonly<Record<string, Schema>>): Schema {
  const fields = {
    type: string,
    status: oneOf("True", "False", "Unknown"),
    reason: string,
    message: string,
    lastTransitionTime: nullableTime,
    ...more,
  };
  return mapList(object(fields, "type", "status"), "type");
}

export const conditionsSchema: Schema = conditionsWith({});

/** metav1.Condition. */
export const observedConditionsSchema: Schema = conditionsWith({ observedGeneration: int64 });

/** What a load balancer says of one of its ports. */
export const portStatusSchema: Schema = object(
  { port: int32, protocol: string, error: string },
  "port",
  "protocol",
);
