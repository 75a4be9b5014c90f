import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import {
  expositionFormatOf,
  parseExposition,
  scanExposition,
  type ExposedSample,
  type ExpositionFormat,
} from "./exposition-parser.ts";
import { Registry } from "./registry.ts";

const name = "__name__";

const samples: readonly {
  readonly it: string;
  readonly format?: ExpositionFormat;
  readonly page: string;
  readonly gives: readonly ExposedSample[];
}[] = [
  { it: "reads an empty page", page: "", gives: [] },
  {
    it: "reads names with colons and no labels",
    page: "vllm:num_requests_running 5.0\n",
    gives: [{ labels: { [name]: "vllm:num_requests_running" }, value: 5 }],
  },
  {
    it: "reads labels in the forms that programs write",
    page: 'a{b="c",d="e"} 1\nb { b = "c" , } 2\nc{} 3\n\td 4\n',
    gives: [
      { labels: { [name]: "a", b: "c", d: "e" }, value: 1 },
      { labels: { [name]: "b", b: "c" }, value: 2 },
      { labels: { [name]: "c" }, value: 3 },
      { labels: { [name]: "d" }, value: 4 },
    ],
  },
  {
    it: "reads escapes, and braces, commas and hashes in values",
    page: 'a{b="x\\\\y\\"z\\nw",c="},#{é"} 1\n',
    gives: [{ labels: { [name]: "a", b: 'x\\y"z\nw', c: "},#{é" }, value: 1 }],
  },
  {
    it: "takes an empty label value for no label",
    page: 'a{b=""} 1\n',
    gives: [{ labels: { [name]: "a" }, value: 1 }],
  },
  {
    it: "reads every form of number",
    page: "a -1.5e-3\nb +Inf\nc -Inf\nd NaN\ne 1234567890123456800\nf .5\ng 007\nh 0\n",
    gives: [-1.5e-3, Infinity, -Infinity, NaN, 1234567890123456800, 0.5, 7, 0].map(
      (value, index) => ({
        labels: { [name]: "abcdefgh"[index] ?? "" },
        value,
      }),
    ),
  },
  {
    it: "reads timestamps in milliseconds",
    page: "a 1 1395066363000\nb 2\t-1 \n",
    gives: [
      { labels: { [name]: "a" }, value: 1, timeMs: 1395066363000 },
      { labels: { [name]: "b" }, value: 2, timeMs: -1 },
    ],
  },
  {
    it: "passes over comments and blank lines, and needs no newline at the end",
    page: "# a comment\n#\n\n  \na 1\n# HELP\nb 2",
    gives: [
      { labels: { [name]: "a" }, value: 1 },
      { labels: { [name]: "b" }, value: 2 },
    ],
  },
  {
    it: "reads quoted names",
    page: '{"my.metric","a.b"="c"} 1\n',
    gives: [{ labels: { [name]: "my.metric", "a.b": "c" }, value: 1 }],
  },
  {
    it: "reads OpenMetrics: seconds, exemplars, end",
    format: "openmetrics",
    page: '# TYPE a counter\na_total{b="c"} 1 1.5 # {trace_id="x"} 0.67 1520879607.789\na_created 2 # {} 1\n# EOF\n',
    gives: [
      { labels: { [name]: "a_total", b: "c" }, value: 1, timeMs: 1500 },
      { labels: { [name]: "a_created" }, value: 2 },
    ],
  },
];

for (const { it, page, format, gives } of samples)
  test(it, () => {
    const { samples: read, errors } = parseExposition(page, format);
    assert.deepEqual(errors, []);
    assert.deepEqual(read, gives);
  });

const bounds: readonly (readonly [it: string, page: string, labels: Record<string, string>])[] = [
  ["a histogram's bound", '# TYPE a histogram\na_bucket{le="1"} 1\n', { le: "1.0" }],
  ["a bound of many digits", '# TYPE a histogram\na_bucket{le="1e-5"} 1\n', { le: "1e-05" }],
  ["a large bound", '# TYPE a histogram\na_bucket{le="1000000"} 1\n', { le: "1000000.0" }],
  ["the last bound", '# TYPE a histogram\na_bucket{le="inf"} 1\n', { le: "+Inf" }],
  ["a summary's quantile", '# TYPE a summary\na{quantile="1"} 1\n', { quantile: "1.0" }],
  ["not a gauge's label", '# TYPE a gauge\na{le="1"} 1\n', { le: "1" }],
  ["not what is no number", '# TYPE a histogram\na_bucket{le="x"} 1\n', { le: "x" }],
];

