// The schema of metadata, of the object itself and of the templates in it, and of the small shapes
// that many kinds share.
import {
  atomic,
  boolean,
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

export const objectMetaSchema: Schema = object({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: { ...time, nullable: true },
  deletionTimestamp: time,
  deletionGracePeriodSeconds: int64,
  labels: map(string),
  annotations: map(string),
  ownerReferences: mapList(ownerReferenceSchema, "uid"),
  finalizers: set(string),
  managedFields: list(anyObject),
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

/** Conditions of built-in kinds; some carry times of their own beside the transition. */
export const conditionsSchema: Schema = mapList(
  object(
    {
      type: string,
      status: oneOf("True", "False", "Unknown"),
      reason: string,
      message: string,
      observedGeneration: int64,
      lastTransitionTime: { ...time, nullable: true },
      lastUpdateTime: { ...time, nullable: true },
      lastProbeTime: { ...time, nullable: true },
      lastHeartbeatTime: { ...time, nullable: true },
    },
    "type",
    "status",
  ),
  "type",
);
