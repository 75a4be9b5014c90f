// What a log request may ask for, and how it is told that it asks for nonsense.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodLogOptions } from "./node-access.ts";
import { nodeThat, openTestPlane, pod, pods } from "./plane-fixture.ts";

async function log(query: string) {
  const { call, plane } = openTestPlane();
  await call("POST", pods, pod("one"));
  const asked: PodLogOptions[] = [];
  plane.setNode(
    nodeThat({
      readLog: (_pod, options) => {
        asked.push(options);
        return Promise.resolve(new Blob(["text\n"]).stream());
      },
    }),
  );
  return { ...(await call("GET", `${pods}/one/log?${query}`)), asked };
}

const plain = { container: "c", follow: false, previous: false, timestamps: false };
const options: readonly (readonly [string, object])[] = [
  ["", {}],
  ["follow=true&previous=True&timestamps=1", { follow: true, previous: true, timestamps: true }],
  ["tailLines=0", { tailLines: 0 }],
  ["limitBytes=1&sinceSeconds=5", { limitBytes: 1, sinceSeconds: 5 }],
  ["sinceTime=2026-01-02T03:04:05Z", { sinceTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5) }],
  ["sinceTime=2026-01-02T04:04:05.5%2B01:00", { sinceTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 500) }],
  ["stream=All&tailLines=3", { tailLines: 3 }],
  ["stream=Stdout", { stream: "stdout" }],
  ["stream=Stderr", { stream: "stderr" }],
  ["insecureSkipTLSVerifyBackend=true", {}],
];
for (const [query, asked] of options)
  test(`log?${query}`, async () => {
    const answer = await log(query);
    assert.equal(answer.body, "text\n");
    assert.deepEqual(answer.asked, [{ ...plain, ...asked }]);
  });

const refused: readonly (readonly [string, number, string])[] = [
  [
    "tailLines=-1",
    422,
    'PodLogOptions "one" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    "limitBytes=0",
    422,
    'PodLogOptions "one" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
  ],
  [
    "sinceSeconds=0",
    422,
    'PodLogOptions "one" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0',
  ],
  [
    "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z",
    422,
    'PodLogOptions "one" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  ],
  [
    "stream=stdout",
    422,
    'PodLogOptions "one" is invalid: stream: Unsupported value: "stdout": supported values: "All", "Stderr", "Stdout"',
  ],
  [
    "stream=Stdout&tailLines=1",
    422,
    'PodLogOptions "one" is invalid: : Forbidden: `tailLines` and specific `stream` are mutually exclusive for now',
  ],
  [
    "tailLines=-1&limitBytes=-1",
    422,
    'PodLogOptions "one" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: -1: must be greater than 0]',
  ],
  ["tailLines=few", 400, 'invalid value for the query parameter tailLines: "few"'],
  [
    "sinceTime=yesterday",
    400,
    'invalid value for the query parameter sinceTime: "yesterday"; it must be a time such as 2026-01-02T03:04:05Z',
  ],
];
for (const [query, code, message] of refused)
  test(`refused: log?${query}`, async () => {
    const { status, body, asked } = await log(query);
    assert.equal(body.message, message);
    assert.equal(status, code);
    assert.deepEqual(asked, []);
  });