for (const [it, page, labels] of bounds)
  test(`writes bounds as Prometheus 3 does: ${it}`, () => {
    const { [name]: _, ...read } = parseExposition(page).samples[0]?.labels ?? {};
    assert.deepEqual(read, labels);
  });

test("families have the type, help and unit that the page gives them", () => {
  const page =
    '# HELP a What\\nit \\\\ is "\n# TYPE a gauge\n# TYPE b counter\n# TYPE b untyped\n# UNIT b bytes\n' +
    '# HELP "c.d" quoted\n# HELP e\na 1\n';
  assert.deepEqual(
    [...parseExposition(page).families],
    [
      ["a", { help: 'What\nit \\ is "', type: "gauge" }],
      ["b", { type: "unknown" }],
      ["c.d", { help: "quoted" }],
      ["e", { help: "" }],
    ],
  );
  const open =
    '# HELP a_bytes \\"x\\"\n# TYPE a_bytes stateset\n# UNIT a_bytes bytes\n# UNIT b \n# EOF';
  assert.deepEqual(
    [...parseExposition(open, "openmetrics").families],
    [
      ["a_bytes", { help: '"x"', type: "stateset", unit: "bytes" }],
      ["b", { unit: "" }],
    ],
  );
});

const html = "<!doctype html>";
const faults: readonly (readonly [page: string, error: string, format?: ExpositionFormat])[] = [
  ["a\n", "1 expected value after metric"],
  ["a #\n", '1 expected value: parsing "#": invalid syntax'],
  ["a 1\nb x\n", '2 expected value: parsing "x": invalid syntax'],
  ["a 1_000\n", '1 expected value: unsupported character in float "1_000"'],
  ["a 0x1p3\n", '1 expected value: unsupported character in float "0x1p3"'],
  ["a 0x10\n", '1 expected value: parsing "0x10": invalid syntax'],
  ["a 1e999\n", '1 expected value: parsing "1e999": value out of range'],
  ["a +NaN\n", '1 expected value: parsing "+NaN": invalid syntax'],
  ["a .\n", '1 expected value: parsing ".": invalid syntax'],
  ["a 1.2.3\n", '1 expected value: parsing "1.2.3": invalid syntax'],
  ["a 1 x\n", '1 expected timestamp in milliseconds: parsing "x"'],
  ["a 1 1.5\n", '1 expected timestamp in milliseconds: parsing "1.5"'],
  [
    "a 1 99999999999999999999\n",
    '1 expected timestamp in milliseconds: parsing "99999999999999999999"',
  ],
  ["a 1 2 3\n", '1 expected timestamp or new record, found "3"'],
  ['a 1 # {b="c"} 1\n', '1 expected timestamp or new record, found "# {b=\\"c\\"} 1"'],
  ["1a 1\n", '1 expected a valid start token, found "1a 1"'],
  ["a-b 1\n", '1 expected a metric name, found "a-b"'],
  ["a{b=c} 1\n", '1 expected a quoted value of label "b"'],
  ['a{b="c} 1\nd 1\n', "1 a quoted string is not closed"],
  ['a{b="c\\\nd"} 1\n', "1 a quoted string is not closed"],
  ['a{b="c"\n', '1 expected "}" after the labels'],
  ['a{b="c",\n', '1 expected "}" after the labels'],
  ['a{b="c" d="e"} 1\n', '1 expected "," or "}" after label "b"'],
  ['a{1="c"} 1\n', '1 expected a label name, found "1"'],
  ['a{"b"} 1\n', '1 metric name already set, found "b" without "="'],
  ['{b="c"} 1\n', '1 expected a metric name, found "{b=\\"c\\"}"'],
  ['{""} 1\n', "1 a metric name must not be empty"],
  ['a{""="c"} 1\n', "1 a label name must not be empty"],
  ['a{__proto__="c"} 1\n', '1 a label must not be called "__proto__"'],
  ['a{b="1",b="2"} 1\n', '1 label name "b" is not unique'],
  ['a{b="",b="2"} 1\n', '1 label name "b" is not unique'],
  ['a{__name__="b"} 1\n', '1 label name "__name__" is not unique'],
  ["a 1\r\n", '1 expected value, found "1\\r": lines end in \\n alone'],
  ["# TYPE a thing\n", '1 invalid metric type "thing"'],
  ["# TYPE a\n", '1 invalid metric type ""'],
  ["# TYPE a info\n", '1 invalid metric type "info"'],
  ["# TYPE 1a gauge\n", '1 expected metric name after TYPE, found "1a gauge"'],
  ["# HELP \n", '1 expected metric name after HELP, found ""'],
  [`${html}\n`, `1 expected a valid start token, found "${html}"`],
  ["a 1\n", "2 data does not end with # EOF; the page may be cut off", "openmetrics"],
  ["a 1", "2 data does not end with # EOF; the page may be cut off", "openmetrics"],
  ["# EOF\na 1\n", "2 unexpected data after # EOF", "openmetrics"],
  ["a 1\n\n# EOF\n", '2 expected a valid start token, found ""', "openmetrics"],
  [
    "# a comment\n# EOF\n",
    '1 expected HELP, TYPE, UNIT or EOF after "# ", found "# a comment"',
    "openmetrics",
  ],
  ["# TYPE a untyped\n# EOF\n", '1 invalid metric type "untyped"', "openmetrics"],
  ["# UNIT a bytes\n# EOF\n", '1 unit "bytes" not a suffix of metric "a"', "openmetrics"],
  ["a 1 Inf\n# EOF\n", "1 invalid timestamp Inf", "openmetrics"],
  [
    'a 1 # {b="c"} x\n# EOF\n',
    '1 expected value of the exemplar: parsing "x": invalid syntax',
    "openmetrics",
  ],
  ['a 1 # {"b"} 1\n# EOF\n', '1 metric name already set, found "b" without "="', "openmetrics"],
  ['a 1 # {b="c"\n# EOF\n', '1 expected "," or "}" after label "b"', "openmetrics"],
];

