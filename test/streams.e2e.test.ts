// Into pods and back, as a user does it with three versions of kubectl: terminals, files in volumes,
// ports with data in them, and clients that go away without a word. (That the commands print what they
// should is told in test/clients.)
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { clientPath, hasClients, kubectlVersions } from "./clients/programs.ts";
import { eventually, startDunlin, words, type RunningDunlin } from "./dunlin.ts";

/** Answers with what it was sent, in capitals, and its path. */
const server = `require("http").createServer(async (request, response) => {
  let body = ""; for await (const chunk of request) body += chunk;
  response.end(request.url + " " + body.toUpperCase());
}).listen(8080, process.env.POD_IP)`;

const manifest = JSON.stringify({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: {
    volumes: [{ name: "data", emptyDir: {} }],
    containers: [
      {
        name: "main",
        image: "any",
        command: ["node", "-e", server],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
        readinessProbe: { tcpSocket: { port: 8080 } },
      },
    ],
  },
});

const directory = mkdtempSync(join(tmpdir(), "dunlin-streams-"));
let dunlin: RunningDunlin | undefined;
const started: ChildProcess[] = [];

before(async () => {
  dunlin = await startDunlin();
  await dunlin.kubectl("apply -f -", manifest);
  await dunlin.kubectl("wait --for=condition=Ready pod/web --timeout=60s");
});
after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await dunlin?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { env: dunlin?.env, cwd: directory, stdio: "pipe" });
  started.push(child);
  return child;
}

const kubectl = (version: string, line: string): ChildProcess =>
  start(clientPath(`${version}/kubectl`), words(line));

async function outcome(
  child: ChildProcess,
  input = "",
): Promise<{ readonly code: number | null; readonly text: string }> {
  let text = "";
  for (const output of [child.stdout, child.stderr])
    output?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stdin?.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

for (const version of kubectlVersions) {
  test(`kubectl ${version}: a terminal, its size and the exit code`, async (t) => {
    if (!hasClients(t)) return;
    // kubectl wants a terminal of its own; script gives it one.
    const line = `stty cols 99 rows 33; ${clientPath(`${version}/kubectl`)} exec -it web -- sh`;
    const shell = start("script", ["-qec", line, "/dev/null"]);
    let text = "";
    shell.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await eventually("a prompt", () => (/[#$] $/.test(text) ? true : undefined));
    shell.stdin?.write("until [ \"$(stty size)\" = '33 99' ]; do sleep 0.1; done; tty; exit 5\n");
    const [code] = (await once(shell, "close")) as [number | null];
    assert.match(text, /\/dev\/pts\/\d+/);
    assert.equal(code, 5);
  });

  test(`kubectl ${version}: files go into a volume and come back as they were`, async (t) => {
    if (!hasClients(t)) return;
    const folder = `sent-${version}`;
    mkdirSync(join(directory, folder, "deeper"), { recursive: true });
    writeFileSync(join(directory, folder, "deeper", "small"), "text");
    const large = randomBytes(5_000_000);
    writeFileSync(join(directory, folder, "large"), large);
    const sent = await outcome(kubectl(version, `cp ${folder} web:/data/${folder}`));
    assert.deepEqual(sent, { code: 0, text: "" });
    const back = await outcome(kubectl(version, `cp web:/data/${folder} back-${version}`));
    assert.equal(back.code, 0);
    assert.equal(readFileSync(join(directory, `back-${version}/deeper/small`), "utf8"), "text");
    assert.ok(readFileSync(join(directory, `back-${version}/large`)).equals(large));
  });

  test(`kubectl ${version}: many requests through one forwarded port, and a closed one`, async (t) => {
    if (!hasClients(t)) return;
    const forward = kubectl(version, "port-forward pod/web :8080 :8081");
    let text = "";
    for (const output of [forward.stdout, forward.stderr])
      output?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const localPort = (target: number): Promise<string> =>
      eventually(
        "kubectl listens",
        () => new RegExp(`127.0.0.1:(\\d+) -> ${target}\n`).exec(text)?.[1],
      );
    const url = `http://127.0.0.1:${await localPort(8080)}`;
    const body = "x".repeat(100_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const options = { method: "POST", body, headers: { connection: "close" } };
        return (await fetch(`${url}/${index}`, options)).text();
      }),
    );
    const expected = answers.map((_, index) => `/${index} ${"X".repeat(100_000)}`);
    assert.deepEqual(answers, expected);
    const closed = `http://127.0.0.1:${await localPort(8081)}`;
    await assert.rejects(fetch(closed, { headers: { connection: "close" } }));
    const said = /an error occurred forwarding \d+ -> 8081: error forwarding port 8081: /;
    await eventually("kubectl says why", () => (said.test(text) ? true : undefined));
    forward.kill("SIGKILL");
  });

  test(`kubectl ${version}: what it ran ends with it, however it ends`, async (t) => {
    if (!hasClients(t)) return;
    const line = "exec -i web -- sh -c 'trap \"\" HUP TERM; echo $$; sleep 1000; true'";
    const client = kubectl(version, line);
    assert.ok(client.stdout);
    const [pid] = (await once(client.stdout, "data")) as [Buffer];
    const process = `/proc/${pid.toString().trim()}`;
    assert.ok(existsSync(process));
    client.kill("SIGKILL");
    await eventually("it ended", () => !existsSync(process) || undefined);
  });
}
