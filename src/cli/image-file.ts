// A user's own image mappings: which local command an image stands for, in a small YAML (or JSON)
// file. What is wrong with one is said all at once, each with its line, its column and its field.
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
} from "yaml";
import type { ImageMapping } from "../cluster/kubelet/images.ts";
import { UserError } from "../lib/user-error.ts";
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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: string[] = [];
  const complain = (offset: number, field: string, problem: string): void => {
    const { line, col } = lines.linePos(offset);
    problems.push(`${path}:${line}:${col}: ${field === "" ? "" : `${field}: `}${problem}`);
  };
  for (const { pos, message } of document.errors) complain(pos[0], "", message);
  const reader = new ImageFileReader(document, dirname(path), complain);
  const mappings = problems.length === 0 ? reader.mappings() : [];
  return { mappings, problems };
}

type Complain = (offset: number, field: string, problem: string) => void;
type Entries = ReadonlyMap<string, Node | null>;

class ImageFileReader {
  readonly #document: Document;
  readonly #folder: string;
  readonly #complain: Complain;

  constructor(document: Document, folder: string, complain: Complain) {
    this.#document = document;
    this.#folder = folder;
    this.#complain = complain;
  }

  mappings(): readonly ImageMapping[] {
    const top = this.#fields(
      this.#document.contents,
      "",
      ["images"],
      'a map with the key "images"',
    );
    const images = top && this.#list(top.get("images"), "images", this.#document.contents);
    return (images ?? []).flatMap((node, index) => this.#mapping(node, `images[${index}]`) ?? []);
  }

  #mapping(node: Node | null, field: string): ImageMapping | undefined {
    const known = ["image", "command", "args", "env", "workingDir"];
    const fields = this.#fields(node, field, known, "a map with image and command or args");
    if (!fields) return undefined;
    const image = this.#text(fields.get("image"), `${field}.image`, node);
    const args = fields.has("args")
      ? this.#words(fields.get("args"), `${field}.args`, node)
      : undefined;
    // An image may have only arguments, whose first is the program then.
    const command =
      args && !fields.has("command")
        ? []
        : this.#words(fields.get("command"), `${field}.command`, node);
    const env = fields.has("env")
      ? this.#environment(fields.get("env"), `${field}.env`)
      : undefined;
    const workingDir = fields.has("workingDir")
      ? this.#text(fields.get("workingDir"), `${field}.workingDir`, node)
      : undefined;
    if (image === undefined) return undefined;
    return {
      image,
      command: command.map((word, at) =>
        at === 0 && /^\.\.?\//.test(word) ? resolve(this.#folder, word) : word,
      ),
      ...(args && { args }),
      ...(env && { env }),
      ...(workingDir !== undefined && { workingDir: resolve(this.#folder, workingDir) }),
    };
  }

  #environment(found: Node | null | undefined, field: string): Readonly<Record<string, string>> {
    const node = this.#resolved(found);
    if (!isMap(node)) {
      this.#complain(offsetOf(node), field, "must be a map of names to values");
      return {};
    }
    const entries = node.items.map(({ key, value }): readonly [string, string] => {
      const name = nameOf(key);
      for (const problem of environmentNameProblems(name))
        this.#complain(offsetOf(key as Node), `${field}.${name}`, problem);
      const text = this.#text(value as Node | null, `${field}.${name}`, key as Node, true);
      return [name, text ?? ""];
    });
    return Object.fromEntries(entries);
  }

  /** Undefined, and told, for what is no map; keys that nobody knows are told. */
  #fields(
    found: Node | null,
    field: string,
    known: readonly string[],
    wanted: string,
  ): Entries | undefined {
    const node = this.#resolved(found);
    if (!isMap(node)) {
      this.#complain(offsetOf(node), field, `must be ${wanted}`);
      return undefined;
    }
    const entries = new Map<string, Node | null>();
    for (const { key, value } of node.items) {
      const name = nameOf(key);
      if (!known.includes(name)) {
        const at = field === "" ? name : `${field}.${name}`;
        this.#complain(offsetOf(key as Node), at, `unknown field; known are ${known.join(", ")}`);
      } else entries.set(name, value as Node | null);
    }
    return entries;
  }

  #list(
    found: Node | null | undefined,
    field: string,
    parent: Node | null,
  ): readonly (Node | null)[] | undefined {
    const node = this.#resolved(found);
    if (isSeq(node) && node.items.length > 0) return node.items as readonly (Node | null)[];
    const problem = found === undefined ? "is required" : "must be a list with at least one entry";
    this.#complain(offsetOf(node ?? parent), field, problem);
    return undefined;
  }

  #words(found: Node | null | undefined, field: string, parent: Node | null): readonly string[] {
    const nodes = this.#list(found, field, parent) ?? [];
    return nodes.map((word, at) => this.#text(word, `${field}[${at}]`, parent) ?? "");
  }

  /** Numbers and such are taken as they are written. */
  #text(
    found: Node | null | undefined,
    field: string,
    parent: Node | null,
    mayBeEmpty = false,
  ): string | undefined {
    const node = this.#resolved(found);
    if (found === undefined) this.#complain(offsetOf(parent), field, "is required");
    else if (!isScalar(node) || (node.value === null && !mayBeEmpty))
      this.#complain(offsetOf(node ?? parent), field, "must be a text");
    else {
      const text = typeof node.value === "string" ? node.value : (node.source ?? "");
      if (text !== "" || mayBeEmpty) return text;
      this.#complain(offsetOf(node), field, "must not be empty");
    }
    return undefined;
  }

  #resolved(node: Node | null | undefined): Node | null {
    return (isAlias(node) ? node.resolve(this.#document) : node) ?? null;
  }
}

const offsetOf = (node: Node | null): number => node?.range?.[0] ?? 0;

const nameOf = (key: unknown): string => String(isScalar(key) ? key.value : key);
