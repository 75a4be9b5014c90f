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
  // Flags set in the middle, as `(?i)`, hold to the end of the group they stand in.
  const flagGroups: number[] = [0];
  while (index < pattern.length) {
    const rest = pattern.slice(index);
    const char = pattern[index] ?? "";
    if (char === "\\") {
      const escape = translateEscape(rest, false);
      if (escape.kind === "refused") return escape;
      source += escape.source;
      index += escape.length;
    } else if (char === "[") {
      const set = translateClass(rest);
      if (set.kind === "refused") return set;
      source += set.source;
      index += set.length;
    } else if (rest.startsWith("(?")) {
      const group = /^\(\?(?:P?<([A-Za-z0-9_]+)>|([ims]*)(?:-([ims]+))?([:)]))/.exec(rest);
      if (!group) return refused(`${rest.slice(0, 4)} is not supported`);
      const [text, name, on = "", off, end] = group;
      index += text.length;
      if (name !== undefined) {
        source += `(?<${name}>`;
        flagGroups.push(0);
      } else {
        source += `(?${on}${off === undefined ? "" : `-${off}`}:`;
        if (end === ":") flagGroups.push(0);
        else flagGroups[flagGroups.length - 1] = (flagGroups.at(-1) ?? 0) + 1;
      }
    } else if (char === "(") {
      source += "(";
      index++;
      flagGroups.push(0);
    } else if (char === ")") {
      const open = flagGroups.pop() ?? 0;
      if (flagGroups.length === 0) return refused("unexpected )");
      source += ")".repeat(open + 1);
      index++;
    } else if (char === "{" && !/^\{\d+(?:,\d*)?\}/.test(rest)) {
      source += "\\{";
      index++;
    } else if (char === "}" && !/\{\d+(?:,\d*)?$/.test(pattern.slice(0, index))) {
      source += "\\}";
      index++;
    } else if (char === "]") {
      source += "\\]";
      index++;
    } else {
      source += char;
      index++;
    }
  }
  if (flagGroups.length > 1) return refused("missing closing )");
  return { kind: "translated", source: source + ")".repeat(flagGroups[0] ?? 0) };
}

type Piece =
  | { readonly kind: "piece"; readonly source: string; readonly length: number }
  | { readonly kind: "refused"; readonly why: string };

const piece = (source: string, length: number): Piece => ({ kind: "piece", source, length });

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
