import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import type { BinaryOp, Expr } from "./ast.ts";
import { parseQuery } from "./parse.ts";
import { printExpr } from "./print.ts";

function parsed(text: string): Expr {
  const result = parseQuery(text);
  assert.equal(result.kind, "parsed", `${text}: ${JSON.stringify(result)}`);
  assert.ok(result.kind === "parsed");
  return result.expr;
}

const faults = (text: string): readonly string[] => {
  const result = parseQuery(text);
  if (result.kind === "parsed") return [];
  return result.diagnostics.map(({ message, from, to }) => `${from}-${to} ${message}`);
};

/** Query, and how it prints; absent where it prints as it was written. */
const printed: readonly (readonly [string, string?])[] = [
  ["vllm:num_requests_running"],
  [`up{job="a",pod!="b",x=~"c.*",y!~"d|e"}`],
  [`up{ job = 'a' , }`, `up{job="a"}`],
  ["up{a=`b\\d`}", `up{a="b\\\\d"}`],
  [`{__name__="up"}`],
  [`{"my metric", "my.label"="v"}`, `{"my metric","my.label"="v"}`],
  [`{"up",a="b"}`, `up{a="b"}`],
  [`{"on"}`],
  ["sum(up)"],
  ["SUM BY (pod, namespace) (up)", "sum by (pod, namespace) (up)"],
  ["max(up) without (pod)", "max without (pod) (up)"],
  [`sum by ("a.b") (up)`],
  ["sum by () (up)"],
  ["topk(5, up)"],
  [`count_values("v", up)`],
  ["rate(requests_total[5m])"],
  ["rate(requests_total[90s])", "rate(requests_total[1m30s])"],
  ["rate(requests_total[300])", "rate(requests_total[5m])"],
  ["histogram_quantile(0.9, sum by (le) (rate(b_bucket[1m])))"],
  ["up offset 5m"],
  ["up offset -1h30m"],
  ["rate(up[1m] offset 5m)"],
  ["up @ 1609746000", "up @ 1609746000.000"],
  ["up offset 1m @ end()", "up @ end() offset 1m"],
  ["max_over_time(rate(up[1m])[1h:5m])"],
  ["max_over_time((a + b)[1h:])"],
  ["1 + 2 * 3"],
  ["(1 + 2) * 3"],
  ["1 - (2 - 3)"],
  ["(1 - 2) - 3", "1 - 2 - 3"],
  ["2 ^ 3 ^ 2"],
  ["(2 ^ 3) ^ 2"],
  ["-1 ^ 2"],
  ["(-1) ^ 2"],
  ["-a ^ 2"],
  ["-(a ^ 2)", "-a ^ 2"],
  ["a - -1"],
  ["a -1", "a - 1"],
  ["-(a + b)"],
  ["-a * b"],
  ["a atan2 b"],
  ["a > bool 1"],
  ["a / on (pod) b"],
  ["a / ignoring () b"],
  ["a * on(pod) group_left(node) b", "a * on (pod) group_left (node) b"],
  ["a and b or c unless d"],
  ["a and (b or c)"],
  ["0x1F", "31"],
  ["1_000", "1000"],
  ["010", "8"],
  [".5e1", "5"],
  ["Inf", "+Inf"],
  ["-inf", "-Inf"],
  ["nan", "NaN"],
  ["5m", "300"],
  [`"a\\tb\\u00e9\\x41\\101"`, `"a\\tbéAA"`],
  ["# a comment\nup", "up"],
  ["sum by (a, # one\n b) (x{ # two\n c='d'} # three\n + y)", `sum by (a, b) (x{c="d"} + y)`],
  ["a{sum='1',on='2'}", `a{sum="1",on="2"}`],
  ["sum", "sum"],
];

for (const [text, wanted = text] of printed)
  test(`prints ${text}`, () => {
    const expr = parsed(text);
    assert.equal(printExpr(expr), wanted);
    assert.deepEqual(withoutSpans(parsed(wanted)), withoutSpans(expr));
  });

