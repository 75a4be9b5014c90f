// Commands, attached clients and connections in real processes, and what is left of them: nothing.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { callbackify } from "node:util";
import { after, before, test } from "node:test";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { Pod } from "../../resources/pod.ts";
import type { ExecOptions, TerminalSize } from "../apiserver/node-access.ts";
import { isGone, isReady, node, openNode, shell, type KubeletFixture } from "./kubelet-fixture.ts";

let fixture: KubeletFixture;
let pod: Pod;

const running = (name: string) =>
  fixture.until(name, (one) => (isReady(one) && one ? one : undefined));

before(async () => {
  fixture = await openNode();
  await fixture.start();
  await fixture.run("web", {
    volumes: [{ name: "data", emptyDir: {} }],
    containers: [
      shell("exec sleep 1000", {
        env: [{ name: "GREETING", value: "hello there" }],
        volumeMounts: [{ name: "data", mountPath: "/data.d" }],
      }),
    ],
  });
  pod = await running("web");
});
after(() => fixture.close());

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function exec(
  command: readonly string[],
  options: Partial<ExecOptions> & { readonly input?: string; readonly pod?: Pod } = {},
): Promise<Outcome> {
  const { input, tty = false } = options;
  const wants = { stdin: input !== undefined, stdout: true, stderr: !tty, tty };
  const run = fixture.access.exec(options.pod ?? pod, { container: "main", command, ...wants });
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const texts = Promise.all([text(stdout), text(stderr)]);
  const streams = { stdout, ...(!tty && { stderr }), ...(input !== undefined && { stdin }) };
  const code = await run(streams, new AbortController().signal);
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  return { code, stdout: out, stderr: err };
}

/** A process that was killed may wait a moment to be collected. */
async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(stat(pid))) await pause(5);
}

function stat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

const cases: readonly {
  readonly name: string;
  readonly command: readonly string[];
  readonly input?: string;
  readonly tty?: boolean;
  readonly code?: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
}[] = [
  {
    name: "both outputs and the exit code",
    command: ["sh", "-c", "echo out; echo err >&2; exit 3"],
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  },
  {
    name: "the container's environment",
    command: ["sh", "-c", 'echo "$GREETING"'],
    stdout: "hello there\n",
  },
  {
    name: "outputs that are opened by name",
    command: ["sh", "-c", "echo a > /dev/stdout; echo b > /dev/stderr; echo c"],
    stdout: "a\nc\n",
    stderr: "b\n",
  },
  { name: "input up to its end", command: ["cat"], input: "a\nb", stdout: "a\nb" },
  { name: "without input, the end of a file", command: ["cat"] },
  {
    name: "a command that does not read its input",
    command: ["sh", "-c", "exec <&-; echo done"],
    input: "x".repeat(1_000_000),
    stdout: "done\n",
  },
  { name: "a command that a signal ends", command: ["sh", "-c", "kill -9 $$"], code: 137 },
  {
    name: "a word that is a path in a volume",
    command: ["echo", "/data.d/file", "at /data.d"],
    stdout: /^\/.*\/volumes\/data\/file at \/data\.d\n$/,
  },
  {
    name: "a terminal",
    command: [
      "sh",
      "-c",
      "test -t 0 && test -t 1 && test -t 2; echo $? it\\'s $1; exit 4",
      "sh",
      "a'b c",
    ],
    tty: true,
    code: 4,
    stdout: "0 it's a'b c\r\n",
  },
  {
    name: "a terminal that is typed into",
    command: ["cat"],
    tty: true,
    input: "typed\n",
    stdout: /typed\r\ntyped\r\n/,
  },
];
for (const { name, command, input, tty, code = 0, stdout = "", stderr = "" } of cases)
  test(`exec: ${name}`, async () => {
    const outcome = await exec(command, {
      ...(input !== undefined && { input }),
      ...(tty && { tty }),
    });
    assert.equal(outcome.code, code);
    for (const [got, wanted] of [
      [outcome.stdout, stdout],
      [outcome.stderr, stderr],
    ] as const)
      if (typeof wanted === "string") assert.equal(got, wanted);
      else assert.match(got, wanted);
  });

