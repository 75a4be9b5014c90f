import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
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
  assert.throws(() => readImageFile("/no/such/file"), {
    name: "UserError",
    message: /^--images: cannot read \/no\/such\/file: ENOENT/,
  });
});

test("the example is in order", () => {
  const example = fileURLToPath(new URL("../../examples/images/vllm.yaml", import.meta.url));
  const images = readImageFile(example).map(({ image }) => image);
  assert.ok(images.includes("vllm/vllm-openai*"));
});
