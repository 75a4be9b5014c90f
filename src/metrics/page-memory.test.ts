import assert from "node:assert/strict";
import { test } from "node:test";
import { scanExposition, type ExpositionFormat } from "./exposition-parser.ts";
import type { Labels } from "./labels.ts";
import { PageMemory } from "./page-memory.ts";

/** What a scan with the memory shows, and how many of the series' strings are new to `seen`. */
function scan(
  memory: PageMemory,
  page: string,
  format: ExpositionFormat = "text",
): { series: [string, number][]; metadata: string[]; labels: Labels[]; error: string | undefined } {
  const series: [string, number][] = [];
  const metadata: string[] = [];
  const labels: Labels[] = [];
  const error = scanExposition(
    Buffer.from(page),
    format,
    {
      sample(sample) {
        series.push([sample.series, sample.value]);
        labels.push(sample.labels());
      },
      metadata: (name, field, text) => void metadata.push(`${name} ${field} ${text}`),
    },
    memory,
  );
  return { series, metadata, labels, error: error && `${error.line} ${error.message}` };
}

const page = (a: string, b: string): string =>
  `# HELP a What\n# TYPE a histogram\na_bucket{le="1"} ${a}\n# a free comment\n\nb{x="y z"} ${b}`;

test("a page that comes again has its new values, and its metadata is told once", () => {
  const memory = new PageMemory();
  assert.deepEqual(scan(memory, page("1", "2")).metadata, ["a help What", "a type histogram"]);
  const again = scan(memory, page("17", "-2.5e3"));
  assert.deepEqual(again.series, [
    ['a_bucket{le="1"}', 17],
    ['b{x="y z"}', -2500],
  ]);
  assert.deepEqual(again.metadata, []);
  assert.deepEqual(
    again.labels.map(({ le, x }) => le ?? x),
    ["1.0", "y z"],
  );
});

test("lines may come, go, move and end differently", () => {
  const memory = new PageMemory();
  const pages: readonly (readonly [page: string, series: readonly [string, number][]])[] = [
    [
      "a 1\nb 2\nc 3\n",
      [
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ],
    ],
    [
      "b 2\nc 4\na 1\n",
      [
        ["b", 2],
        ["c", 4],
        ["a", 1],
      ],
    ],
    [
      "new 9\nb 2\nbb 7\nc\t5\na{} 6",
      [
        ["new", 9],
        ["b", 2],
        ["bb", 7],
        ["c", 5],
        ["a{}", 6],
      ],
    ],
    ["", []],
    ["a 1 1000\n", [["a", 1]]],
  ];
  for (const [text, series] of pages) assert.deepEqual(scan(memory, text).series, series);
});

test("a name that stood alone may have labels the next time, and blanks before them", () => {
  const memory = new PageMemory();
  scan(memory, "a 1\n");
  assert.deepEqual(scan(memory, 'a {b="c"} 2\n').series, [['a {b="c"}', 2]]);
  scan(memory, "a 1\n");
  assert.deepEqual(scan(memory, 'a  {b="c"} 3\n').series, [['a  {b="c"}', 3]]);
  assert.deepEqual(scan(memory, "a   4\n").series, [["a", 4]]);
});

test("a known line is as wrong as a new one where its rest is wrong", () => {
  const memory = new PageMemory();
  scan(memory, "a 1\nb 2\n");
  assert.equal(scan(memory, "a 1\nb x\n").error, '2 expected value: parsing "x": invalid syntax');
  assert.equal(scan(memory, "a 1\nb \n").error, "2 expected value after metric");
  assert.deepEqual(scan(memory, "a 1\nb 3\n").series, [
    ["a", 1],
    ["b", 3],
  ]);
});

test("what one format allows is not taken for granted in the other", () => {
  const memory = new PageMemory();
  scan(memory, "# free\na 1\n");
  assert.match(scan(memory, "# free\na 1\n# EOF\n", "openmetrics").error ?? "", /^1 expected HELP/);
});

test("types hold for what follows them, also where lines have moved", () => {
  const memory = new PageMemory();
  scan(memory, "# TYPE a histogram\n# HELP b .\na 1\n# TYPE b gauge\nb 1\n");
  const { labels } = scan(
    memory,
    '# TYPE b gauge\n# HELP b .\nb{le="1"} 1\n# TYPE a histogram\na{le="1"} 1\n',
  );
  assert.deepEqual(
    labels.map(({ le }) => le),
    ["1", "1.0"],
  );
});

test("the strings of a series are one and the same from page to page, and do not pile up", () => {
  const memory = new PageMemory();
  const kept = new Map<string, number>();
  for (let round = 0; round < 50; round++) {
    const { series } = scan(memory, `steady 1\nsince_${round} 1\n`);
    for (const [text] of series) kept.set(text, (kept.get(text) ?? 0) + 1);
  }
  assert.equal(kept.get("steady"), 50);
  assert.ok(memory.lineCount <= 4, `${memory.lineCount} texts for a page of two lines`);
});
