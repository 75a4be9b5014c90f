import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../resources/object.ts";
import { indexBy } from "./cache-index.ts";
import type { ChangeListener } from "./watch-cache.ts";

const object = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
});

test("an index follows what appears, moves and goes", () => {
  let tell: ChangeListener<KubeObject> = () => {};
  const cache = {
    subscribe(listener: ChangeListener<KubeObject>) {
      tell = listener;
      return () => {};
    },
  };
  const byLabel = indexBy(cache, ({ metadata }) => Object.keys(metadata.labels ?? {}));
  const names = (key: string) => byLabel(key).map(({ metadata }) => metadata.name);
  const [first, second] = [object("a", { red: "" }), object("b", { red: "", blue: "" })];
  tell({ key: "a", new: first });
  tell({ key: "b", new: second });
  assert.deepEqual([names("red"), names("blue"), names("none")], [["a", "b"], ["b"], []]);
  const moved = object("a", { blue: "" });
  tell({ key: "a", old: first, new: moved });
  assert.deepEqual([names("red"), names("blue")], [["b"], ["b", "a"]]);
  tell({ key: "b", old: second });
  assert.deepEqual([names("red"), names("blue")], [[], ["a"]]);
  assert.equal(byLabel("blue")[0], moved, "the newest state");
});
