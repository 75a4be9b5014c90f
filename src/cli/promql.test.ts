// `dunlin promql test` as a shell sees it: what it prints, and how it exits.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "dunlin-promql-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

function promql(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "promql", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const right = write("right.test", "load 1m\n  m 1 2\n\neval instant at 1m m * 2\n  {} 4\n");
const wrong = write("wrong.test", "load 1m\n  m 1 2\n\neval instant at 1m m * 2\n  {} 5\n");
const broken = write("broken.test", "load 1m\n  m 1 two\n\neval m\n");

test("a script that is as wanted", () => {
  assert.deepEqual(promql("test", right), {
    status: 0,
    stdout: "1 evaluation in 1 script: all as wanted\n",
    stderr: "",
  });
});

test("a script that is not says where, and what came", () => {
  assert.deepEqual(promql("test", right, wrong), {
    status: 1,
    stdout: [
      "wrong.test:4: m * 2",
      "  other values of {}",
      "  wanted: {} 5",
      "  got:    {} 4",
      "2 evaluations in 2 scripts: 1 not as wanted",
      "",
    ].join("\n"),
    stderr: "",
  });
});

test("a script that is none, and a file that is not there, are told; the others run", () => {
  const { status, stdout } = promql("test", broken, "gone.test", right);
  assert.equal(status, 2);
  assert.match(stdout, /^broken\.test:2: expected a number.*\nbroken\.test:4: expected "eval/);
  assert.match(stdout, /^gone\.test: ENOENT: no such file or directory/m);
  assert.match(stdout, /^1 evaluation in 1 script: all as wanted\n2 scripts could not be read\n/m);
});

test("a command line that makes no sense says what would", () => {
  for (const [args, message] of [
    [[], /^dunlin promql: expected a command: test/],
    [["check"], /there is no command "check"; the only one is test/],
    [["test"], /test takes the script files to run/],
    [["test", "--fast", right], /there is no option "--fast"/],
  ] as const) {
    const { status, stderr } = promql(...args);
    assert.equal(status, 2);
    assert.match(stderr, message);
  }
});

test("--help says what it does", () => {
  const { status, stdout } = promql("--help");
  assert.equal(status, 0);
  assert.match(stdout, /^Usage: dunlin promql test FILE\.\.\.\n/);
});
