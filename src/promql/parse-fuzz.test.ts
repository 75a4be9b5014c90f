// Queries that are nearly right: parsing ends, with a tree or with places in the text; and a tree that is
// printed and read again is the same tree.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated, seedOf } from "../lib/mutation-fixture.ts";
import { seededRandom } from "../lib/random.ts";
import type { Expr } from "./ast.ts";
import { parseQuery } from "./parse.ts";
import { printExpr } from "./print.ts";

const queries = [
  'sum by (pod, "a.b") (rate(vllm:requests_total{code=~"5..", pod!="x"}[5m] offset -1m)) > bool 0.5',
  'histogram_quantile(0.95, sum without (pod) (increase(latency_bucket{le!=""}[1h30m]))) or vector(0)',
  'a * on (pod) group_left (model, "x.y") b / ignoring (job) group_right c unless d and e',
  "max_over_time(deriv(queue[5m])[1h:30s] @ 1764000000.5) - -2 ^ 3 ^ -1 % 4 atan2 .5e-3",
  'topk(3, {"quoted.name", x="y"} @ end()) + on () count_values("v", f) == bool 0x1F',
  'label_replace(up, \'dst\', `$1`, "src", "(.*)\\\\n\\u00e9") # a comment\n + scalar(g offset 1y2w3d4h5m6s7ms)',
  'quantile_over_time(scalar(f), {__name__=~"a.+"}[10:]) <= -Inf + NaN + (time() - timestamp(h))',
  "absent_over_time(sum(a)[5m:1m] offset 1h @ start()) and clamp(sgn(i), -1, 1_000) >= pi()",
  "sort_desc(avg by () (sum)) + sum(start) + count without (by) (offset) ^ +(+1)",
];
const pieces = [
  ...Array.from("(){}[],:=<>+-*/%^@\"'`\\#"),
  ..."=~ !~ != == >= by without on ignoring group_left bool offset @start() [5m] [5m:1m]".split(
    " ",
  ),
  ..." and , or , unless , atan2 ,sum(,rate(,histogram_count(,\n,\\u,\\x4,\0,\ud83d".split(","),
  ..."Inf NaN 0x 1e 1h 5 é".split(" "),
];

/** The tree without the places of its nodes. */
function shapeOf(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === "from" || key === "to") return undefined;
      return typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value;
    }),
  );
}

test("a query that is nearly right is parsed, or told where it is wrong", () => {
  const seed = seedOf(process.env, Math.random);
  const random = seededRandom(seed);
  let [good, bad] = [0, 0];
  for (let run = 0; run < 15_000; run++) {
    const query = queries[Math.floor(random() * queries.length)] ?? "";
    const text = run < queries.length ? (queries[run] ?? "") : mutated(query, pieces, random);
    const shown = `seed ${seed}, run ${run}: ${JSON.stringify(text)}`;
    const result = parse(text, shown);
    if (run < queries.length) assert.equal(result.kind, "parsed", shown);
    if (result.kind === "malformed") {
      bad++;
      assert.ok(result.diagnostics.length > 0, shown);
      for (const { message, from, to } of result.diagnostics) {
        assert.ok(message !== "" && message.length < 1000, shown);
        assert.ok(from >= 0 && from <= to && to <= text.length, `${shown}: ${from} to ${to}`);
      }
      continue;
    }
    good++;
    const printed = printExpr(result.expr);
    const again = parse(printed, `${shown}, printed ${printed}`);
    assert.ok(again.kind === "parsed", `${shown}, printed ${printed}`);
    assert.deepEqual(shapeOf(again.expr), shapeOf(result.expr), `${shown}, printed ${printed}`);
    assert.equal(printExpr(again.expr), printed, shown);
  }
  assert.ok(good > 500 && bad > 500, `${good} queries were good and ${bad} bad`);
});

function parse(text: string, shown: string): ReturnType<typeof parseQuery> {
  try {
    return parseQuery(text);
  } catch (error) {
    throw new Error(shown, { cause: error });
  }
}

const many = 30_000;
const large: readonly (readonly [it: string, text: string])[] = [
  ["opening parentheses", "(".repeat(many)],
  ["parentheses", `${"(".repeat(many)}1${")".repeat(many)}`],
  ["signs", `${"-".repeat(many)}1`],
  ["signs of alternating kind", `${"+-".repeat(many / 2)}a`],
  ["powers", `1${"^2".repeat(many)}`],
  ["sums", `1${"+1".repeat(many)}`],
  ["calls", `${"abs(".repeat(many / 3)}a${")".repeat(many / 3)}`],
  ["aggregations", `${"sum(".repeat(many / 3)}a${")".repeat(many / 3)}`],
  ["subqueries", `a${"[5m:]".repeat(many / 6)}`],
  ["offsets", `a${" offset 5m".repeat(many / 10)}`],
  ["matchers", `a{${'b="c",'.repeat(many / 6)}}`],
  ["braces", "{".repeat(many)],
  ["quotes", '"'.repeat(many + 1)],
  ["backslashes", `"${"\\".repeat(many)}`],
  ["a name", "a".repeat(2 * many)],
  ["digits", "1".repeat(2 * many)],
  ["a duration", "1h".repeat(many)],
  ["comments", "#\n".repeat(many)],
  ["a regexp", `a{b=~"${"(a+)+".repeat(many / 10)}"}`],
  ["more than is allowed", "a + ".repeat(many)],
];

for (const [it, text] of large)
  test(`parsing and printing take no longer than the length asks for: ${it}`, () => {
    const beganMs = performance.now();
    const result = parse(text, it);
    if (result.kind === "parsed") printExpr(result.expr);
    assert.ok(performance.now() - beganMs < 20_000);
  });
