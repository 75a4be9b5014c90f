// Checks properties of the code itself: the order of the layers, the reality of every import, and
// that the pure layers stay pure. The order is the table of DESIGN.md; ARCHITECTURE.md explains it.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

/** Each layer may import the layers before it; a folder imports no sibling of its own layer. */
const layers: readonly (readonly string[])[] = [
  ["lib"],
  ["resources", "metrics", "inference"],
  ["promql", "scaling", "routing"],
  ["intent"],
  ["kube", "telemetry", "storage", "modelserver"],
  ["triggers"],
  ["controllers", "cluster"],
  ["cli"],
  ["main.ts"],
];
const pureLayers = 4;

/** The parts of `cluster` stand apart: each may import the listed ones; `cluster.ts` joins them all. */
const clusterParts: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  patch: ["schema"],
  cel: ["schema"],
  protobuf: [],
  streams: [],
  webhooks: ["cel", "patch"],
  apiserver: ["schema", "cel", "patch", "protobuf", "streams", "webhooks"],
  workloads: [],
  kubelet: ["apiserver"],
  ingress: ["network"],
  network: [],
};

/** What the parts speak in: they stand above all of them. */
const clusterWords = [
  "src/cluster/address-blocks.ts",
  "src/cluster/api-status.ts",
  "src/cluster/resource-catalog.ts",
];

// Explicit `.ts` extensions make resolution a plain path join, so no resolver is needed.
const importPattern =
  /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["'](\.{1,2}\/[^"']+)["']|\bimport\(["'](\.{1,2}\/[^"']+)["']\)/gm;

const files = globSync("src/**/*.ts").filter((file) => !file.endsWith(".test.ts"));
const sources = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
const graph = new Map([...sources].map(([file, source]) => [file, importsOf(file, source)]));

function importsOf(file: string, source: string): string[] {
  const matches = source.matchAll(importPattern);
  return [...matches].map((match) => join(dirname(file), match[1] ?? match[2] ?? ""));
}

const folderOf = (file: string): string => file.split("/").at(1) ?? "";
const layerOf = (file: string): number =>
  layers.findIndex((folders) => folders.includes(folderOf(file)));

test("the walk found source files and imports", () => {
  assert.ok(files.length > 50, `only ${files.length} files`);
  assert.ok([...graph.values()].some((targets) => targets.length > 0));
});

test("every file stands in a declared layer, at most two folders deep", () => {
  for (const file of files) {
    assert.ok(layerOf(file) >= 0, `${file} is in no declared layer`);
    assert.ok(file.split("/").length <= 4, `${file} is nested too deep`);
  }
});

test("every relative import names a real file", () => {
  for (const [file, targets] of graph)
    for (const target of targets) assert.ok(graph.has(target), `${file} imports ${target}`);
});

test("layers point inward", () => {
  for (const [file, targets] of graph)
    for (const target of targets)
      assert.ok(
        folderOf(file) === folderOf(target) || layerOf(target) < layerOf(file),
        `${file} may not import ${target}`,
      );
});

test("the parts of the cluster do not lean on each other", () => {
  const partOf = (file: string): string | undefined => /^src\/cluster\/(\w+)\//.exec(file)?.[1];
  const parted = [...graph].filter(([file]) => partOf(file) && !file.includes("-fixture"));
  assert.ok(parted.length > 50);
  for (const [file, targets] of parted)
    for (const target of targets) {
      const [from = "", to] = [partOf(file), partOf(target)];
      const allowed = [undefined, from, ...(clusterParts[from] ?? [])];
      assert.ok(
        clusterWords.includes(target) ||
          (allowed.includes(to) && (to !== undefined || !target.startsWith("src/cluster/"))),
        `${file} may not import ${target}`,
      );
    }
});

test("layers 0 to 3 neither tell the time nor do I/O", () => {
  const impure =
    /\bnew Date\b|\bDate\.(?:now|UTC|parse)\b|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\(|\bfetch\(|\bprocess\.|\bperformance\.|from "node:(?!assert)/;
  const checked = files.filter(
    (file) =>
      layerOf(file) < pureLayers &&
      !["src/lib/wall-clock.ts", "src/lib/timestamp.ts"].includes(file),
  );
  assert.ok(checked.length > 10);
  for (const file of checked) {
    const found = impure.exec(sources.get(file) ?? "");
    assert.equal(found, null, `${file} uses ${found?.[0]}`);
  }
});
