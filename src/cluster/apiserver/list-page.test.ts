// Lists in pages and of earlier revisions: consistent whatever is written meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../resources/object.ts";
import { ApiProblem } from "../api-status.ts";
import { listPage, type ListPage } from "./list-page.ts";
import { Store } from "./store.ts";

function thing(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace: "default", labels } };
}

function storeOf(...names: readonly string[]): Store {
  const store = new Store({ historyLength: 4 });
  for (const name of names) store.put("things", thing(name));
  return store;
}

function list(store: Store, query: Readonly<Record<string, string>> = {}): ListPage {
  return listPage({
    store,
    storageId: "things",
    namespace: "default",
    matches: () => true,
    query: new URLSearchParams(query),
  });
}

const names = ({ objects }: ListPage): readonly string[] =>
  objects.map(({ metadata }) => metadata.name);

function problem(run: () => unknown): ApiProblem {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ApiProblem);
    return error;
  }
  return assert.fail("nothing was refused");
}

test("pages show one revision, though objects come and go between them", () => {
  const store = storeOf("a", "b", "c", "d", "e");
  const first = list(store, { limit: "2" });
  assert.deepEqual(names(first), ["a", "b"]);
  assert.equal(first.metadata.resourceVersion, "5");
  assert.equal(first.metadata.remainingItemCount, 3);
  store.remove("things", "default/c");
  store.put("things", thing("cc"));
  const next = { limit: "2", continue: first.metadata.continue ?? "" };
  const second = list(store, next);
  assert.deepEqual(names(second), ["c", "d"]);
  assert.equal(second.metadata.resourceVersion, "5");
  const third = list(store, { limit: "2", continue: second.metadata.continue ?? "" });
  assert.deepEqual(names(third), ["e"]);
  assert.equal(third.metadata.continue, undefined);
  assert.deepEqual(names(list(store)), ["a", "b", "cc", "d", "e"]);
});

test("a limit that is not positive is none", () => {
  const store = storeOf("a", "b");
  for (const limit of ["0", "-1"]) assert.deepEqual(names(list(store, { limit })), ["a", "b"]);
});

test("a page whose revision is forgotten says so, and how to go on with what is there", () => {
  const store = storeOf("a", "b", "c");
  const { metadata } = list(store, { limit: "1" });
  for (let write = 0; write < 10; write++) store.put("things", thing("z"));
  const refused = problem(() => list(store, { limit: "1", continue: metadata.continue ?? "" }));
  assert.equal(refused.code, 410);
  assert.equal(refused.reason, "Expired");
  assert.match(refused.message, /^The provided continue parameter is too old/);
  const rest = list(store, { continue: refused.continueToken ?? "" });
  assert.deepEqual(names(rest), ["b", "c", "z"]);
  assert.equal(rest.metadata.resourceVersion, String(store.revision));
});

test("an exact revision is what was stored then", () => {
  const store = storeOf("a", "b");
  store.put("things", thing("a", { changed: "yes" }));
  store.remove("things", "default/b");
  const exact = { resourceVersionMatch: "Exact" };
  const then = list(store, { resourceVersion: "2", ...exact });
  assert.deepEqual(names(then), ["a", "b"]);
  assert.deepEqual(then.objects[0]?.metadata.labels, {});
  assert.equal(then.metadata.resourceVersion, "2");
  assert.deepEqual(names(list(store, { resourceVersion: "2" })), ["a"]);
});

test("what selectors leave is not counted", () => {
  const store = storeOf("a", "b", "c");
  const { metadata } = list(store, { limit: "1", labelSelector: "x" });
  assert.equal(metadata.remainingItemCount, undefined);
  assert.ok(metadata.continue);
});

const refusals: readonly {
  readonly name: string;
  readonly query: Readonly<Record<string, string>>;
  readonly code: number;
  readonly message: RegExp;
}[] = [
  {
    name: "a revision that has not been reached",
    query: { resourceVersion: "99" },
    code: 504,
    message: /^Too large resource version: 99, current: 3$/,
  },
  {
    name: "a match without a revision",
    query: { resourceVersionMatch: "Exact" },
    code: 422,
    message: /Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided$/,
  },
  {
    name: "a match of an unknown kind",
    query: { resourceVersionMatch: "About", resourceVersion: "1" },
    code: 422,
    message: /Unsupported value: "About"/,
  },
  {
    name: "a revision beside a continue token",
    query: { continue: "x", resourceVersion: "1" },
    code: 400,
    message: /specifying resource version is not allowed when using continue/,
  },
  {
    name: "a continue token of another server",
    query: { continue: "nonsense" },
    code: 400,
    message: /^continue key is not valid$/,
  },
  {
    name: "a revision that is no number",
    query: { resourceVersion: "new" },
    code: 400,
    message: /resourceVersion: Invalid value: "new"/,
  },
];

for (const { name, query, code, message } of refusals)
  test(`refused: ${name}`, () => {
    const refused = problem(() => list(storeOf("a", "b", "c"), query));
    assert.equal(refused.code, code);
    assert.match(refused.message, message);
  });