for (const [page, error, format] of faults)
  test(`tells what is wrong with ${JSON.stringify(page)}`, () => {
    const [first] = parseExposition(page, format).errors;
    assert.equal(`${first?.line} ${first?.message}`.replaceAll("\r", "\\r"), error);
  });

test("the first fault ends the reading, and a long line is cut short in its message", () => {
  const { errors } = parseExposition(`a 1\nb ${"x".repeat(1000)}\nc y\n`);
  assert.deepEqual(errors, [
    { line: 2, message: `expected value: parsing "${"x".repeat(40)}…": invalid syntax` },
  ]);
});

test("the labels are read only when they are asked for", () => {
  const seen: unknown[] = [];
  const error = scanExposition(Buffer.from('a{b="}",c} 1 5\nd 2\n'), "text", {
    sample: ({ series, value, timeMs }) => void seen.push([series, value, timeMs]),
  });
  assert.equal(error, undefined);
  assert.deepEqual(seen, [
    ['a{b="}",c}', 1, 5],
    ["d", 2, undefined],
  ]);
});

test("the content type tells the format", () => {
  const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  assert.equal(expositionFormatOf(openMetrics), "openmetrics");
  assert.equal(expositionFormatOf("text/plain; version=0.0.4"), "text");
  assert.equal(expositionFormatOf(undefined), "text");
});

test("what a registry renders is read back, whatever is in the labels", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  const letters = ["a", "\\", '"', "\n", "é", "{", "}", ",", "=", "#", " ", "😀", "n"];
  const text = () =>
    Array.from(
      { length: 1 + random() * 6 },
      () => letters[Math.floor(random() * letters.length)],
    ).join("");
  for (let run = 0; run < 200; run++) {
    const registry = new Registry();
    const gauge = registry.gauge({ name: "g", help: text(), labelNames: ["x", "y"] });
    const labels = { x: text(), y: text() };
    const value = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
    gauge.set(value, labels);
    const { samples: read, errors } = parseExposition(registry.render());
    assert.deepEqual(errors, [], `seed ${seed}`);
    assert.deepEqual(read, [{ labels: { [name]: "g", ...labels }, value }], `seed ${seed}`);
  }
});
