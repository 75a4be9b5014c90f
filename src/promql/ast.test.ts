import assert from "node:assert/strict";
import { test } from "node:test";
import { mapSelectors, selectorsOf, walk } from "./ast.ts";
import { parseQuery } from "./parse.ts";
import { printExpr } from "./print.ts";

function parsed(text: string) {
  const result = parseQuery(text);
  assert.ok(result.kind === "parsed");
  return result.expr;
}

const query =
  "topk(scalar(k), sum by (pod) (rate(a[1m] offset 5m)) + -b) > max_over_time(c[1h:1m]) * 2";

test("every selector can be rewritten, wherever it stands, and the rest stays", () => {
  const scoped = mapSelectors(parsed(query), (selector) => ({
    ...selector,
    matchers: [...selector.matchers, { label: "namespace", op: "=", value: "default" }],
  }));
  assert.equal(
    printExpr(scoped),
    query.replaceAll(/\b([abck])\b(?=[)[ ])/g, '$1{namespace="default"}'),
  );
  assert.deepEqual(
    selectorsOf(scoped).map(({ name }) => name),
    ["k", "a", "b", "c"],
  );
});

test("a node is visited before what is below it, with all that is above it", () => {
  const seen: string[] = [];
  walk(parsed("sum(rate(a[1m])) / 2"), (node, ancestors) =>
    seen.push([...ancestors, node].map(({ kind }) => kind).join(" > ")),
  );
  assert.deepEqual(seen, [
    "binary",
    "binary > aggregation",
    "binary > aggregation > call",
    "binary > aggregation > call > rangeSelector",
    "binary > aggregation > call > rangeSelector > vectorSelector",
    "binary > number",
  ]);
});

test("positions point into the text", () => {
  const text = 'sum(up{a="b"}) > 1';
  const places: string[] = [];
  walk(parsed(text), ({ from, to }) => places.push(text.slice(from, to)));
  assert.deepEqual(places, [text, 'sum(up{a="b"})', 'up{a="b"}', "1"]);
});
