import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import type { BinaryOp, Expr } from "./ast.ts";
import { formatDiagnostics } from "./diagnostic.ts";
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
  return formatDiagnostics(text, result.diagnostics).replaceAll("parse error: ", "").split("\n");
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
  ["1./6. + 1.e1", "1 / 6 + 10"],
  ["0X1f + 0x_1F", "31 + 31"],
  ["rate(a[0.5])", "rate(a[500ms])"],
  ["a[1y2w3d4h5m6s7ms]", "a[9172h5m6s7ms]"],
  ["a offset 1.5", "a offset 1s500ms"],
  ["a[1m] offset --1m", "a[1m] offset 1m"],
  ["a @ -1.5", "a @ -1.500"],
  ["a @ 1m", "a @ 60.000"],
  ["a @ start()"],
  ["- # one\n 1", "-1"],
  [`"\\xc3\\xa9"`, `"é"`],
  // What follows an operand belongs to it alone.
  ["a - b offset 5m"],
  ["a + b offset 5m * c"],
  ["-a offset 5m"],
  ["a ^ -b @ 1.000 ^ c", "a ^ (-b @ 1.000 ^ c)"],
  ["max_over_time(a[1m:] offset 5m) - max_over_time(a[1m:] @ end() offset 5m)"],
  ["a[1m:] @ 5.000 offset 1m"],
  ["sum(a)[5m:1m]"],
  ["max_over_time((-a)[5m:])"],
  ["max_over_time((a)[5m:])", "max_over_time(a[5m:])"],
  ["max_over_time((a + b)[5m:] offset 1m)"],
  // Nearly every word is also a name.
  ["offset offset 5m", `{"offset"} offset 5m`],
  ["or or or", "or or or"],
  ["sum by (by, on, bool, a:b) (sum)", `sum by (by, on, bool, "a:b") (sum)`],
  ["start @ start() + step - range"],
  ["rate + absent(absent)"],
  ["fill + fill", "fill + fill"],
  [`a{inf="1",offset="2",by="3"}`],
  [`{"on", "on"="off"}`, `{"on",on="off"}`],
];

for (const [text, wanted = text] of printed)
  test(`prints ${text}`, () => {
    const expr = parsed(text);
    assert.equal(printExpr(expr), wanted);
    assert.deepEqual(withoutSpans(parsed(wanted)), withoutSpans(expr));
  });

