// Random patches on random objects: each format keeps its laws, refuses what makes no sense with an
// ApiProblem, and leaves alone what it was given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../lib/random.ts";
import type { Random } from "../../lib/random.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import type { KubeObject } from "../../resources/object.ts";
import { podKind } from "../../resources/pod.ts";
import {
  chance,
  pick,
  randomJson,
  randomObject,
  randomValue,
} from "../../resources/random-value-fixture.ts";
import { serviceKind } from "../../resources/service.ts";
import { ApiProblem } from "../api-status.ts";
import { builtIn, type Resource } from "../resource-catalog.ts";
import { objectSchema } from "../schema/object-schema.ts";
import { apply, readConfiguration } from "./apply.ts";
import { mergePatch } from "./merge-patch.ts";
import { patchFunction } from "./patch.ts";

const cases = 1500;
const resources = [builtIn(deploymentKind), builtIn(podKind), builtIn(serviceKind)] as const;

/** Runs `law` with a generator of its own for each case; a failure says how to run it again. */
function fuzz(name: string, law: (random: Random) => void): void {
  test(name, () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
    for (let index = 0; index < cases; index++)
      try {
        law(seededRandom(seed + index));
      } catch (error) {
        throw new Error(`SEED=${seed + index} does it again`, { cause: error });
      }
  });
}

/** What the patch makes of it, or undefined when it is refused; any other error is passed on. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ApiProblem && error.code < 500) return undefined;
    throw error;
  }
}

function requireOrdinary(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  assert.ok(
    prototype === Object.prototype || prototype === Array.prototype,
    "has a prototype of its own",
  );
  Object.values(value).forEach(requireOrdinary);
}

/** A patch by the schema, now and then with a directive or a null in it. */
function randomPatch(resource: Resource, random: Random, directives: boolean): object {
  const patch = randomValue(objectSchema(resource), random, {
    misfits: directives ? 0.05 : 0,
  }) as object;
  return directives ? (withDirectives(patch, random) as object) : patch;
}

function withDirectives(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => withDirectives(item, random));
    return chance(random, 0.1) ? [...items, { $patch: "replace" }] : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    if (chance(random, 0.05)) return [[key, null]];
    const order = Array.isArray(field) && chance(random, 0.3);
    return [
      [key, withDirectives(field, random)],
      ...(order ? [[`$setElementOrder/${key}`, field] as [string, unknown]] : []),
      ...(chance(random, 0.05)
        ? [[`$deleteFromPrimitiveList/${key}`, randomJson(random, 1)] as [string, unknown]]
        : []),
    ];
  });
  if (chance(random, 0.05))
    fields.push(["$patch", pick<unknown>(random, ["replace", "delete", "merge", "what", 7])]);
  if (chance(random, 0.05)) fields.push(["$retainKeys", randomJson(random, 1)]);
  return Object.fromEntries(fields);
}

fuzz("a merge patch twice is as once, and nothing of it changes nothing", (random) => {
  const target = randomJson(random);
  const patch = randomJson(random);
  const before = JSON.stringify([target, patch]);
  const once = mergePatch(target, patch);
  requireOrdinary(once);
  assert.deepEqual(mergePatch(once, patch), once);
  assert.deepEqual(
    mergePatch(target, {}),
    typeof target === "object" && target !== null && !Array.isArray(target) ? target : {},
  );
  assert.equal(JSON.stringify([target, patch]), before);
});

fuzz("a strategic merge patch without directives twice is as once", (random) => {
  const resource = pick(random, resources);
  const target = randomValue(objectSchema(resource), random) as object;
  const change = patchFunction(
    "application/strategic-merge-patch+json",
    randomPatch(resource, random, false),
    resource,
  );
  const before = JSON.stringify(target);
  const once = attempt(() => change(target));
  if (once === undefined) return;
  requireOrdinary(once);
  assert.deepEqual(change(once as object), once);
  assert.equal(JSON.stringify(target), before);
});

fuzz("directives of a strategic merge patch do what they say or are refused", (random) => {
  const resource = pick(random, resources);
  const target = randomValue(objectSchema(resource), random) as object;
  const patch = randomPatch(resource, random, true);
  const before = JSON.stringify([target, patch]);
  requireOrdinary(
    attempt(() => patchFunction("application/strategic-merge-patch+json", patch, resource)(target)),
  );
  assert.equal(JSON.stringify([target, patch]), before);
});

function randomPointer(value: unknown, random: Random): string {
  if (typeof value !== "object" || value === null || chance(random, 0.2))
    return chance(random, 0.2)
      ? pick<string>(random, ["/-", "/0", "/__proto__", "a", "/~2", "/a/b"])
      : "";
  const keys = Object.keys(value);
  const key = keys[Math.floor(random() * keys.length)] ?? "a";
  const escaped = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return `/${escaped}${randomPointer((value as Record<string, unknown>)[key], random)}`;
}

fuzz("a JSON patch is applied as a whole or refused", (random) => {
  const resource = pick(random, resources);
  const target = randomObject(random);
  const operations = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
    chance(random, 0.05)
      ? randomJson(random, 1)
      : {
          op: pick<string>(random, ["add", "remove", "replace", "move", "copy", "test", "spin"]),
          path: randomPointer(target, random),
          from: randomPointer(target, random),
          value: randomJson(random, 2),
        },
  );
  const before = JSON.stringify(target);
  const change = patchFunction("application/json-patch+json", operations, resource);
  requireOrdinary(attempt(() => change(target)));
  assert.equal(JSON.stringify(target), before);
});

fuzz("applying a configuration again changes nothing", (random) => {
  const resource = pick(random, resources);
  const { group, version, kind } = resource.kind;
  const identity = {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
    metadata: { name: "x" },
  };
  const misfits = chance(random, 0.3) ? 0.02 : 0;
  const body = (): object => ({
    ...(randomValue(resource.kind.schema, random, { misfits }) as object),
    ...identity,
  });
  const applyAs = (live: KubeObject | undefined, configuration: object, manager: string) =>
    apply(live, readConfiguration(configuration, resource), {
      resource,
      manager,
      subresource: undefined,
      name: "x",
      force: true,
      nowMs: 0,
    });
  const first = attempt(() => applyAs(undefined, body(), "one"));
  const configuration = body();
  const second = attempt(() => applyAs(first, configuration, "two"));
  if (second === undefined) return;
  requireOrdinary(second);
  assert.deepEqual(applyAs(second, configuration, "two"), second);
});
