// The regular expressions of Prometheus: Go's RE2 syntax, matched against the whole text, with `.`
// matching newlines as since Prometheus 3. The engine takes time linear in the text, whatever the
// pattern. It takes ten times as long as looking a text up, so patterns that only list texts, or ask
// for a prefix, do without it, and it answers once for each text.
import { RE2JS } from "re2js";
import { repeatedSize } from "./regexp-size.ts";
import { copyOf } from "./string-copy.ts";

export type Regexp = {
  readonly pattern: string;
  /** The only texts that match, where the pattern is a list of such. */
  readonly literals?: readonly string[];
  /** How many steps each character of a text may take: one where the engine is not asked. */
  readonly stepsPerCharacter: number;
  /** Whether the whole text matches. */
  test(text: string): boolean;
  /** What the groups matched, where the whole text matches. */
  exec(text: string): RegexpMatch | null;
};

/** By number, the whole text first; a group that took no part is undefined. */
export type RegexpMatch = readonly (string | undefined)[] & {
  readonly groups: Readonly<Record<string, string | undefined>>;
};

export type RegexpResult =
  | { readonly kind: "compiled"; readonly regexp: Regexp }
  | { readonly kind: "malformed"; readonly message: string };

/** What is wrong with a pattern is said in Go's words. */
export function compileRegexp(pattern: string): RegexpResult {
  const known = compiledPatterns.get(pattern);
  if (known) return known;
  const result = compile(pattern);
  if (pattern.length <= maxCachedLength) {
    if (compiledPatterns.size >= maxCachedPatterns) compiledPatterns.clear();
    compiledPatterns.set(copyOf(pattern), result);
  }
  return result;
}

// Queries come again and again, and compiling costs as much as a hundred matches. What is kept is
// bounded, in number and in length.
const compiledPatterns = new Map<string, RegexpResult>();
const maxCachedPatterns = 256;
const maxCachedTexts = 1024;
const maxCachedLength = 256;

/** Go allows some millions, which take it less time and room than they would take here. */
const maxRepeatedSize = 10_000;

function compile(pattern: string): RegexpResult {
  const simple = simpleForm(pattern);
  if (!simple && repeatedSize(pattern) > maxRepeatedSize)
    return { kind: "malformed", message: "error parsing regexp: expression too large" };
  let engine: RE2JS | undefined;
  const compiled = (): RE2JS => (engine ??= RE2JS.compile(pattern, RE2JS.DOTALL));
  try {
    if (!simple) compiled();
  } catch (error) {
    return { kind: "malformed", message: messageOf(error, pattern) };
  }
  const regexp: Regexp = {
    pattern,
    ...(simple?.kind === "literals" ? { literals: simple.texts } : {}),
    stepsPerCharacter: simple ? 1 : compiled().programSize(),
    test: testOf(simple, compiled),
    exec: (text) => groupsOf(compiled(), text),
  };
  return { kind: "compiled", regexp };
}

function testOf(simple: SimpleForm | undefined, compiled: () => RE2JS): Regexp["test"] {
  if (simple?.kind === "literals") {
    const texts = new Set(simple.texts);
    return (text) => texts.has(text);
  }
  if (simple?.kind === "prefix") {
    const { prefix, more } = simple;
    const minLength = prefix.length + more;
    return (text) => text.length >= minLength && text.startsWith(prefix);
  }
  const engine = compiled();
  const answers = new Map<string, boolean>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = engine.testExact(text);
    if (text.length <= maxCachedLength) {
      if (answers.size >= maxCachedTexts) answers.clear();
      answers.set(copyOf(text), answer);
    }
    return answer;
  };
}

function groupsOf(engine: RE2JS, text: string): RegexpMatch | null {
  const matcher = engine.matcher(text);
  if (!matcher.matches()) return null;
  const byNumber = Array.from(
    { length: engine.groupCount() + 1 },
    (_, group) => matcher.group(group) ?? undefined,
  );
  const groups: Record<string, string | undefined> = Object.create(null);
  for (const [name, group] of Object.entries(engine.namedGroups())) groups[name] = byNumber[group];
  return Object.assign(byNumber, { groups });
}

/** The engine quotes the pattern with the flags that were put before it. */
function messageOf(error: unknown, pattern: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.endsWith(`\`(?s)${pattern}\``)
    ? `${text.slice(0, -`(?s)${pattern}\``.length)}${pattern}\``
    : text;
}

type SimpleForm =
  | { readonly kind: "literals"; readonly texts: readonly string[] }
  /** With so many characters or more after it. */
  | { readonly kind: "prefix"; readonly prefix: string; readonly more: 0 | 1 };

/** Of `a|b|c`, with or without parentheses around all, `a`, `a.*` and `a.+`; undefined of all others. */
function simpleForm(pattern: string): SimpleForm | undefined {
  const inner = /^\((?:\?:)?(.*)\)$/s.exec(pattern)?.[1] ?? pattern;
  const texts: string[] = [];
  let text = "";
  for (let at = 0; at < inner.length; at++) {
    const char = inner[at] ?? "";
    if (char === "|") {
      texts.push(text);
      text = "";
    } else if (char === "\\") {
      const escaped = inner[++at] ?? "";
      if (!/^[!-/:-@[-`{-~]$/.test(escaped)) return undefined;
      text += escaped;
    } else if (char === ".") {
      const rest = inner.slice(at);
      if (texts.length > 0 || (rest !== ".*" && rest !== ".+")) return undefined;
      return { kind: "prefix", prefix: text, more: rest === ".*" ? 0 : 1 };
    } else if ("*+?()[]{}^$".includes(char)) return undefined;
    else text += char;
  }
  return { kind: "literals", texts: [...new Set([...texts, text])] };
}
