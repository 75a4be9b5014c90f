// Field selectors: kubectl's `--field-selector a.b=c,d!=e`, matched on any path of an object. Unlike
// the real API server this knows no list of allowed fields: every scalar of the object can be asked for.
import { isJsonObject } from "../lib/json.ts";

export type FieldRequirement = {
  /** As `metadata.name`. */
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
};

export type FieldSelector = readonly FieldRequirement[];

export type ParsedFieldSelector =
  | { readonly kind: "parsed"; readonly selector: FieldSelector }
  | { readonly kind: "malformed"; readonly message: string };

/** Reads `a=b,c==d,e!=f`. A backslash keeps the comma, equals sign or backslash after it. */
export function parseFieldSelector(text: string): ParsedFieldSelector {
  const selector: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const match = /^((?:\\.|[^\\=!])*)(!=|==|=)((?:\\.|[^\\=])*)$/s.exec(term);
    if (!match)
      return {
        kind: "malformed",
        message: `invalid selector: '${text}'; can't understand '${term}'`,
      };
    const [, path = "", operator, value = ""] = match;
    selector.push({ path, equal: operator !== "!=", value: value.replace(/\\(.)/gs, "$1") });
  }
  return { kind: "parsed", selector };
}

/** Whether all requirements hold; a field that is absent counts as empty text. */
export function matchesFieldSelector(selector: FieldSelector, object: unknown): boolean {
  return selector.every(({ path, equal, value }) => (textAt(object, path) === value) === equal);
}

function splitTerms(text: string): readonly string[] {
  return [...text.matchAll(/(?:\\.|[^\\,])+/gs)].map(([term]) => term);
}

function textAt(object: unknown, path: string): string {
  let value = object;
  for (const key of path.split(".")) value = isJsonObject(value) ? value[key] : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
