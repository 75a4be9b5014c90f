import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import {
  expositionFormatOf,
  parseExposition,
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

test("families have the type, help and unit that the page gives them", () => {
  const page =
    "# HELP a What\\nit \\\\ is\n# TYPE a gauge\n# TYPE b_total counter\n# UNIT b_total bytes\na 1\n";
  assert.deepEqual(
    [...parseExposition(page).families],
    [
      ["a", { help: "What\nit \\ is", type: "gauge" }],
      ["b_total", { type: "counter", unit: "bytes" }],
    ],
  );
});

const faults: readonly (readonly [page: string, error: string, format?: ExpositionFormat])[] = [
  ["a\n", "1 expected a value"],
  ["a 1\nb x\n", '2 expected a value, found "x"'],
  ["a 1_000\n", '1 expected a value, found "1_000"'],
  ["a 1 x\n", '1 expected a timestamp in milliseconds, found "x"'],
  ["a 1 1.5\n", '1 expected a timestamp in milliseconds, found "1.5"'],
  ["a 1 2 3\n", '1 unexpected text after the value: "3"'],
  ["1a 1\n", '1 expected a metric name, found "1a 1\\n"'],
  ["a{b=c} 1\n", '1 expected a quoted value of label "b"'],
  ['a{b="c} 1\nd 1\n', "1 a quoted string is not closed"],
  ['a{b="c"\n', '1 expected "," or "}" after label "b"'],
  ['a{b="c",\n', '1 expected "}" after the labels'],
  ['a{b="c" d="e"} 1\n', '1 expected "," or "}" after label "b"'],
  ['a{1="c"} 1\n', '1 expected a label name, found "1"'],
  ['a{b="1",b="2"} 1\n', '1 label "b" is given twice'],
  ["a 1\r\n", '1 expected a value, found "1\\r"'],
  ["# TYPE a thing\n", '1 unknown metric type "thing"'],
  ["<!doctype html>\n", '1 expected a metric name, found "<!doctype html>\\n"'],
  ["a 1\n", "2 the page does not end with # EOF; it may be cut off", "openmetrics"],
  ["# EOF\na 1\n", "2 unexpected text after # EOF", "openmetrics"],
  ["# a comment\n# EOF\n", "1 expected HELP, TYPE, UNIT or EOF after #", "openmetrics"],
];

for (const [page, error, format] of faults)
  test(`tells what is wrong with ${JSON.stringify(page)}`, () => {
    const [first] = parseExposition(page, format).errors;
    assert.equal(`${first?.line} ${first?.message}`.replaceAll("\r", "\\r"), error);
  });

test("a page of another kind gives few errors, however long it is", () => {
  assert.equal(parseExposition("<p>no metrics</p>\n".repeat(1000)).errors.length, 10);
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
