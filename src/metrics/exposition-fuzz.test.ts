// Pages that are nearly right: whatever a target answers, reading it ends, and either tells a line and a
// reason or gives whole samples; and what is remembered of earlier pages never changes what is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated, seedOf } from "../lib/mutation-fixture.ts";
import { seededRandom } from "../lib/random.ts";
import {
  parseExposition,
  scanExposition,
  type ExposedSample,
  type ExpositionFormat,
} from "./exposition-parser.ts";
import { writeSample } from "./exposition-writer.ts";
import { metricNameLabel } from "./labels.ts";
import { PageMemory } from "./page-memory.ts";

const classic = `# HELP vllm:latency_seconds What \\n it is.
# TYPE vllm:latency_seconds histogram
vllm:latency_seconds_bucket{le="0.5",model="a\\"b\\\\"} 1.0
vllm:latency_seconds_bucket{le="+Inf",model="a\\"b\\\\"} 12
vllm:latency_seconds_sum{model="é😀"} 1.7e-05 1764000000000
# a comment

# TYPE up gauge
up NaN
{"quoted.name", "l.l"="v" , m="n",} +Inf -5
big 9007199254740993
`;
const open = `# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds x
a_seconds_total{b="c"} 5 1.5 # {trace_id="x"} 0.67 1520879607.789
a_seconds_created{b="c"} 1.76e9
# TYPE s stateset
s{s="on"} 1
# EOF
`;
const pieces = [
  "{",
  "}",
  '"',
  "\\",
  ",",
  "=",
  "\n",
  "\r",
  " ",
  "\t",
  "#",
  "# ",
  "# TYPE ",
  "# EOF\n",
];
const words = [
  "NaN",
  "-Inf",
  "0x1p3",
  "1e999",
  "1_0",
  "le",
  "__name__",
  "__proto__",
  "\0",
  "é",
  "\ud83d",
];

/** What a scan gives, in a form in which NaN and -0 compare. */
function readWith(memory: PageMemory | undefined, bytes: Uint8Array, format: ExpositionFormat) {
  const samples: unknown[] = [];
  const error = scanExposition(
    bytes,
    format,
    { sample: (line) => void samples.push([line.labels(), line.value, line.timeMs]) },
    memory,
  );
  return { samples, error };
}

test("a page that is nearly right is read whole or refused with its line", () => {
  const seed = seedOf(process.env, Math.random);
  const random = seededRandom(seed);
  const memories = { text: new PageMemory(), openmetrics: new PageMemory() };
  let [good, bad] = [0, 0];
  for (let run = 0; run < 20_000; run++) {
    const format = random() < 0.6 ? "text" : "openmetrics";
    const seedPage = format === "text" ? classic : open;
    const page = mutated(seedPage, [...pieces, ...words], random);
    const bytes = random() < 0.1 ? Buffer.from(page, "latin1") : Buffer.from(page);
    const shown = `seed ${seed}, run ${run}, ${format}: ${JSON.stringify(page)}`;
    const { samples, errors } = parseExposition(bytes.toString(), format);
    const fresh = readWith(undefined, bytes, format);
    const remembered = readWith(memories[format], bytes, format);
    assert.deepEqual(remembered, fresh, shown);
    if (fresh.error) {
      bad++;
      assert.ok(fresh.error.message.length > 0 && fresh.error.message.length < 250, shown);
      assert.ok(fresh.error.line >= 1 && fresh.error.line <= page.split("\n").length + 1, shown);
      continue;
    }
    good++;
    assert.deepEqual(errors, [], shown);
    for (const { labels } of samples) {
      assert.ok(labels[metricNameLabel], shown);
      for (const [name, value] of Object.entries(labels)) assert.ok(name && value, shown);
    }
    const again = samples.filter(hasPlainNames).map(written).join("");
    assert.deepEqual(
      parseExposition(again).samples,
      samples.filter(hasPlainNames).map(({ labels, value }) => ({ labels, value })),
      shown,
    );
  }
  assert.ok(good > 1000 && bad > 1000, `${good} pages were good and ${bad} bad`);
});

const hasPlainNames = ({ labels }: ExposedSample): boolean =>
  Object.keys(labels).every((name) => /^[a-z_][a-z0-9_]*$/i.test(name)) &&
  /^[a-z_:][a-z0-9_:]*$/i.test(labels[metricNameLabel] ?? "");

function written({ labels, value }: ExposedSample): string {
  const { [metricNameLabel]: name = "", ...rest } = labels;
  return writeSample(name, Object.entries(rest), value);
}

const long: readonly (readonly [it: string, page: string])[] = [
  ["a line without end", "a".repeat(1 << 20)],
  ["quotes without end", `a{b="${"\\".repeat(1 << 20)}`],
  ["many braces", "a{".repeat(1 << 19)],
  ["many unclosed lines", 'a{b="c\n'.repeat(1 << 17)],
  [
    "many labels",
    `a{${Array.from({ length: 50_000 }, (_, index) => `l${index}="x"`).join(",")}} 1`,
  ],
  ["many blanks", `a${" ".repeat(1 << 20)}1`],
  ["many comments", "#\n".repeat(1 << 19)],
  ["a long comment", `# TYPE ${"a ".repeat(1 << 19)}`],
  ["a long number", `a ${"1".repeat(1 << 20)}`],
];

for (const [it, page] of long)
  test(`reading takes no longer than its length asks for: ${it}`, () => {
    for (const format of ["text", "openmetrics"] as const) {
      const beganMs = performance.now();
      scanExposition(Buffer.from(page), format, { sample: (line) => void line.labels() });
      // Some milliseconds, if it is linear; hours, if the square.
      assert.ok(performance.now() - beganMs < 20_000);
    }
  });
