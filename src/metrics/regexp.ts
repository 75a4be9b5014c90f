// Translates the regular expressions of Prometheus (Go's RE2 syntax) to JavaScript's, anchored at
// both ends and with `.` matching newlines, as since Prometheus 3. What RE2 does not have
// (lookaround, back-references) is refused, so that a query that works here works there.
// Matching is JavaScript's: it backtracks, and has no guarantee of linear time.

export type RegexpResult =
  | { readonly kind: "compiled"; readonly regexp: RegExp }
  | { readonly kind: "malformed"; readonly message: string };

export function compileRegexp(pattern: string): RegexpResult {
  const refuse = (why: string): RegexpResult => ({
    kind: "malformed",
    message: `invalid regular expression ${JSON.stringify(pattern)}: ${why}`,
  });
  const translated = translate(pattern);
  if (translated.kind === "refused") return refuse(translated.why);
  try {
    return { kind: "compiled", regexp: new RegExp(`^(?:${translated.source})$`, "us") };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return refuse(text.slice(text.lastIndexOf(": ") + 2));
  }
}

type Translation =
  | { readonly kind: "translated"; readonly source: string }
  | { readonly kind: "refused"; readonly why: string };

function translate(pattern: string): Translation {
  const refused = (why: string): Translation => ({ kind: "refused", why });
  let source = "";
  let index = 0;
  // Flags set in the middle, as `(?i)`, hold to the end of the group in which they stand, also past
  // a `|`. JavaScript sets flags only for a group: one is opened, and reopened after each `|`.
  const openFlags: string[][] = [[]];
  const closeFlags = (flags: readonly string[] | undefined): string =>
    ")".repeat(flags?.length ?? 0);
  while (index < pattern.length) {
    const rest = pattern.slice(index);
    const char = pattern[index] ?? "";
    const next = rest.startsWith("(?") ? translateGroup(rest) : translatePiece(rest);
    if (next.kind === "refused") return next;
    index += next.length;
    if (next.kind === "flags") {
      openFlags.at(-1)?.push(next.source);
      source += next.source;
    } else if (char === ")") {
      const flags = openFlags.pop();
      if (openFlags.length === 0) return refused("unexpected )");
      source += `${closeFlags(flags)})`;
    } else if (char === "|") {
      source += `${closeFlags(openFlags.at(-1))}|${openFlags.at(-1)?.join("") ?? ""}`;
    } else {
      if (char === "(") openFlags.push([]);
      source += next.source;
    }
  }
  if (openFlags.length > 1) return refused("missing closing )");
  return { kind: "translated", source: source + closeFlags(openFlags[0]) };
}

/** What the next characters of the pattern become, and how many they are. */
type Piece =
  | { readonly kind: "piece" | "flags"; readonly source: string; readonly length: number }
  | { readonly kind: "refused"; readonly why: string };

const piece = (source: string, length: number): Piece => ({ kind: "piece", source, length });

function translatePiece(rest: string): Piece {
  const char = rest[0] ?? "";
  if (char === "\\") return translateEscape(rest, false);
  if (char === "[") return translateClass(rest);
  const repeat = /^\{\d+(?:,\d*)?\}/.exec(rest)?.[0];
  if (repeat !== undefined) return piece(repeat, repeat.length);
  // Where they mean nothing, RE2 reads these as themselves; JavaScript's strict syntax does not.
  return piece("{}]".includes(char) ? `\\${char}` : char, 1);
}

/** `rest` begins with `(?`: a named group, flags for a group, or flags from here on. */
function translateGroup(rest: string): Piece {
  const group = /^\(\?(?:P?<([A-Za-z0-9_]+)>|([ims]*)(?:-([ims]+))?([:)]))/.exec(rest);
  if (!group) return { kind: "refused", why: `${rest.slice(0, 4)} is not supported` };
  const [text, name, on = "", off, end] = group;
  if (name !== undefined) return piece(`(?<${name}>`, text.length);
  const source = `(?${on}${off === undefined ? "" : `-${off}`}:`;
  return { kind: end === ":" ? "piece" : "flags", source, length: text.length };
}

/** `rest` begins with a backslash. */
function translateEscape(rest: string, inClass: boolean): Piece {
  const char = rest[1];
  if (char === undefined) return { kind: "refused", why: "trailing backslash at end" };
  if (/[1-9]/.test(char) || char === "k")
    return { kind: "refused", why: `back-reference \\${char} is not supported` };
  const property = /^\\[pP](?:\{\^?(\w+)\}|([A-Z]))/.exec(rest);
  if (property) {
    const name = property[1] ?? property[2] ?? "";
    const script = /^[A-Z][a-z]{3,}$/.test(name) ? `Script=${name}` : name;
    return piece(`${rest.slice(0, 2)}{${script}}`, property[0].length);
  }
  const hex = /^\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(rest);
  if (hex) return piece(`\\u{${hex[1] ?? hex[2] ?? ""}}`, hex[0].length);
  const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest);
  if (quoted && !inClass) return piece(escapePunctuation(quoted[1] ?? ""), quoted[0].length);
  if (char === "A" && !inClass) return piece("(?<![\\s\\S])", 2);
  if (char === "z" && !inClass) return piece("(?![\\s\\S])", 2);
  if (char === "a") return piece("\\x07", 2);
  if (/[dDwWsStnrfv]/.test(char) || (!inClass && /[bB]/.test(char))) return piece(`\\${char}`, 2);
  if (char === "0") return piece("\\0", 2);
  // RE2 lets any punctuation be escaped, JavaScript's strict syntax only its own.
  if (/[!-/:-@[-`{-~]/.test(char)) return piece(escapePunctuation(char), 2);
  return { kind: "refused", why: `invalid escape sequence \\${char}` };
}

/** `rest` begins with `[`. */
function translateClass(rest: string): Piece {
  let index = 1;
  let source = "[";
  if (rest[index] === "^") {
    source += "^";
    index++;
  }
  const first = index;
  for (;;) {
    const char = rest[index];
    if (char === undefined) return { kind: "refused", why: "missing closing ]" };
    if (char === "]" && index > first) return piece(`${source}]`, index + 1);
    const named = /^\[:(\^?)(\w+):\]/.exec(rest.slice(index));
    if (named) {
      const members = posixClasses[named[2] ?? ""];
      if (members === undefined || named[1] === "^")
        return { kind: "refused", why: `invalid character class range ${named[0]}` };
      source += members;
      index += named[0].length;
    } else if (char === "\\") {
      const escape = translateEscape(rest.slice(index), true);
      if (escape.kind === "refused") return escape;
      source += escape.source;
      index += escape.length;
    } else {
      source += char === "[" || char === "]" ? `\\${char}` : char;
      index++;
    }
  }
}

const posixClasses: { readonly [name: string]: string | undefined } = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  upper: "A-Z",
  space: "\\t\\n\\v\\f\\r ",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
  punct: "!-\\/:-@\\[-`\\{-~",
};

/** Writes punctuation by code point, which both in and outside classes means itself. */
function escapePunctuation(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}
