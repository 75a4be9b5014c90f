// Reads YAML that a person wrote into exact types, and tells all that is wrong with it at once, each with
// line, column and field. JSON is YAML too.
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

/** A value in the document, or the place where one is missing. */
export type YamlValue = {
  /** As a person would name it: `images[0].env.PATH`; "" for the whole document. */
  readonly field: string;
  /** Null for an empty value, undefined where the field is absent. */
  readonly node: Node | null | undefined;
  /** Where to point for what is absent. */
  readonly offset: number;
};

export type YamlFields = {
  has(name: string): boolean;
  /** Also for a field that is absent. */
  get(name: string): YamlValue;
  /** Those that are there, in their order. */
  readonly values: readonly (readonly [name: string, value: YamlValue])[];
};

export class YamlReader {
  readonly root: YamlValue;
  readonly #path: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();
  readonly #problems: string[] = [];

  /** `path` names the document in what is told of it. */
  constructor(text: string, path: string) {
    this.#path = path;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { pos, message } of this.#document.errors) this.#tell(pos[0], "", message);
    this.root = { field: "", node: this.#document.contents, offset: 0 };
  }

  /** A line for each thing that is wrong; what was read is of use only when there is none. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  complain(value: YamlValue, problem: string): void {
    this.#tell(value.node?.range?.[0] ?? value.offset, value.field, problem);
  }

  /** Undefined, and told, for what is no map. */
  map(value: YamlValue, wanted = "a map"): YamlFields | undefined {
    const node = this.#resolved(value.node);
    if (!isMap(node)) {
      this.complain(value, `must be ${wanted}`);
      return undefined;
    }
    const values = node.items.map(({ key, value: item }): readonly [string, YamlValue] => {
      const name = String(isScalar(key) ? key.value : key);
      const offset = (key as Node | null)?.range?.[0] ?? value.offset;
      const field = value.field === "" ? name : `${value.field}.${name}`;
      return [name, { field, node: (item ?? null) as Node | null, offset }];
    });
    const byName = new Map(values);
    const offset = node.range?.[0] ?? value.offset;
    const absent = (name: string): YamlValue => ({
      field: value.field === "" ? name : `${value.field}.${name}`,
      node: undefined,
      offset,
    });
    return {
      values,
      has: (name) => byName.has(name),
      get: (name) => byName.get(name) ?? absent(name),
    };
  }

  /** As map; fields that nobody knows are told too. */
  fields(value: YamlValue, known: readonly string[], wanted?: string): YamlFields | undefined {
    const fields = this.map(value, wanted);
    for (const [name, each] of fields?.values ?? [])
      if (!known.includes(name))
        this.complain(atKey(each), `unknown field; known are ${known.join(", ")}`);
    return fields;
  }

  /** Undefined, and told, for what is no list, or is empty where it must not be. */
  list(value: YamlValue, { mayBeEmpty = true } = {}): readonly YamlValue[] | undefined {
    const node = this.#resolved(value.node);
    if (!isSeq(node) || (node.items.length === 0 && !mayBeEmpty)) {
      const wanted = `must be a list${mayBeEmpty ? "" : " with at least one entry"}`;
      this.complain(value, value.node === undefined ? "is required" : wanted);
      return undefined;
    }
    return node.items.map((item, index) => ({
      field: `${value.field}[${index}]`,
      node: (item ?? null) as Node | null,
      offset: node.range?.[0] ?? value.offset,
    }));
  }

  /** As list, of texts; what is none is told and left out. */
  texts(value: YamlValue): readonly string[] {
    return (this.list(value) ?? []).flatMap((each) => this.text(each) ?? []);
  }

  /** Numbers and such are taken as they are written. */
  text(value: YamlValue, { mayBeEmpty = false } = {}): string | undefined {
    const node = this.#resolved(value.node);
    if (value.node === undefined) this.complain(value, "is required");
    else if (!isScalar(node) || (node.value === null && !mayBeEmpty))
      this.complain(value, "must be a text");
    else {
      const text = typeof node.value === "string" ? node.value : (node.source ?? "");
      if (text !== "" || mayBeEmpty) return text;
      this.complain(value, "must not be empty");
    }
    return undefined;
  }

  boolean(value: YamlValue): boolean | undefined {
    const node = this.#resolved(value.node);
    if (isScalar(node) && typeof node.value === "boolean") return node.value;
    this.complain(value, "must be true or false");
    return undefined;
  }

  #resolved(node: Node | null | undefined): Node | null {
    return (isAlias(node) ? node.resolve(this.#document) : node) ?? null;
  }

  #tell(offset: number, field: string, problem: string): void {
    const { line, col } = this.#lines.linePos(offset);
    const where = `${this.#path}:${line}:${col}: `;
    this.#problems.push(`${where}${field === "" ? "" : `${field}: `}${problem}`);
  }
}

/** Where the name of the field stands instead of its value. */
export function atKey({ field, offset }: YamlValue): YamlValue {
  return { field, node: undefined, offset };
}
