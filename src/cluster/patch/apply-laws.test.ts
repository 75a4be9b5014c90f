// What holds of server-side apply whoever applies and updates whatever: random stories of a few
// managers, from a seed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../lib/random.ts";
import type { Random } from "../../lib/random.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import type { KubeObject } from "../../resources/object.ts";
import { chance, pick, randomValue } from "../../resources/random-value-fixture.ts";
import { serviceKind } from "../../resources/service.ts";
import { ApiProblem } from "../api-status.ts";
import { builtIn, type Resource } from "../resource-catalog.ts";
import { objectSchema } from "../schema/object-schema.ts";
import { apply, readConfiguration } from "./apply.ts";
import { differenceOf, fieldsOf } from "./field-difference.ts";
import { difference, emptySet, intersection, pathsOf, union } from "./field-set.ts";
import { trackUpdate } from "./track-update.ts";

const stories = 150;
const steps = 8;
const managers = ["one", "two", "three"] as const;
const resources = [builtIn(deploymentKind), builtIn(serviceKind)] as const;

function eachStory(name: string, tell: (random: Random) => void): void {
  test(name, () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
    for (let index = 0; index < stories; index++)
      try {
        tell(seededRandom(seed + index));
      } catch (error) {
        throw new Error(`SEED=${seed + index} tells it again`, { cause: error });
      }
  });
}

function identityOf({ kind }: Resource): object {
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  return { apiVersion, kind: kind.kind, metadata: { name: "x" } };
}

/** A random configuration; undefined where it breaks a rule of its own, such as a repeated key. */
function randomConfiguration(resource: Resource, random: Random): KubeObject | undefined {
  // Null takes nothing from an object with owners in it, so it says little.
  const text = JSON.stringify(randomValue(resource.kind.schema, random));
  const body = JSON.parse(text, function (this: unknown, _key, value: unknown) {
    return value === null && !Array.isArray(this) ? undefined : value;
  }) as { readonly status?: unknown };
  const { status: _status, ...rest } = body;
  try {
    return readConfiguration({ ...rest, ...identityOf(resource) }, resource);
  } catch (error) {
    if (error instanceof ApiProblem) return undefined;
    throw error;
  }
}

function applied(
  live: KubeObject | undefined,
  configuration: KubeObject,
  { resource, manager, force }: { resource: Resource; manager: string; force: boolean },
): KubeObject {
  const subresource = undefined;
  return apply(live, configuration, { resource, manager, subresource, name: "x", force, nowMs: 0 });
}

function updated(old: KubeObject | undefined, next: KubeObject, resource: Resource): KubeObject {
  const update = { resource, manager: "updater", subresource: undefined, nowMs: 0 };
  const managedFields = trackUpdate(old, next, undefined, update);
  return { ...next, metadata: { ...next.metadata, managedFields } };
}

function ownedFields({ metadata }: KubeObject) {
  return (metadata.managedFields ?? []).reduce(
    (all, { fieldsV1 }) => union(all, fieldsV1),
    emptySet,
  );
}

/** Applies and updates, one after another; `check` sees each. */
function tellStory(
  random: Random,
  resource: Resource,
  options: { readonly updates: boolean },
  check: (object: KubeObject, configuration: KubeObject) => void,
): KubeObject | undefined {
  let object: KubeObject | undefined;
  for (let step = 0; step < steps; step++) {
    const configuration = randomConfiguration(resource, random);
    if (!configuration) continue;
    if (options.updates && chance(random, 0.3)) {
      object = updated(object, configuration, resource);
      continue;
    }
    object = applied(object, configuration, {
      resource,
      manager: pick(random, managers),
      force: true,
    });
    check(object, configuration);
  }
  return object;
}

eachStory("what was applied is so, and its manager owns it", (random) => {
  const resource = pick(random, resources);
  const schema = objectSchema(resource);
  tellStory(random, resource, { updates: true }, (object, configuration) => {
    const wanted = fieldsOf(schema, configuration);
    const { changed, removed } = differenceOf(schema, configuration, object);
    assert.deepEqual(pathsOf(intersection(wanted, union(changed, removed))), []);
  });
});

eachStory("nobody owns what is not there", (random) => {
  const resource = pick(random, resources);
  const schema = objectSchema(resource);
  tellStory(random, resource, { updates: true }, (object) => {
    const { changed: all } = differenceOf(schema, undefined, object);
    assert.deepEqual(pathsOf(difference(ownedFields(object), all)), []);
  });
});

eachStory("once every applier wants nothing any more, nothing is left", (random) => {
  const resource = pick(random, resources);
  let object = tellStory(random, resource, { updates: false }, () => {});
  if (!object) return;
  const nothing = readConfiguration(identityOf(resource), resource);
  for (const manager of managers)
    object = applied(object, nothing, { resource, manager, force: false });
  assert.deepEqual(object, { ...identityOf(resource), metadata: { name: "x", managedFields: [] } });
});
