// Whatever is sent, the answer is a Status or an object, and never an internal error: random damage
// is done to good requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject } from "../../lib/json.ts";
import { seededRandom } from "../../lib/random.ts";
import type { Random } from "../../lib/random.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { customKinds } from "../../resources/custom-kinds.ts";
import type { Kind } from "../../resources/kind.ts";
import type { Schema } from "../../resources/schema.ts";
import { openTestPlane } from "./plane-fixture.ts";

const kinds = [...builtinKinds, ...customKinds];

test("no request makes the server fail", async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const failures: string[] = [];
  const { call } = openTestPlane({ customKinds, log: (line) => failures.push(line) });
  const counts = new Map<number, number>();
  for (let round = 0; round < 1500; round++) {
    const kind = pick(random, kinds);
    const { method, path, body, type } = randomRequest(random, kind);
    const { status } = await call(method, path, body, { "content-type": type });
    counts.set(status, (counts.get(status) ?? 0) + 1);
    assert.deepEqual(failures, [], `${method} ${path} ${JSON.stringify(body)}`);
  }
  t.diagnostic([...counts].map((pair) => pair.join(": ")).join(", "));
  for (const code of [200, 201, 400, 404, 422])
    assert.ok((counts.get(code) ?? 0) > 0, `${code} never occurred: ${[...counts].join(" ")}`);
});

type RandomRequest = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly type: string;
};

function randomRequest(random: Random, kind: Kind): RandomRequest {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = `${root}${kind.namespaced ? "/namespaces/default" : ""}/${kind.plural}`;
  const name = pick(random, ["a", "b", "c"]);
  const subresource = pick(random, ["", "", "", "/status", "/scale"]);
  const object = damaged(random, {
    metadata: { name, ...(random() < 0.2 && { labels: { k: "v" }, finalizers: ["x.dev/y"] }) },
    ...(valueFor(random, kind.schema, 0) as object),
  });
  const method = pick(random, ["POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "GET"]);
  const type = method === "PATCH" ? pick(random, patchTypes) : "application/json";
  const body = type.includes("json-patch") ? randomOperations(random) : object;
  return {
    method,
    path: method === "POST" ? collection : `${collection}/${name}${subresource}`,
    body: method === "GET" ? undefined : body,
    type,
  };
}

const patchTypes = [
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/json-patch+json",
] as const;

function randomOperations(random: Random): readonly object[] {
  const path = pick(random, [
    "/spec",
    "/spec/replicas",
    "/metadata/labels",
    "/data/k",
    "",
    "x",
    "/-",
  ]);
  const op = pick(random, ["add", "remove", "replace", "test", "move", "copy", "dance"]);
  return [{ op, path, from: "/spec", value: pick(random, odd) }];
}

/** A value that mostly fits the schema. */
function valueFor(random: Random, schema: Schema, depth: number): unknown {
  if (depth > 7) return undefined;
  if (schema.enum && random() < 0.9) return pick(random, schema.enum);
  if (schema["x-kubernetes-int-or-string"]) return pick(random, [1, "1", "50%", "100m"]);
  switch (schema.type) {
    case "object":
      return objectFor(random, schema, depth);
    case "array": {
      const length = Math.floor(random() * 3);
      return Array.from({ length }, () => valueFor(random, schema.items ?? {}, depth + 1) ?? null);
    }
    case "integer":
      return pick(random, [0, 1, 2, 80, -1]);
    case "number":
      return pick(random, [0, 0.5, 3]);
    case "boolean":
      return random() < 0.5;
    case "string":
      return pick(random, ["a", "b-c", "", "main", "Always", "TCP", "2026-01-02T03:04:05Z"]);
    case undefined:
      return pick(random, odd);
  }
  return schema.type satisfies never;
}

function objectFor(random: Random, schema: Schema, depth: number): object {
  const object: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.properties ?? {}))
    if (schema.required?.includes(key) ? random() < 0.97 : random() < 0.25)
      object[key] = valueFor(random, field, depth + 1);
  if (typeof schema.additionalProperties === "object")
    object[pick(random, ["k", "cpu", "app"])] = valueFor(
      random,
      schema.additionalProperties,
      depth + 1,
    );
  return object;
}

const odd: readonly unknown[] = [null, 0, -1, 1.5, "", "x", true, [], {}, [null], { a: null }];

/** Now and then one part is replaced by something odd. */
function damaged(random: Random, value: unknown): unknown {
  if (random() < 0.01) return pick(random, odd);
  if (Array.isArray(value)) return value.map((item: unknown) => damaged(random, item));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, damaged(random, item)]);
  if (random() < 0.02) entries.push([pick(random, ["$patch", "$retainKeys", "foo"]), "delete"]);
  return Object.fromEntries(entries);
}

function pick<T>(random: Random, items: readonly T[]): T {
  // The index is below the length.
  return items[Math.floor(random() * items.length)] as T;
}