test("exec: tar sees the paths of the container, as kubectl cp expects", async () => {
  const archive = await exec(["sh", "-c", "mkdir -p sub; echo content > sub/file; tar cf - sub"]);
  const put = await exec(["tar", "xf", "-", "-C", "/data.d"], { input: archive.stdout });
  assert.deepEqual(put, { code: 0, stdout: "", stderr: "" });
  const got = await exec(["tar", "cf", "-", "/data.d/sub"]);
  assert.match(got.stdout, /^data\.d\/sub\/\0/);
  assert.match(got.stdout, /data\.d\/sub\/file\0/);
  assert.match(got.stdout, /content\n/);
});

test("exec: what cannot be run is told as a container runtime does", async () => {
  await assert.rejects(exec(["no-such-program"]), {
    message:
      'error executing command in container: unable to start container process: exec: "no-such-program": executable file not found in $PATH',
  });
  assert.throws(
    () =>
      fixture.access.exec(pod, {
        container: "other",
        command: ["ls"],
        stdin: false,
        stdout: true,
        stderr: true,
        tty: false,
      }),
    { message: 'container not found ("other")' },
  );
});

test("exec: the size of the client's terminal reaches the command", async () => {
  const run = fixture.access.exec(pod, {
    container: "main",
    command: [
      "sh",
      "-c",
      "while [ $(stty size | cut -d' ' -f1) != 33 ]; do sleep 0.02; done; stty size",
    ],
    stdin: false,
    stdout: true,
    stderr: false,
    tty: true,
  });
  const stdout = new PassThrough();
  const said = text(stdout);
  const onResize = (listener: (size: TerminalSize) => void) => listener({ columns: 99, rows: 33 });
  assert.equal(await run({ stdout, onResize }, new AbortController().signal), 0);
  stdout.end();
  assert.equal(await said, "33 99\r\n");
});

for (const tty of [false, true])
  test(`exec: a command ends with its client${tty ? ", in its terminal too" : ""}`, async () => {
    const run = fixture.access.exec(pod, {
      container: "main",
      command: ["sh", "-c", "trap '' HUP TERM INT; sleep 1000 & echo $$ $!; wait"],
      stdin: true,
      stdout: true,
      stderr: false,
      tty,
    });
    const client = new AbortController();
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const code = run({ stdin, stdout }, client.signal);
    const [line] = (await once(stdout, "data")) as [Buffer];
    const pids = line.toString().trim().split(" ").map(Number);
    assert.equal(pids.length, 2);
    client.abort();
    await code;
    for (const pid of pids) await untilGone(pid);
  });

test("exec: a command ends with its container", async () => {
  await fixture.run("brief", { containers: [shell("exec sleep 1000")] });
  const brief = await running("brief");
  const ended = exec(["sleep", "1000"], { pod: brief });
  await nextTurn();
  await fixture.delete("brief", 0);
  assert.equal((await ended).code, 137);
  await fixture.until("brief", isGone);
});

test("exec: a command waits for a client that reads slowly, and none of its output is lost", async () => {
  const run = fixture.access.exec(pod, {
    container: "main",
    command: ["sh", "-c", "head -c 2000000 /dev/zero; echo end >&2"],
    stdin: false,
    stdout: true,
    stderr: true,
    tty: false,
  });
  let received = 0;
  let go: () => void = () => {};
  const open = new Promise<void>((resolve) => (go = resolve));
  const stdout = new Writable({
    write: callbackify(async (chunk: Buffer, _encoding: string) => {
      received += chunk.length;
      await open;
    }),
  });
  let ended = false;
  const stderr = new PassThrough().on("data", () => (ended = true));
  const code = run({ stdout, stderr }, new AbortController().signal);
  while (stdout.writableLength === 0) await nextTurn();
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  assert.ok(!ended, "the command cannot have written it all");
  assert.ok(stdout.writableLength < 1_000_000, `${stdout.writableLength} bytes wait in memory`);
  go();
  assert.equal(await code, 0);
  assert.equal(received, 2_000_000);
});

