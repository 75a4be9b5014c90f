// A Prometheus data source of Grafana, by the requests that it makes: over a socket, with its headers
// and parameters, in the order in which a person comes to them.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openApi, running } from "./api-fixture.ts";
import { serve } from "./prometheus-server.ts";

async function openGrafana(t: TestContext) {
  const { handler } = openApi();
  const server = await serve(handler, { host: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  const headers = { "accept-encoding": "gzip", "user-agent": "Grafana/12.0.0", accept: "*/*" };
  const dataOf = async (response: Response): Promise<unknown> => {
    const answer = (await response.json()) as { status: string; data: unknown };
    assert.equal(answer.status, "success");
    return answer.data;
  };
  return {
    get: async (path: string) => dataOf(await fetch(`${server.url}/api/v1/${path}`, { headers })),
    post: async (path: string, form: Readonly<Record<string, string>>) =>
      dataOf(
        await fetch(`${server.url}/api/v1/${path}`, {
          method: "POST",
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams(form).toString(),
        }),
      ),
  };
}

test("Save & test: a sum, and which Prometheus this is", async (t) => {
  const { get, post } = await openGrafana(t);
  assert.deepEqual(await post("query", { query: "1+1", time: "1000.5" }), {
    resultType: "scalar",
    result: [1000.5, "2"],
  });
  const { version } = (await get("status/buildinfo")) as { version: string };
  assert.match(version, /^3\.\d+\.\d+$/);
});

test("the query editor: metrics, their help, labels and values", async (t) => {
  const { get, post } = await openGrafana(t);
  const range = "start=996&end=1001&limit=40000";
  assert.deepEqual(await get(`label/__name__/values?${range}`), ["idle", running]);
  assert.deepEqual(Object.keys((await get("metadata?limit=40000")) as object), [
    running,
    "uptime_seconds",
  ]);
  const matching = encodeURIComponent(`{__name__="${running}"}`);
  assert.deepEqual(await get(`labels?${range}&match[]=${matching}`), ["__name__", "pod"]);
  assert.deepEqual(await get(`label/pod/values?${range}&match[]=${matching}`), ["a", "b"]);
  const form = { "match[]": running, start: "996", end: "1001", limit: "40000" };
  assert.deepEqual(await post("labels", form), ["__name__", "pod"]);
  assert.equal(((await post("series", form)) as unknown[]).length, 2);
  assert.deepEqual(await get("rules"), { groups: [] });
});

test("a panel: a range, an instant, and exemplars", async (t) => {
  const { post } = await openGrafana(t);
  const query = `sum by (pod) (${running}{pod=~"a|b"})`;
  assert.deepEqual(await post("query_range", { query, start: "990", end: "1005", step: "5" }), {
    resultType: "matrix",
    result: [
      {
        metric: { pod: "a" },
        values: [
          [1000, "2"],
          [1005, "2"],
        ],
      },
      {
        metric: { pod: "b" },
        values: [
          [1000, "3"],
          [1005, "3"],
        ],
      },
    ],
  });
  assert.deepEqual(await post("query", { query: `topk(1, ${query})`, time: "1000" }), {
    resultType: "vector",
    result: [{ metric: { pod: "b" }, value: [1000, "3"] }],
  });
  assert.deepEqual(await post("query_exemplars", { query, start: "990", end: "1005" }), []);
});