/** Query, and what is said of it, with line and column: as Prometheus says it, where it says as much. */
const malformed: readonly (readonly [string, ...string[]])[] = [
  ["", "1:1: no expression found in input"],
  ["1 +", "1:4: unexpected end of input, expected an expression"],
  ["sum(", "1:5: unclosed left parenthesis"],
  ["sum(a", "1:6: unclosed left parenthesis"],
  ["foo{a=}", '1:7: unexpected "}" in label matching, expected string'],
  ["foo{a}", '1:6: unexpected "}" in label matching, expected label matching operator'],
  [
    "foo{a b}",
    '1:7: unexpected identifier "b" in label matching, expected label matching operator',
  ],
  ['foo{a="b"', "1:10: unexpected end of input inside braces"],
  ['foo{a="b" c="d"}', '1:11: unexpected identifier "c" in label matching, expected "," or "}"'],
  ["foo{,}", '1:5: unexpected "," in label matching, expected identifier or "}"'],
  ['foo{a="b",,}', '1:11: unexpected "," in label matching, expected identifier or "}"'],
  ['foo{"a"b}', '1:8: unexpected identifier "b" in label matching, expected "," or "}"'],
  ['foo{a==="b"}', '1:7: unexpected "=" in label matching, expected string'],
  ['foo{1="b"}', "1:5: unexpected character inside braces: '1'"],
  ['foo{a:b="c"}', "1:6: unexpected character inside braces: ':'"],
  ["x(a b)", '1:1: unknown function with name "x"'],
  ["a b foo(c)", '1:3: unexpected identifier "b", expected an operator or the end of the query'],
  [
    "foo(bar(a), 1)",
    '1:1: unknown function with name "foo"',
    '1:5: unknown function with name "bar"',
  ],
  ["a @ foo()", '1:5: unexpected identifier "foo" in @, expected timestamp'],
  ["foobar(a)", '1:1: unknown function with name "foobar"'],
  ["a b", '1:3: unexpected identifier "b", expected an operator or the end of the query'],
  ['a{b="c}', "1:5: unterminated quoted string"],
  ['a{b="\\q"}', "1:5: unknown escape sequence U+0071 'q'"],
  ["a[5m", "1:5: unclosed left bracket"],
  ["a[5m:", "1:6: unclosed left bracket"],
  ["a[]", '1:3: unexpected "]" in subquery or range selector, expected number or duration'],
  ["a[5m1h]", '1:3: not a valid duration string: "5m1h"'],
  ["a[5mm]", '1:3: bad number or duration syntax: "5mm"'],
  ["a[5m 1m]", '1:6: unexpected duration "1m" in subquery or range, expected ":" or "]"'],
  ["a[5m:1m 2m]", '1:9: unexpected duration "2m" in subquery selector, expected "]"'],
  ['a["5m"]', `1:3: unexpected character in duration expression: '"'`],
  ["a[0m]", "1:3: duration must be greater than 0"],
  ["a offset", "1:9: unexpected end of input in offset, expected number or duration"],
  ["a offset b", '1:10: unexpected identifier "b" in offset, expected number or duration'],
  ["a @", "1:4: unexpected end of input in @, expected timestamp"],
  ["a @ b", '1:5: unexpected identifier "b" in @, expected timestamp'],
  ["a @ start", "1:10: unexpected end of input in @, expected timestamp"],
  ["a @ start(", "1:11: unclosed left parenthesis"],
  ["sum by", '1:7: unexpected end of input in grouping opts, expected "("'],
  ["sum by a", '1:8: unexpected identifier "a" in grouping opts, expected "("'],
  ["sum by (a", "1:10: unclosed left parenthesis"],
  ["sum by (a b) (c)", '1:11: unexpected identifier "b" in grouping opts, expected "," or ")"'],
  ["sum by (1) (c)", '1:9: unexpected number "1" in grouping opts, expected label'],
  ["sum by (a)", '1:11: unexpected end of input in aggregation, expected "("'],
  ["sum a", '1:5: unexpected identifier "a", expected an operator or the end of the query'],
  [
    "topk(a)",
    "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1",
  ],
  [
    "topk(1, a, b)",
    "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 3",
  ],
  ["sum()", "1:1: no arguments for aggregate expression provided"],
  ["rate(a[5m],)", "1:11: trailing commas not allowed in function call args"],
  ["rate(a[5m] b)", '1:12: unexpected identifier "b", expected an operator, "," or ")"'],
  ["(a", "1:3: unclosed left parenthesis"],
  ["a)", "1:2: unexpected right parenthesis ')'"],
  ["a + on b", '1:8: unexpected identifier "b" in grouping opts, expected "("'],
  [
    "a + on (x) group_left a b",
    '1:25: unexpected identifier "b", expected an operator or the end of the query',
  ],
  ["a + group_left (x) b", "1:5: unexpected <group_left>, expected an expression"],
  ["a ==", "1:5: unexpected end of input, expected an expression"],
  ["== a", "1:1: unexpected <op:==>, expected an expression"],
  ["a = b", '1:3: unexpected "=", expected an operator or the end of the query'],
  ["a =~ b", "1:3: unexpected character after '=': '~'"],
  ["a ! b", "1:3: unexpected character after '!': ' '"],
  ["a $ b", "1:3: unexpected character: '$'"],
  ["a & b", "1:3: unexpected character: '&'"],
  ["1..2", '1:1: bad number or duration syntax: "1..2"'],
  ["1e", '1:1: bad number or duration syntax: "1e"'],
  ["0xg", '1:1: bad number or duration syntax: "0xg"'],
  ['"abc', "1:1: unterminated quoted string"],
  ["`abc", "1:1: unterminated raw string"],
  ["{}", "1:1: vector selector must contain at least one non-empty matcher"],
  ['{a=~".*"}', "1:1: vector selector must contain at least one non-empty matcher"],
  ['a{x=~"("}', "1:3: error parsing regexp: missing closing ): `(`"],
  ["1 == 2", "1:3: comparisons between scalars must use BOOL modifier"],
  ["a + bool b", "1:3: bool modifier can only be used on comparison operators"],
  ["1 and a", '1:1: set operator "and" not allowed in binary scalar expression'],
  ["a + on(x) 1", "1:1: vector matching only allowed between instant vectors"],
  ["sum(1)", "1:5: expected type instant vector in aggregation expression, got scalar"],
  ["rate(a)", '1:6: expected type range vector in call to function "rate", got instant vector'],
  ["rate(a[5m], 1)", '1:1: expected 1 argument(s) in call to "rate", got 2'],
  ["rate()", '1:1: expected 1 argument(s) in call to "rate", got 0'],
  ["a[5m] + 1", "1:1: binary expression must contain only scalar and instant vector types"],
  ["(a)[5m]", "1:4: ranges only allowed for vector selectors"],
  [
    "(a) offset 5m",
    "1:1: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  ],
  ["a offset 5m offset 5m", "1:1: offset may not be set multiple times"],
  ["a offset 5m [5m]", "1:13: no offset modifiers allowed before range"],
  ["a @ 5 [5m]", "1:7: no @ modifiers allowed before range"],
  ["a @ 5 @ 6", "1:1: @ <timestamp> may not be set multiple times"],
  ["a + on(x) group_left(x) b", '1:3: label "x" must not occur in ON and GROUP clause at once'],
  ["a and on(x) group_left b", '1:1: no grouping allowed for "and" operation'],
  [
    '-"x"',
    '1:1: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ],
  ['"x"[5m:1m]', "1:1: subquery is only allowed on instant vector, got string instead"],
  ["a[5m][5m:1m]", "1:1: subquery is only allowed on instant vector, got matrix instead"],
  ["count_values(1, a)", "1:14: expected type string in aggregation parameter, got scalar"],
  ['topk("a", b)', "1:6: expected type scalar in aggregation parameter, got string"],
  ['a{__name__="b"}', '1:1: metric name must not be set twice: "a" or "b"'],
  ["bool", "1:1: unexpected <bool>, expected an expression"],
  ["on", "1:1: unexpected <on>, expected an expression"],
  ["a unless bool b", "1:3: bool modifier can only be used on comparison operators"],
  ["a or", "1:5: unexpected end of input, expected an expression"],
  [",a", '1:1: unexpected ",", expected an expression'],
  ["a,b", '1:2: unexpected ",", expected an operator or the end of the query'],
  ["[5m]", '1:1: unexpected "[", expected an expression'],
  ["a]", "1:2: unexpected right bracket ']'"],
  ["a}", "1:2: unexpected character: '}'"],
  ["}", "1:1: unexpected character: '}'"],
  ["{", "1:2: unexpected end of input inside braces"],
  ["a{{", "1:3: unexpected left brace '{'"],
  ["sum(a) by (b) by (c)", "1:15: unexpected <by>, expected an operator or the end of the query"],
  ["sum by (b) (a) by (c)", "1:16: unexpected <by>, expected an operator or the end of the query"],
  ["-", "1:2: unexpected end of input, expected an expression"],
  ["+-", "1:3: unexpected end of input, expected an expression"],
  ["()", '1:2: unexpected ")", expected an expression'],
  ["(())", '1:3: unexpected ")", expected an expression'],
  ["a atan2", "1:8: unexpected end of input, expected an expression"],
  ["a[5m:1m", "1:8: unclosed left bracket"],
  ["a[:1m]", "1:3: unexpected colon before duration in duration expression"],
  ["a[5m::]", "1:6: unexpected colon ':'"],
  ["a[5m:1m:]", "1:8: unexpected colon ':'"],
  ['foo offset 5m{a="b"}', '1:14: unexpected "{", expected an operator'],
  ["sum(a)[5m:] by (x)", "1:13: unexpected <by>, expected an operator"],
  ["a[-5m]", "1:3: duration must be greater than 0"],
  [
    "a[5m*2]",
    "1:5: duration expression is not enabled: it is experimental in Prometheus and not supported here",
  ],
  ["a[5m:0s]", "1:6: duration must be greater than 0"],
  ["a[1e20]", "1:3: duration out of range"],
  ["1e400", '1:1: error parsing number: "1e400" is out of range'],
  [
    "a offset step()",
    "1:10: duration expression is not enabled: it is experimental in Prometheus and not supported here",
  ],
  [
    "limitk(1, a)",
    "1:1: limitk() is not enabled: it is experimental in Prometheus and not supported here",
  ],
  [
    "limit_ratio(0.5, a)",
    "1:1: limit_ratio() is not enabled: it is experimental in Prometheus and not supported here",
  ],
  [
    "a anchored",
    "1:3: anchored modifier is not enabled: it is experimental in Prometheus and not supported here",
  ],
  [
    "a[5m] smoothed",
    "1:7: smoothed modifier is not enabled: it is experimental in Prometheus and not supported here",
  ],
  [
    "a + fill(1) b",
    "1:5: fill modifier is not enabled: it is experimental in Prometheus and not supported here",
  ],
  ["a </ b", "1:3: operator </ is not supported: it trims native histograms"],
  [
    "mad_over_time(a[5m])",
    '1:1: function "mad_over_time" is not enabled: it is experimental in Prometheus and not supported here',
  ],
  [
    "histogram_count(a)",
    '1:1: function "histogram_count" is not supported: it reads native histograms, of which there are none here; a classic histogram has series that end in _bucket, _sum and _count',
  ],
  [
    "min_of(a)",
    '1:1: function "min_of" is not enabled: it is experimental in Prometheus and not supported here',
  ],
  [
    "start()",
    '1:1: function "start" is not enabled: it is experimental in Prometheus and not supported here',
  ],
  [
    "-a[5m]",
    '1:1: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
  ],
  ["a @ 1e30", '1:5: timestamp out of bounds for @ modifier: "1e30"'],
  [
    'a{x=~"("} + b{y=~"*"}',
    "1:3: error parsing regexp: missing closing ): `(`",
    "1:15: error parsing regexp: missing argument to repetition operator: `*`",
  ],
  [
    "rate(a)\n  + sum(1)",
    '1:6: expected type range vector in call to function "rate", got instant vector',
    "2:9: expected type instant vector in aggregation expression, got scalar",
  ],
  [
    "a[5m 1m] $",
    '1:6: unexpected duration "1m" in subquery or range, expected ":" or "]"',
    "1:10: unexpected character: '$'",
  ],
  ['"\\uD800"', "1:1: escape sequence is an invalid Unicode code point"],
  ['"\\400"', "1:1: escape sequence is an invalid Unicode code point"],
  ['"\\xg1"', "1:1: illegal character U+0067 'g' in escape sequence"],
  ['a{b="\ud800"}', "1:5: invalid UTF-8 rune"],
  ["1.5h", '1:1: unknown unit "." in duration "1.5h"'],
  ["5y1hs", '1:1: unknown unit "hs" in duration "5y1hs"'],
  ["a ‐ b", "1:3: unexpected character: '‐'"],
  ['a{"x", __name__="b"}', '1:1: metric name must not be set twice: "a" or "x"'],
  ['a{"b"}', '1:1: metric name must not be set twice: "a" or "b"'],
];

for (const [text, ...wanted] of malformed)
  test(`refuses ${text === "" ? "the empty text" : text}`, () => {
    assert.deepEqual(faults(text), wanted);
  });

for (const [what, text] of [
  ["parentheses", "(".repeat(600) + "a" + ")".repeat(600)],
  ["calls", "abs(".repeat(600) + "a" + ")".repeat(600)],
  ["operators in a row", "a" + " + a".repeat(600)],
  ["signs", "-".repeat(600) + "a"],
  ["subqueries", "a" + "[5m:]".repeat(600)],
  ["what never ends", "(".repeat(60_000)],
] as const)
  test(`${what} nested too deeply are refused, not run out of stack`, () => {
    assert.match(faults(text).join(), /nested deeper than 500 levels/);
  });

test("arguments side by side are not nested", () => {
  const text = `label_join(a, "b", ",", ${Array.from({ length: 2000 }, () => '"c"').join()})`;
  assert.deepEqual(faults(text), []);
});

test("a query that is too long is refused", () => {
  assert.deepEqual(faults("a".repeat(70_000)), ["1:65537: query is longer than 65536 characters"]);
});

test("a query with a part missing or put in has a place and a reason, or is one", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  const sources = [...printed, ...malformed].map(([text]) => text);
  const any = (): string => sources[Math.floor(random() * sources.length)] ?? "";
  for (let run = 0; run < 3000; run++) {
    const [text, other] = [any(), any()];
    const at = Math.floor(random() * (text.length + 1));
    const start = Math.floor(random() * other.length);
    const part = other.slice(start, start + Math.floor(random() * 6));
    const changed = text.slice(0, at) + part + text.slice(at + Math.floor(random() * 3));
    const result = parseQuery(changed);
    const context = `seed ${seed}: ${JSON.stringify(changed)}`;
    if (result.kind === "parsed") {
      const again = parsed(printExpr(result.expr));
      assert.deepEqual(withoutSpans(again), withoutSpans(result.expr), context);
      continue;
    }
    assert.ok(result.diagnostics.length > 0, context);
    for (const { message, from, to } of result.diagnostics)
      assert.ok(message !== "" && from <= to && to <= changed.length, context);
  }
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
