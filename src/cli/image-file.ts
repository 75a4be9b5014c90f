// A user's own image mappings: which local command an image stands for, in a small YAML (or JSON)
// file. What is wrong with one is said all at once, each with its line, its column and its field.
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import type { ImageMapping } from "../cluster/kubelet/images.ts";
import { UserError } from "../lib/user-error.ts";
import { atKey, YamlReader, type YamlValue } from "../lib/yaml-reader.ts";
import { environmentNameProblems } from "../resources/label-syntax.ts";

/**
 * A program without a folder is the one that the user's shell would find by `searchPath`, as in a
 * virtual environment that is active there; one that is not found is left to the pod to complain about.
 * Throws a UserError, with a line for each thing that is wrong.
 */
export function readImageFile(path: string, searchPath: string): readonly ImageMapping[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`--images: cannot read ${path}: ${reason}`, { cause });
  }
  const { mappings, problems } = parseImageFile(text, path);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return mappings.map((mapping) => {
    const [program, ...more] = mapping.command;
    if (program === undefined || mapping.env?.["PATH"] !== undefined) return mapping;
    return { ...mapping, command: [onPath(program, searchPath), ...more] };
  });
}

function onPath(program: string, searchPath: string): string {
  if (program.includes("/")) return program;
  const folders = searchPath.split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, program)).find(isProgram) ?? program;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Paths in the file are relative to its folder: the working directory, and a program that begins with
 * `./` or `../`. Mappings are of use only when there are no problems.
 */
export function parseImageFile(
  text: string,
  path: string,
): { readonly mappings: readonly ImageMapping[]; readonly problems: readonly string[] } {
  const reader = new YamlReader(text, path);
  const mappings = reader.problems.length === 0 ? mappingsOf(reader, dirname(path)) : [];
  return { mappings, problems: reader.problems };
}

function mappingsOf(reader: YamlReader, folder: string): readonly ImageMapping[] {
  const top = reader.fields(reader.root, ["images"], 'a map with the key "images"');
  const images = top && reader.list(top.get("images"), { mayBeEmpty: false });
  return (images ?? []).flatMap((value) => mappingOf(reader, value, folder) ?? []);
}

function mappingOf(reader: YamlReader, value: YamlValue, folder: string): ImageMapping | undefined {
  const known = ["image", "command", "args", "env", "workingDir"];
  const fields = reader.fields(value, known, "a map with image and command or args");
  if (!fields) return undefined;
  const image = reader.text(fields.get("image"));
  const args = fields.has("args") ? wordsOf(reader, fields.get("args")) : undefined;
  // An image may have only arguments, whose first is the program then.
  const command = args && !fields.has("command") ? [] : wordsOf(reader, fields.get("command"));
  const env = fields.has("env") ? environmentOf(reader, fields.get("env")) : undefined;
  const workingDir = fields.has("workingDir") ? reader.text(fields.get("workingDir")) : undefined;
  if (image === undefined) return undefined;
  return {
    image,
    command: command.map((word, at) =>
      at === 0 && /^\.\.?\//.test(word) ? resolve(folder, word) : word,
    ),
    ...(args && { args }),
    ...(env && { env }),
    ...(workingDir !== undefined && { workingDir: resolve(folder, workingDir) }),
  };
}

function environmentOf(reader: YamlReader, value: YamlValue): Readonly<Record<string, string>> {
  const fields = reader.map(value, "a map of names to values");
  const entries = (fields?.values ?? []).map(([name, each]): readonly [string, string] => {
    for (const problem of environmentNameProblems(name)) reader.complain(atKey(each), problem);
    return [name, reader.text(each, { mayBeEmpty: true }) ?? ""];
  });
  return Object.fromEntries(entries);
}

function wordsOf(reader: YamlReader, value: YamlValue): readonly string[] {
  return (reader.list(value, { mayBeEmpty: false }) ?? []).map((word) => reader.text(word) ?? "");
}
