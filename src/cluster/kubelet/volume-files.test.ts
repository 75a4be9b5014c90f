import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../resources/pod.ts";
import { volumeFiles } from "./volume-files.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec: { containers: [] },
};
const configMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "c" },
  data: { key: "value" },
};
const sources = {
  pod,
  podIp: "127.64.1.1",
  hostIp: "127.64.0.1",
  allocatable: {},
  secret: () => Promise.resolve(undefined),
  configMap: () => Promise.resolve(configMap),
  token: undefined,
};

// The API refuses such paths; a file outside of the volume would be anybody's on this machine.
for (const path of ["", "/etc/key", "../key", "a/../../key", "..data", "..2026/key"])
  test(`the path "${path}" is not written to`, () =>
    assert.rejects(
      volumeFiles({ name: "v", configMap: { name: "c", items: [{ key: "key", path }] } }, sources),
      { name: "ConfigError", message: /must be relative and must not contain or start with/ },
    ));