const malformed: readonly (readonly [string, ...string[]])[] = [
  ["", "0-0 no expression found in input"],
  ["1 +", "3-3 unexpected end of input, expected an expression after the operator"],
  ["sum(", `4-4 unexpected end of input, expected an expression or ")"`],
  ["sum(a", `5-5 unexpected end of input, expected an operator, "," or ")"`],
  ["foo{a=}", '6-6 unexpected "}", expected a quoted label value'],
  ["foo{a}", `5-5 unexpected "}", expected one of "=", "!=", "=~", "!~"`],
  ["foobar(a)", `6-9 unknown function with name "foobar"`],
  ["a b", `2-3 unexpected "b", expected an operator or the end of the query`],
  ['a{b="c}', '7-7 unexpected end of input, expected "," or "}" after a label matcher'],
  ['a{b="\\q"}', "4-8 string is unterminated or has an unknown escape sequence"],
  ["a[5m", `4-4 unexpected end of input, expected a duration, as "5m", and "]"`],
  [
    `a{x=~"("} + b{y=~"*"}`,
    "2-8 error parsing regexp: missing closing ): `(`",
    "14-20 error parsing regexp: missing argument to repetition operator: `*`",
  ],
  ["{}", "0-2 vector selector must contain at least one non-empty matcher"],
  [`{a=~".*"}`, "0-9 vector selector must contain at least one non-empty matcher"],
  [`a{__name__="b"}`, `0-15 metric name must not be set twice: "a"`],
  ["1 == 2", "0-6 comparisons between scalars must use BOOL modifier"],
  ["a + bool b", "0-10 bool modifier can only be used on comparison operators"],
  ["1 and a", `0-7 set operator "and" not allowed in binary scalar expression`],
  ["a + on(x) 1", "0-11 vector matching only allowed between instant vectors"],
  [
    "sum(1) + rate(a)",
    "4-5 expected type instant vector in aggregation expression, got scalar",
    `14-15 expected type range vector in call to function "rate", got instant vector`,
  ],
  ["rate(a[5m], 1)", `0-14 expected 1 argument(s) in call to "rate", got 2`],
  [
    "sum(1, a)",
    "0-9 wrong number of arguments for aggregate expression provided, expected 1, got 2",
  ],
  ["a[5m] + 1", "0-5 binary expression must contain only scalar and instant vector types"],
  ["(a)[5m]", "0-7 ranges are only allowed for vector selectors"],
  ["(a) offset 5m", "0-13 offset must follow a selector or a subquery"],
  ["a offset 5m offset 5m", "0-21 offset may not be set multiple times"],
  ["a[0s]", "2-4 duration must be greater than 0"],
  ["a[5m*2]", "2-6 arithmetic between durations is not supported yet"],
  ["a + on(x) group_left(x) b", `0-25 label "x" must not occur in ON and GROUP clause at once`],
  ["min_of(a)", `6-9 unknown function with name "min_of"`],
];

for (const [text, ...wanted] of malformed)
  test(`refuses ${text === "" ? "the empty text" : text}`, () => {
    assert.deepEqual(faults(text), wanted);
  });

test("a query nested too deeply is refused, not run out of stack", () => {
  const text = "(".repeat(300) + "a" + ")".repeat(300);
  assert.match(faults(text).join(), /nested deeper than 200 levels/);
});

test("random trees print to text that parses to the same tree", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  for (let run = 0; run < 500; run++) {
    const expr = randomVector(random, 4);
    const text = printExpr(expr);
    assert.deepEqual(withoutSpans(parsed(text)), withoutSpans(expr), `seed ${seed}: ${text}`);
  }
});

const ops: readonly BinaryOp[] = [
  "or",
  "and",
  "unless",
  "==",
  "<",
  "+",
  "-",
  "*",
  "/",
  "^",
  "atan2",
];

function randomVector(random: () => number, depth: number): Expr {
  const span = { from: 0, to: 0 };
  const pick = Math.floor(random() * (depth === 0 ? 1 : 6));
  const below = () => randomVector(random, depth - 1);
  switch (pick) {
    case 1:
      return { kind: "unary", op: random() < 0.5 ? "-" : "+", expr: below(), ...span };
    case 2:
      return { kind: "aggregation", op: "sum", expr: below(), ...span };
    case 3:
    case 4: {
      const op = ops[Math.floor(random() * ops.length)] ?? "+";
      return { kind: "binary", op, left: below(), right: below(), returnBool: false, ...span };
    }
    case 5: {
      const value = Math.floor(random() * 10) - 5;
      const number: Expr = { kind: "number", value: value === 0 ? 1 : value, ...span };
      const [left, right] = random() < 0.5 ? [number, below()] : [below(), number];
      return {
        kind: "binary",
        op: random() < 0.5 ? "^" : "-",
        left,
        right,
        returnBool: false,
        ...span,
      };
    }
    default:
      return { kind: "vectorSelector", name: "a", matchers: [], offsetMs: 0, ...span };
  }
}

function withoutSpans(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) =>
      key === "from" || key === "to"
        ? undefined
        : typeof value === "number"
          ? String(value)
          : value,
    ),
  );
}
