// The JSONPath of printed columns: fields, indices, wildcards and simple filters, as CRDs write it,
// for instance `.status.conditions[?(@.type=="Ready")].status`. No scripts, no recursion.

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | {
      readonly kind: "filter";
      readonly path: readonly string[];
      readonly equal: boolean;
      readonly value: unknown;
    };

export type JsonPath = readonly Step[];

/** Undefined when the text is no path that this file knows. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text.replace(/^\{(.*)\}$/s, "$1").replace(/^\$/, "");
  while (rest !== "") {
    const token = nextStep(rest);
    if (!token) return undefined;
    steps.push(token.step);
    rest = rest.slice(token.length);
  }
  return steps;
}

/** All the values that the path leads to, in order. */
export function valuesAt(path: JsonPath, root: unknown): readonly unknown[] {
  return path.reduce<readonly unknown[]>(
    (values, step) => values.flatMap((value) => follow(step, value)),
    [root],
  );
}

const fieldPattern = /^\.?((?:\\.|[^.[\]\\(){}'"\s])+)/;
const quotedPattern = /^\[(?:'((?:\\.|[^'])*)'|"((?:\\.|[^"])*)")\]/;
const indexPattern = /^\[(-?\d+)\]/;
const allPattern = /^(?:\[\*\]|\.\*)/;
const filterPattern =
  /^\[\?\(\s*@((?:\.(?:\\.|[^.=!<>\s\\])+)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.+-]+))\s*\)\]/;

function nextStep(text: string): { readonly step: Step; readonly length: number } | undefined {
  const all = allPattern.exec(text);
  if (all) return { step: { kind: "all" }, length: all[0].length };
  const index = indexPattern.exec(text);
  if (index) return { step: { kind: "index", index: Number(index[1]) }, length: index[0].length };
  const quoted = quotedPattern.exec(text);
  if (quoted)
    return {
      step: { kind: "field", name: unescape(quoted[1] ?? quoted[2] ?? "") },
      length: quoted[0].length,
    };
  const filter = filterPattern.exec(text);
  if (filter) {
    const [whole, path = "", operator, single, double, bare] = filter;
    const value = single ?? double ?? parseBare(bare ?? "");
    const step: Step = { kind: "filter", path: partsOf(path), equal: operator === "==", value };
    return { step, length: whole.length };
  }
  const field = fieldPattern.exec(text);
  if (field)
    return { step: { kind: "field", name: unescape(field[1] ?? "") }, length: field[0].length };
  return undefined;
}

function follow(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case "field": {
      const next = fieldOf(value, step.name);
      return next === undefined ? [] : [next];
    }
    case "index": {
      const next: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return next === undefined ? [] : [next];
    }
    case "all":
      return typeof value === "object" && value !== null ? Object.values(value) : [];
    case "filter":
      if (!Array.isArray(value)) return [];
      return value.filter((item: unknown) => {
        const found = step.path.reduce<unknown>(fieldOf, item);
        return (found === step.value) === step.equal;
      });
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function partsOf(path: string): readonly string[] {
  return (path.match(/\.(?:\\.|[^.\\])+/g) ?? []).map((part) => unescape(part.slice(1)));
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}

function parseBare(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}
