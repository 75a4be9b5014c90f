// `dunlin up --scrape-config`: exporters outside the cluster, named in Prometheus' own configuration, are
// scraped, relabelled and can be asked about; what is wrong with a configuration is said at the start.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually, repository, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Serves a page to whoever shows the password, and a list of targets that names it once more. */
async function startExporter(t: TestContext): Promise<string> {
  const server = createServer(({ url, headers }, response) => {
    const { authorization, host } = headers;
    if (url === "/targets") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify([{ targets: [host], labels: { found: "http" } }]));
    } else if (authorization === `Basic ${Buffer.from("me:open sesame").toString("base64")}`)
      response.end('queue_length{shard="a"} 3\nqueue_length{shard="b"} 4\nnoise 1\n');
    else response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("exporters of a scrape configuration are scraped", async (t) => {
  if (!hasTools(t, "kubectl", "promtool")) return;
  const folder = newFolder(t);
  const exporter = await startExporter(t);
  const auth = { username: "me", password: "open sesame" };
  const list = join(folder, "listed.json");
  writeFileSync(list, "[]");
  const file = join(folder, "prometheus.yml");
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [
      {
        job_name: "queue",
        basic_auth: auth,
        static_configs: [
          { targets: [exporter, "127.0.0.1:1"], labels: { __tmp_keep: "yes", rack: "7" } },
          { targets: ["127.0.0.1:2"] },
        ],
        relabel_configs: [
          { source_labels: ["__tmp_keep"], regex: "yes", action: "keep" },
          { source_labels: ["rack"], target_label: "place", replacement: "rack-$1" },
        ],
        metric_relabel_configs: [
          { source_labels: ["__name__"], regex: "noise", action: "drop" },
          { source_labels: ["shard"], target_label: "shard", action: "uppercase" },
        ],
      },
      {
        job_name: "listed",
        basic_auth: auth,
        file_sd_configs: [{ files: ["listed.json"] }],
      },
      {
        job_name: "asked",
        basic_auth: { ...auth, password: "wrong" },
        http_sd_configs: [{ url: `http://${exporter}/targets` }],
      },
    ],
  };
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML.
  const dunlin = await startDunlin({ args: ["--scrape-config", file] });
  t.after(() => dunlin.stop());
  const address = await dunlin.kubectl(
    "get endpointslices -n istio-system -l kubernetes.io/service-name=prometheus -o jsonpath={.items[0].endpoints[0].addresses[0]}:{.items[0].ports[0].port}",
  );
  const server = `http://${address}`;
  const query = async (text: string): Promise<string> =>
    (await dunlin.run("promtool", ["query", "instant", server, text])).stdout;

  const found = await eventually("both series", async () => {
    const lines = (await query("queue_length")).trim().split("\n");
    return lines.length === 2 ? lines : undefined;
  });
  const labels = `instance="${exporter}", job="queue", place="rack-7", rack="7"`;
  assert.deepEqual(found.map((line) => line.replace(/ @.*/, "")).toSorted(), [
    `queue_length{${labels}, shard="A"} => 3`,
    `queue_length{${labels}, shard="B"} => 4`,
  ]);
  assert.equal((await query("noise")).trim(), "");
  assert.match(await query('up{instance="127.0.0.1:1"}'), /=> 0 @/);
  assert.match(await query('scrape_samples_scraped{job="queue"} > 0'), /=> 3 @/);
  assert.match(await query('scrape_samples_post_metric_relabeling{job="queue"} > 0'), /=> 2 @/);

  const { data } = (await (await fetch(`${server}/api/v1/targets`)).json()) as {
    data: {
      activeTargets: readonly { scrapePool: string; lastError: string; labels: object }[];
      droppedTargets: readonly { discoveredLabels: Record<string, string> }[];
    };
  };
  const asked = data.activeTargets.find(({ scrapePool }) => scrapePool === "asked");
  assert.equal(asked?.lastError, "server returned HTTP status 401 Unauthorized");
  assert.deepEqual(asked?.labels, { found: "http", instance: exporter, job: "asked" });
  assert.deepEqual(
    data.droppedTargets.map(({ discoveredLabels }) => discoveredLabels["__address__"]),
    ["127.0.0.1:2"],
  );

  const shown = await (await fetch(`${server}/api/v1/status/config`)).text();
  assert.match(shown, /job_name/);
  assert.match(shown, /<secret>/);
  assert.doesNotMatch(shown, /sesame|wrong/);

  writeFileSync(list, JSON.stringify([{ targets: [exporter] }]));
  await eventually("the target of the file", async () =>
    (await query('up{job="listed"} == 1')).includes("=> 1") ? true : undefined,
  );
  writeFileSync(list, "[]");
  await eventually("its series have ended", async () =>
    (await query('{job="listed"}')).trim() === "" ? true : undefined,
  );
});

test("a scrape configuration that is wrong is refused, all at once", (t) => {
  const folder = newFolder(t);
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, "rule_files: [a.yml]\nscrape_configs:\n  - job_nam: a\n");
  const up = (...args: readonly string[]) =>
    spawnSync(join(repository, "dunlin"), ["up", "--data-dir", join(folder, "data"), ...args], {
      encoding: "utf8",
    });
  const { status, stderr } = up("--scrape-config", file);
  assert.notEqual(status, 0);
  for (const problem of [
    ":1:1: rule_files: is not supported; use a Prometheus, ",
    ":3:5: scrape_configs[0].job_nam: unknown field; known are ",
    ":3:5: scrape_configs[0].job_name: is required\n",
  ])
    assert.ok(stderr.includes(file + problem), stderr);
  assert.doesNotMatch(stderr, /^ +at /m);
  const missing = up("--scrape-config", join(folder, "none.yml"));
  assert.match(missing.stderr, /^dunlin up: --scrape-config: cannot read .*none\.yml: ENOENT/);
});
