// A stored custom object as a version of its kind shows it. Objects are stored as they were written;
// what the version's schema does not know is left out, and what it fills in is there.
import type { KubeObject } from "../../resources/object.ts";
import type { Resource } from "../resource-catalog.ts";
import { objectSchema } from "../schema/object-schema.ts";
import { applyDefaults } from "../schema/schema-defaults.ts";
import { prune } from "../schema/schema-unknown.ts";

type Shown = { readonly resource: Resource; readonly object: KubeObject };

/** The version that was asked for last; nearly everybody asks for the same one. */
const shown = new WeakMap<KubeObject, Shown>();

/** Returns the object itself where nothing about it changes, so that its text is made once. */
export function customObjectInVersion(resource: Resource, object: KubeObject): KubeObject {
  const known = shown.get(object);
  if (known?.resource === resource) return known.object;
  const schema = objectSchema(resource);
  const { group, version } = resource.kind;
  const apiVersion = `${group}/${version}`;
  const named = object.apiVersion === apiVersion ? object : { ...object, apiVersion };
  const pruned = prune(schema, named, { dropsNull: false, onUnknown: () => {} });
  const result = applyDefaults(schema, pruned) as KubeObject;
  shown.set(object, { resource, object: result });
  return result;
}
