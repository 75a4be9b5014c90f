import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseImageFile, readImageFile } from "./image-file.ts";

const parse = (text: string) => parseImageFile(text, "/srv/images.yaml");

test("globs with commands, variables and a folder; paths are relative to the file", () => {
  const { mappings, problems } = parse(`
images:
  - image: vllm/vllm-openai*
    command: [python3, -m, vllm.entrypoints.openai.api_server, --port, 8080, --ratio, 0.90]
    env: { VLLM_LOGGING: off, EMPTY: "" }
    workingDir: models
  - image: echo
    command: [./bin/echo-server]
    args: [--port, 80]
  - image: alpine*
    args: [sh]
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(mappings, [
    {
      image: "vllm/vllm-openai*",
      command: [
        "python3",
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--port",
        "8080",
        "--ratio",
        "0.90",
      ],
      env: { VLLM_LOGGING: "off", EMPTY: "" },
      workingDir: "/srv/models",
    },
    { image: "echo", command: ["/srv/bin/echo-server"], args: ["--port", "80"] },
    { image: "alpine*", command: [], args: ["sh"] },
  ]);
});

test("JSON is as good as YAML", () => {
  const { mappings, problems } = parse('{"images": [{"image": "a", "command": ["b"]}]}');
  assert.deepEqual([mappings, problems], [[{ image: "a", command: ["b"] }], []]);
});

const complaints: readonly (readonly [name: string, text: string, problems: readonly string[]])[] =
  [
    ["nothing", "", ['1:1: must be a map with the key "images"']],
    ["a list", "- image: a", ['1:1: must be a map with the key "images"']],
    [
      "another key",
      "image: a",
      ["1:1: image: unknown field; known are images", "1:1: images: is required"],
    ],
    ["no entries", "images: []", ["1:9: images: must be a list with at least one entry"]],
    [
      "all that is wrong, each with its place",
      `images:
  - image: ""
    command: python3
  - comand: [a]
  - image: c
    command: [x, [y]]
    env: { "A=1": b, C: [d] }
  - just a text
`,
      [
        "2:12: images[0].image: must not be empty",
        "3:14: images[0].command: must be a list with at least one entry",
        "4:5: images[1].comand: unknown field; known are image, command, args, env, workingDir",
        "4:5: images[1].image: is required",
        "4:5: images[1].command: is required",
        "6:18: images[2].command[1]: must be a text",
        "7:12: images[2].env.A=1: a valid environment variable name must consist only of printable ASCII characters other than '='",
        "7:25: images[2].env.C: must be a text",
        "8:5: images[3]: must be a map with image and command or args",
      ],
    ],
  ];

for (const [name, text, expected] of complaints)
  test(`told: ${name}`, () => {
    const { problems } = parse(text);
    assert.deepEqual(
      problems,
      expected.map((problem) => `/srv/images.yaml:${problem}`),
    );
  });

test("what is no YAML is told with its place", () => {
  const [problem = ""] = parse("images: [\n").problems;
  assert.match(problem, /^\/srv\/images\.yaml:2:1: /);
});

test("a file that cannot be read is named, with the flag", () => {
  assert.throws(() => readImageFile("/no/such/file", ""), {
    name: "UserError",
    message: /^--images: cannot read \/no\/such\/file: ENOENT/,
  });
});

test("programs are those that the user's shell finds", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "venv", "serve"), { recursive: true });
  writeFileSync(join(folder, "vllm"), "", { mode: 0o755 });
  writeFileSync(join(folder, "serve"), "", { mode: 0o755 });
  writeFileSync(join(folder, "notes"), "", { mode: 0o644 });
  const file = join(folder, "images.yaml");
  const commandOf = (entry: string): readonly string[] => {
    writeFileSync(file, `images: [{ image: a, ${entry} }]`);
    const [mapping] = readImageFile(file, `${join(folder, "venv")}:.:${folder}`);
    return mapping?.command ?? [];
  };
  assert.deepEqual(commandOf("command: [vllm, serve]"), [join(folder, "vllm"), "serve"]);
  assert.deepEqual(commandOf("command: [serve]"), [join(folder, "serve")]);
  for (const left of ["notes", "no-such-program", "/bin/vllm"])
    assert.deepEqual(commandOf(`command: [${left}]`), [left]);
  assert.deepEqual(commandOf("command: [vllm], env: { PATH: /opt/bin }"), ["vllm"]);
  assert.deepEqual(commandOf("args: [vllm]"), []);
});

test("the example is in order", () => {
  const example = fileURLToPath(new URL("../../examples/images/vllm.yaml", import.meta.url));
  const images = readImageFile(example, "").map(({ image }) => image);
  assert.ok(images.includes("vllm/vllm-openai*"));
});
