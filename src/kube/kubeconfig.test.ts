import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readKubeconfig } from "./kubeconfig.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function write(t: TestContext, text: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries({ ...files, config: text }))
    writeFileSync(join(folder, name), content);
  return join(folder, "config");
}

test("the current context's server, with inline data or files beside the kubeconfig", (t) => {
  const file = write(
    t,
    `
current-context: b
contexts:
- {name: a, context: {cluster: one, user: token}}
- {name: b, context: {cluster: two, user: files}}
clusters:
- {name: one, cluster: {server: "https://one", certificate-authority-data: ${base64("CA one")}}}
- {name: two, cluster: {server: "https://two", certificate-authority: ca.pem}}
users:
- {name: token, user: {token: secret}}
- {name: files, user: {client-certificate: cert.pem, client-key-data: ${base64("KEY")}}}
`,
    { "ca.pem": "CA two", "cert.pem": "CERT" },
  );
  assert.deepEqual(readKubeconfig(file), {
    server: "https://two",
    certificateAuthority: "CA two",
    clientCertificate: "CERT",
    clientKey: "KEY",
    insecureSkipTlsVerify: false,
  });
});

test("what is missing is named", (t) => {
  const cases = [
    { text: "", message: /current-context "" is not among its contexts/ },
    {
      text: "{current-context: a, contexts: [{name: a, context: {cluster: x}}]}",
      message: /cluster "x" has no server/,
    },
  ];
  for (const { text, message } of cases)
    assert.throws(() => readKubeconfig(write(t, text)), message);
});
