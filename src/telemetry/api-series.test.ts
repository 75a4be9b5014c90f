// series, labels and label values, by selector, time and limit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, form, hurryingClock, openApi, running, success } from "./api-fixture.ts";

type Case = {
  readonly it: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status?: number;
  readonly answer: unknown;
};

const selector = (text: string): string => `match[]=${encodeURIComponent(text)}`;
const podA = { __name__: running, pod: "a" };
const truncated = { warnings: ["results truncated due to limit"] };

const cases: readonly Case[] = [
  {
    it: "series are found by selector, each once",
    path: `/api/v1/series?${selector('{pod="a"}')}&${selector(`{pod=~"a|c"}`)}&match[]=idle`,
    answer: success([{ __name__: "idle" }, podA]),
  },
  {
    it: "series may be asked for by a form, as Grafana does",
    path: "/api/v1/series",
    init: form({ "match[]": running, limit: "1" }),
    answer: { ...success([podA]), ...truncated },
  },
  {
    it: "series outside of the time asked for are not found",
    path: "/api/v1/series?match[]=idle&start=1001",
    answer: success([]),
  },
  {
    it: "the bounds belong to the time asked for",
    path: "/api/v1/series?match[]=idle&start=1000&end=1000",
    answer: success([{ __name__: "idle" }]),
  },
  {
    it: "client libraries have a text for the beginning and the end of time",
    path:
      "/api/v1/series?match[]=idle&start=-292273086-05-16T16:47:06Z" +
      "&end=292277025-08-18T07:12:54.999999999Z",
    answer: success([{ __name__: "idle" }]),
  },
  {
    it: "series need a selector",
    path: "/api/v1/series",
    status: 400,
    answer: failure("bad_data", "no match[] parameter provided"),
  },
  {
    it: "a selector is no expression",
    path: `/api/v1/series?${selector("sum(idle)")}`,
    status: 400,
    answer: failure(
      "bad_data",
      'invalid parameter "match[]": expected a series selector such as up{job="a"}, got sum(idle)',
    ),
  },
  {
    it: "a time that ends before it starts is refused",
    path: "/api/v1/labels?start=2&end=1",
    status: 400,
    answer: failure("bad_data", "end timestamp must not be before start timestamp"),
  },
  { it: "label names", path: "/api/v1/labels", answer: success(["__name__", "pod"]) },
  {
    it: "label names of some series, by a form",
    path: "/api/v1/labels",
    init: form({ "match[]": "idle" }),
    answer: success(["__name__"]),
  },
  {
    it: "label names of a time without samples",
    path: "/api/v1/labels?start=1&end=2",
    answer: success([]),
  },
  { it: "label values", path: "/api/v1/label/pod/values", answer: success(["a", "b"]) },
  {
    it: "the names of all metrics, which Grafana offers",
    path: "/api/v1/label/__name__/values?start=0&end=2000",
    answer: success(["idle", running]),
  },
  {
    it: "label values of some series",
    path: `/api/v1/label/pod/values?${selector(`${running}{pod!="b"}`)}`,
    answer: success(["a"]),
  },
  {
    it: "a label that nobody has",
    path: "/api/v1/label/zone/values",
    answer: success([]),
  },
  {
    it: "a limit cuts and says so",
    path: "/api/v1/label/pod/values?limit=1",
    answer: { ...success(["a"]), ...truncated },
  },
  {
    it: "a limit that is none",
    path: "/api/v1/label/pod/values?limit=0",
    answer: success(["a", "b"]),
  },
  {
    it: "a limit that is no number",
    path: "/api/v1/label/pod/values?limit=few",
    status: 400,
    answer: failure("bad_data", 'invalid parameter "limit": limit must be non-negative'),
  },
  {
    it: "a name in Prometheus' escapes",
    path: "/api/v1/label/U__p_6f_d/values",
    answer: success(["a", "b"]),
  },
  {
    it: "a name that is no name",
    path: "/api/v1/label/%zz/values",
    status: 400,
    answer: failure("bad_data", 'invalid label name: "%zz"'),
  },
];

for (const { it, path, init, status = 200, answer } of cases)
  test(it, async () => {
    const { status: given, body } = await openApi().ask(path, init);
    assert.deepEqual(JSON.parse(body), answer);
    assert.equal(given, status);
  });

test("names in UTF-8 are reached by their escapes", async () => {
  const { ask, store } = openApi();
  store.append({ __name__: "m", "k8s.pod_name": "x", größe: "y" }, 1_000_000, 1);
  for (const [escaped, value] of [
    ["U__k8s_2e_pod__name", "x"],
    ["U__gr_f6__df_e", "y"],
    ["k8s.pod_name", "x"],
  ]) {
    const { body } = await ask(`/api/v1/label/${escaped}/values`);
    assert.deepEqual(JSON.parse(body), success([value]), escaped);
  }
  // Not well-formed, so meant as they stand.
  for (const literal of ["U__a_", "U__a_110000_", "U__a_d800_", "U__a-b"]) {
    const { body } = await ask(`/api/v1/label/${literal}/values`);
    assert.deepEqual(JSON.parse(body), success([]), literal);
  }
});

test("a search that takes too long is given up", async () => {
  const { ask, store } = openApi({ clock: hurryingClock(700) });
  for (let index = 0; index < 2000; index++)
    store.append({ __name__: "many", index: `${index}` }, 1_000_000, 1);
  const everything = new URLSearchParams();
  for (let times = 0; times < 200; times++) everything.append("match[]", 'many{index!="x"}');
  for (const [path, init] of [
    ["/api/v1/series", { method: "POST", body: everything }],
    ["/api/v1/labels", { method: "POST", body: everything }],
    [`/api/v1/label/index/values?${everything.toString()}`],
    ["/api/v1/status/tsdb"],
  ] as const) {
    const { status, body } = await ask(path, init);
    const expected = failure("timeout", "timed out while looking for series");
    assert.deepEqual(JSON.parse(body), expected, path);
    assert.equal(status, 503);
  }
});
