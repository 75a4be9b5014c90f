// What is shown of the file at /api/v1/status/config.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readScrapeConfigFile } from "./scrape-config-file.ts";

const file = `# password: of-old
scrape_configs: # open-sesame
  - job_name: a
    # basic_auth: { password: tried-before }
    basic_auth: { username: me, "password": open-sesame } # open-sesame
    static_configs: [{ targets: [a] }]
  - job_name: b
    authorization: { credentials: &token open-sesame }
    http_sd_configs:
      - url: http://me:open-sesame@sd/x
        authorization: { credentials: *token }
  - job_name: c
    bearer_token: |
      open-sesame
    tls_config: { key: open-sesame, cert: public, server_name: s }
    # the last word: open-sesame
`;

test("the configuration is shown without its secrets, and without comments, which may hold some", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-scrape-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "prometheus.yml");
  writeFileSync(path, file);
  const { jobs, text } = readScrapeConfigFile(path);
  assert.deepEqual(
    jobs.map(({ name }) => name),
    ["a", "b", "c"],
  );
  assert.doesNotMatch(text, /open-sesame|of-old|tried-before/);
  assert.equal(text.match(/<secret>/g)?.length, 6);
  for (const plain of ["username: me", "http://me:<secret>@sd/x", "cert: public"])
    assert.ok(text.includes(plain), text);
});
