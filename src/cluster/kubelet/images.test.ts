import assert from "node:assert/strict";
import { test } from "node:test";
import { imageMatches, resolveImage, type ImageMapping } from "./images.ts";

const globs: readonly (readonly [glob: string, image: string, matches: boolean])[] = [
  ["kserve/huggingfaceserver*", "kserve/huggingfaceserver:latest-gpu", true],
  ["kserve/huggingfaceserver*", "docker.io/kserve/huggingfaceserver:v0.15", true],
  ["docker.io/kserve/storage-initializer", "kserve/storage-initializer:latest", true],
  ["index.docker.io/library/redis", "redis:7", true],
  ["redis", "redis@sha256:0123", true],
  ["redis:7", "redis:8", false],
  ["redis", "other/redis", false],
  ["ghcr.io/*/dunlin", "ghcr.io/somebody/dunlin:1.0", true],
  ["localhost:5000/model", "localhost:5000/model:dev", true],
  ["localhost", "localhost:5000/model", false],
  ["a.b", "aXb", false],
];

for (const [glob, image, expected] of globs)
  test(`${glob} ${expected ? "means" : "does not mean"} ${image}`, () =>
    assert.equal(imageMatches(glob, image), expected));

const mappings: readonly ImageMapping[] = [
  { image: "server*", command: ["node", "server.ts"], env: { MODE: "simulated" } },
  { image: "shell", command: [], args: ["sh", "-i"] },
  { image: "both", command: ["node"], args: ["--help"] },
];

const commands: readonly {
  readonly name: string;
  readonly container: Parameters<typeof resolveImage>[0];
  readonly command: readonly string[];
}[] = [
  { name: "mapped", container: { image: "server:1" }, command: ["node", "server.ts"] },
  {
    name: "mapped with args",
    container: { image: "server:1", args: ["--port=80"] },
    command: ["node", "server.ts", "--port=80"],
  },
  {
    name: "mapped with a command of its own",
    container: { image: "server:1", command: ["sh"], args: ["-c", "true"] },
    command: ["sh", "-c", "true"],
  },
  { name: "mapped to arguments only", container: { image: "shell" }, command: ["sh", "-i"] },
  {
    name: "mapped to arguments only, with args",
    container: { image: "shell", args: ["ls", "/"] },
    command: ["ls", "/"],
  },
  { name: "mapped to both", container: { image: "both" }, command: ["node", "--help"] },
  {
    name: "mapped to both, with args",
    container: { image: "both", args: ["x.js"] },
    command: ["node", "x.js"],
  },
  {
    name: "mapped to both, with a command",
    container: { image: "both", command: ["true"] },
    command: ["true"],
  },
  {
    name: "not mapped, with a command",
    container: { image: "busybox", command: ["true"] },
    command: ["true"],
  },
];

for (const { name, container, command } of commands)
  test(`the command of an image that is ${name}`, () => {
    const resolved = resolveImage(container, mappings);
    assert.equal(resolved.kind, "found");
    assert.deepEqual(resolved.kind === "found" && resolved.command, command);
  });

test("an image that leads nowhere is named, with what is mapped and what to do", () => {
  const resolved = resolveImage({ image: "nginx:1.27" }, mappings);
  assert.equal(resolved.kind, "unknown");
  assert.match(
    resolved.kind === "unknown" ? resolved.message : "",
    /"nginx:1\.27".*mapped images: server\*.*Map it to a local command/,
  );
});
