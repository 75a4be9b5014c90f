// A YAML text as a value. The library's own look for repeated keys takes the square of their number, so
// it is done here.
import { isScalar, parseDocument, visit, type Document } from "yaml";

/** Throws an Error that says where the text is no YAML, or repeats a key. */
export function parseYamlText(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw error;
  const repeated = repeatedKey(document);
  if (repeated !== undefined) throw new Error(`key ${JSON.stringify(repeated)} already set in map`);
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

function repeatedKey(document: Document): string | undefined {
  let repeated: string | undefined;
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name === undefined) continue;
        if (seen.has(name)) repeated = name;
        seen.add(name);
      }
      return repeated === undefined ? undefined : visit.BREAK;
    },
  });
  return repeated;
}