test("attach: output from now on, input where there is some, to the end of the container", async () => {
  await fixture.run("talk", {
    restartPolicy: "Never",
    containers: [
      shell("echo early; while read line; do echo got $line; done; echo over", {
        stdin: true,
        stdinOnce: true,
      }),
    ],
  });
  const talk = await running("talk");
  while (!(await fixture.log("talk")).text.includes("early")) await pause(5);
  const wants = { container: "main", stdin: true, stdout: true, stderr: true, tty: false };
  const run = fixture.access.attach(talk, wants);
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const said = text(stdout);
  const code = run({ stdin, stdout }, new AbortController().signal);
  stdin.end("hello\n");
  assert.equal(await code, 0);
  stdout.end();
  assert.equal(await said, "got hello\nover\n");
});

test("attach: a container with a terminal, and the size of the client's", async () => {
  await fixture.run("shell", {
    restartPolicy: "Never",
    containers: [shell("exec sh", { stdin: true, tty: true })],
  });
  const pty = await running("shell");
  const wants = { container: "main", stdin: true, stdout: true, stderr: false, tty: true };
  const run = fixture.access.attach(pty, wants);
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const said = text(stdout);
  const onResize = (listener: (size: TerminalSize) => void) => listener({ columns: 99, rows: 33 });
  const code = run({ stdin, stdout, onResize }, new AbortController().signal);
  stdin.write("until [ \"$(stty size)\" = '33 99' ]; do sleep 0.02; done; tty; exit 5\n");
  assert.equal(await code, 0);
  stdout.end();
  assert.match(await said, /\/dev\/pts\/\d+\r\n/);
  const ended = await fixture.until(
    "shell",
    (one) => one?.status?.containerStatuses?.[0]?.state.terminated,
  );
  assert.equal(ended.exitCode, 5);
});

test("attach: no input where the container has none, and none of it stays when the client goes", async () => {
  const wants = { container: "main", stdin: true, stdout: true, stderr: true, tty: false };
  const refused = fixture.access.attach(pod, wants);
  await assert.rejects(refused({ stdin: new PassThrough() }, new AbortController().signal), {
    message: 'container main has no standard input: set "stdin: true" in its specification',
  });
  const client = new AbortController();
  const quiet = fixture.access.attach(pod, { ...wants, stdin: false });
  const code = quiet({ stdout: new PassThrough() }, client.signal);
  client.abort();
  assert.equal(await code, 0);
});

test("attach: who reads too slowly is let go, and the container does not wait", async () => {
  const script =
    "head -c 8000000 /dev/zero | tr '\\0' x | fold -w 8000; echo; echo end; exec sleep 1000";
  await fixture.run("loud", { containers: [shell(`read go; ${script}`, { stdin: true })] });
  const loud = await running("loud");
  const wants = { container: "main", stdin: true, stdout: true, stderr: true, tty: false };
  const run = fixture.access.attach(loud, wants);
  const stuck = new Writable({ write: () => {} });
  const stdin = new PassThrough();
  const code = run({ stdin, stdout: stuck }, new AbortController().signal);
  stdin.write("go\n");
  await assert.rejects(code, {
    message: "attach to container main: the output is read too slowly",
  });
  assert.ok(stuck.writableLength < 5_000_000);
  while ((await fixture.log("loud", "tailLines=1")).text !== "end\n") await pause(20);
});

test("connect: reaches what listens at the pod's address, and says when nothing does", async () => {
  const greeter =
    "require('net').createServer((s)=>s.end('hi')).listen(7001,process.env.POD_IP,()=>console.log('up'))";
  await fixture.run("greeter", { containers: [node(greeter)] });
  const greets = await running("greeter");
  while (!(await fixture.log("greeter")).text.includes("up")) await pause(5);
  assert.equal(await text(await fixture.access.connect(greets, 7001)), "hi");
  const address = greets.status?.podIP ?? "";
  await assert.rejects(fixture.access.connect(greets, 7002), {
    message: `failed to connect: dial tcp4 ${address}:7002: connect: connection refused`,
  });
  // Another's server at the same port of another address is not the pod's.
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address2 = other.address();
  const otherPort = typeof address2 === "object" && address2 ? address2.port : 0;
  await assert.rejects(fixture.access.connect(greets, otherPort), /connection refused/);
  other.close();
});
