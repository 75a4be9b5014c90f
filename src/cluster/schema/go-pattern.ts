// Regular expressions in Go's dialect (RE2), which CRDs and CEL rules are written in, as JavaScript's
// own. What Go does not know is refused in Go's words, what cannot be translated by name; nothing is
// read as something else.
import { setFlagsFromString } from "node:v8";
import type { Pattern } from "./pattern-match.ts";

// RE2 takes linear time on any pattern. V8 does too on most once it may leave its backtracking engine,
// so a pattern like ^(a+)+$ cannot stop the server. The flag `l` tells on which.
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
setFlagsFromString("--enable-experimental-regexp-engine");

export type GoPattern =
  | ({ readonly kind: "pattern" } & Pattern)
  | { readonly kind: "problem"; readonly problem: string };

const known = new Map<string, GoPattern>();
const knownMax = 2000;

/** Every pattern is translated once; `problem` is a sentence as Go's `regexp.Compile` returns it. */
export function goPattern(source: string): GoPattern {
  let result = known.get(source);
  if (!result) {
    if (known.size >= knownMax) known.clear();
    known.set(source, (result = translate(source)));
  }
  return result;
}

function translate(source: string): GoPattern {
  try {
    const { text, needsUnicode, mayExplode } = new Translator(source).run();
    const flags = needsUnicode ? "u" : "";
    const regExp = new RegExp(text, flags);
    return { kind: "pattern", regExp, isBounded: !mayExplode || isLinear(text, flags) };
  } catch (error) {
    if (error instanceof PatternError) return { kind: "problem", problem: error.message };
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "problem", problem: `error parsing regexp: ${reason}` };
  }
}

function isLinear(text: string, flags: string): boolean {
  try {
    new RegExp(text, `${flags}l`);
    return true;
  } catch {
    return false;
  }
}

class PatternError extends Error {}

function complain(what: string, part: string): never {
  throw new PatternError(`error parsing regexp: ${what}: \`${part}\``);
}

/** `.` and negated classes mean one character, which may be two code units. */
const astralPair = "[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]";
const surrogates = "\\uD800-\\uDFFF";

const perlClasses: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "0-9A-Za-z_",
  s: "\\t\\n\\f\\r ",
};

const posixClasses: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const controlEscapes: Readonly<Record<string, number>> = {
  a: 7,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** Flags hold to the end of their group; in each of its branches they are written anew. */
type Group = { readonly start: number; readonly outerFlags: Flags; readonly openers: string[] };
type Flags = { readonly multiline: boolean; readonly dotAll: boolean };

class Translator {
  readonly #source: string;
  readonly #groups: Group[] = [];
  /** The flag groups that are open outside of all groups. */
  readonly #openers: string[] = [];
  #at = 0;
  #text = "";
  #flags: Flags = { multiline: false, dotAll: false };
  #needsUnicode: boolean;
  /** Where the thing starts that a repetition would repeat; none after `(`, `|` and at the start. */
  #atom: number | undefined;
  #repetition: number | undefined;
  #repetitions = 0;
  #repeatsGroup = false;

  constructor(source: string) {
    this.#source = source;
    // Classes of Unicode and characters beyond two bytes are read in JavaScript's Unicode mode only.
    this.#needsUnicode = /\\[pP]|[\u{10000}-\u{10ffff}]|\\x\{0*[1-9a-fA-F][0-9a-fA-F]{4,}\}/u.test(
      source,
    );
  }

  run(): {
    readonly text: string;
    readonly needsUnicode: boolean;
    /** Whether backtracking could take far longer than the text is. */
    readonly mayExplode: boolean;
  } {
    while (this.#at < this.#source.length) this.#step();
    if (this.#groups.length > 0) complain("missing closing )", this.#source);
    const text = this.#text + ")".repeat(this.#openers.length);
    const mayExplode = this.#repeatsGroup || this.#repetitions > 2;
    return { text, needsUnicode: this.#needsUnicode, mayExplode };
  }

  #step(): void {
    const start = this.#at;
    const char = this.#take();
    switch (char) {
      case "(":
        return this.#open(start);
      case ")": {
        const group = this.#groups.pop();
        if (!group) complain("unexpected )", this.#source);
        this.#text += ")".repeat(group.openers.length + 1);
        this.#flags = group.outerFlags;
        return this.#finishAtom(group.start);
      }
      case "|": {
        const openers = this.#groups.at(-1)?.openers ?? this.#openers;
        this.#text += `${")".repeat(openers.length)}|${openers.join("")}`;
        this.#atom = undefined;
        this.#repetition = undefined;
        return;
      }
      case "^":
        return this.#put(start, this.#flags.multiline ? "(?:^|(?<=\\n))" : "^");
      case "$":
        return this.#put(start, this.#flags.multiline ? "(?:$|(?=\\n))" : "$");
      case ".":
        return this.#put(start, this.#negated(this.#flags.dotAll ? "" : "\\n"));
      case "[":
        return this.#put(start, this.#class(start));
      case "*":
      case "+":
      case "?":
        return this.#repeat(start, char);
      case "{": {
        const match = /^(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at));
        if (!match) return this.#put(start, "\\{");
        this.#at += match[0].length;
        const [low, high] = [Number(match[1]), Number(match[3] || match[1])];
        const whole = this.#source.slice(start, this.#at);
        if (low > 1000 || high > 1000 || (match[3] && high < low))
          complain("invalid repeat count", whole);
        return this.#repeat(start, whole);
      }
      case "\\":
        return this.#escape(start);
      default:
        return this.#put(start, this.#literal(char));
    }
  }

  #take(): string {
    const char = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    this.#at += char.length;
    return char;
  }

  #put(start: number, text: string): void {
    this.#text += text;
    this.#finishAtom(start);
  }

  #finishAtom(start: number): void {
    this.#atom = start;
    this.#repetition = undefined;
  }

  #repeat(start: number, operator: string): void {
    const lazy = this.#source[this.#at] === "?" ? "?" : "";
    this.#at += lazy.length;
    const whole = this.#source.slice(start, this.#at);
    if (this.#repetition !== undefined)
      complain(
        "invalid nested repetition operator",
        this.#source.slice(this.#repetition, this.#at),
      );
    if (this.#atom === undefined) complain("missing argument to repetition operator", whole);
    this.#text += operator + lazy;
    this.#repetition = start;
    this.#repetitions++;
    if (this.#source[this.#atom] === "(" && operator !== "?") this.#repeatsGroup = true;
  }

  #open(start: number): void {
    const outerFlags = this.#flags;
    this.#atom = undefined;
    this.#repetition = undefined;
    const rest = this.#source.slice(start);
    const named = /^\(\?P?<(\w+)>/.exec(rest);
    const flagged = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/.exec(rest);
    if (named) {
      this.#at = start + named[0].length;
      this.#text += `(?<${named[1]}>`;
    } else if (flagged) {
      this.#at = start + flagged[0].length;
      const opener = this.#setFlags(flagged[1] ?? "", flagged[2] ?? "", flagged[0]);
      this.#text += opener;
      if (flagged[3] === ")") {
        (this.#groups.at(-1)?.openers ?? this.#openers).push(opener);
        return;
      }
    } else if (rest[1] === "?") {
      complain("invalid or unsupported Perl syntax", rest.slice(0, 3));
    } else {
      this.#text += "(";
    }
    this.#groups.push({ start, outerFlags, openers: [] });
  }

  #setFlags(on: string, off: string, part: string): string {
    for (const flag of on + off) {
      if (flag === "U") throw new PatternError(`the flag U of ${part} is not supported`);
      if (!"ims".includes(flag)) complain("invalid or unsupported Perl syntax", part);
    }
    const next = (flag: string, old: boolean): boolean =>
      on.includes(flag) || (old && !off.includes(flag));
    this.#flags = {
      multiline: next("m", this.#flags.multiline),
      dotAll: next("s", this.#flags.dotAll),
    };
    if (on.includes("i")) return "(?i:";
    return off.includes("i") ? "(?-i:" : "(?:";
  }

  #escape(start: number): void {
    if (this.#at >= this.#source.length) complain("trailing backslash at end of expression", "");
    const next = this.#source[this.#at] ?? "";
    switch (next) {
      case "A":
        this.#at++;
        return this.#put(start, "^");
      case "z":
        this.#at++;
        return this.#put(start, "$");
      case "b":
      case "B":
        this.#at++;
        return this.#put(start, `\\${next}`);
      case "C":
        throw new PatternError("\\C (a single byte) is not supported");
      case "Q":
        return this.#quoted(start);
    }
    const items = this.#classEscape(start);
    if (items === undefined) return this.#put(start, this.#literalOf(this.#codePoint(start)));
    return this.#put(start, items.negated ? this.#negated(items.text) : `[${items.text}]`);
  }

  #quoted(start: number): void {
    const end = this.#source.indexOf("\\E", this.#at);
    const text = this.#source.slice(this.#at + 1, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    for (const char of text) this.#put(start, this.#literal(char));
  }

  #class(start: number): string {
    const negated = this.#source[this.#at] === "^";
    if (negated) this.#at++;
    let text = "";
    for (let first = true; ; first = false) {
      if (this.#at >= this.#source.length) complain("missing closing ]", this.#source.slice(start));
      if (this.#source[this.#at] === "]" && !first) break;
      text += this.#classItem();
    }
    this.#at++;
    return negated ? this.#negated(text) : `[${text}]`;
  }

  #classItem(): string {
    const start = this.#at;
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(start));
    if (posix) {
      this.#at += posix[0].length;
      const items = posixClasses[posix[2] ?? ""];
      if (items === undefined) complain("invalid character class range", posix[0]);
      return posix[1] === "^" ? this.#complement(items, posix[0]) : items;
    }
    if (this.#source[start] === "\\") {
      this.#at++;
      const items = this.#classEscape(start);
      if (items) return items.negated ? this.#complement(items.text, items.source) : items.text;
      this.#at--;
    }
    const low = this.#classCharacter();
    if (this.#source[this.#at] !== "-" || this.#source[this.#at + 1] === "]")
      return this.#classLiteral(low);
    this.#at++;
    const high = this.#classCharacter();
    if (high < low) complain("invalid character class range", this.#source.slice(start, this.#at));
    return `${this.#classLiteral(low)}-${this.#classLiteral(high)}`;
  }

  #classCharacter(): number {
    const start = this.#at;
    if (start >= this.#source.length) complain("missing closing ]", this.#source);
    const char = this.#take();
    return char === "\\" ? this.#codePoint(start) : (char.codePointAt(0) ?? 0);
  }

  /** Inside a class no negation can be written, but for the Perl and Unicode classes. */
  #complement(items: string, part: string): string {
    const perl = Object.entries(perlClasses).find(([, text]) => text === items);
    if (perl && perl[0] !== "s") return `\\${perl[0].toUpperCase()}`;
    if (perl) return "\\x00-\\x08\\x0B\\x0E-\\x1F!-\\uFFFF";
    throw new PatternError(`the negated class ${part} inside of a class is not supported`);
  }

  /** A class after a backslash, or undefined when it is a single character; `#at` is after the `\`. */
  #classEscape(
    start: number,
  ): { readonly text: string; readonly negated: boolean; readonly source: string } | undefined {
    const rest = this.#source.slice(this.#at);
    const [letter = ""] = rest;
    const perl = perlClasses[letter.toLowerCase()];
    if (perl !== undefined) {
      this.#at++;
      return { text: perl, negated: letter !== letter.toLowerCase(), source: `\\${letter}` };
    }
    if (letter !== "p" && letter !== "P") return undefined;
    const match = /^[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(rest);
    const part = `\\${match?.[0] ?? rest.slice(0, 3)}`;
    if (!match) complain("invalid character class range", part);
    this.#at = start + 1 + match[0].length;
    const name = match[2] ?? match[3] ?? "";
    const negated = (letter === "P") !== (match[1] === "^");
    const property = name.length <= 2 ? name : `Script=${name}`;
    try {
      new RegExp(`\\p{${property}}`, "u");
    } catch {
      complain("invalid character class range", part);
    }
    return { text: `\\${negated ? "P" : "p"}{${property}}`, negated: false, source: part };
  }

  /** The character that an escape stands for; `#at` is after the `\`. */
  #codePoint(start: number): number {
    const char = this.#take();
    const control = controlEscapes[char];
    if (control !== undefined) return control;
    const rest = this.#source.slice(this.#at - char.length);
    const hex = /^x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest);
    const octal = hex ? null : /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (hex || octal) {
      this.#at += (hex ?? octal ?? [""])[0].length - char.length;
      const value = hex ? parseInt(hex[1] ?? hex[2] ?? "", 16) : parseInt(octal?.[0] ?? "", 8);
      if (value <= 0x10_ffff) return value;
    } else if (char < "\x80" && !/[a-zA-Z0-9]/.test(char)) {
      return char.codePointAt(0) ?? 0;
    }
    return complain("invalid escape sequence", this.#source.slice(start, this.#at));
  }

  #negated(items: string): string {
    if (this.#needsUnicode) return items === "" ? "[\\s\\S]" : `[^${items}]`;
    return `(?:[^${items}${surrogates}]|${astralPair})`;
  }

  #literal(char: string): string {
    return this.#literalOf(char.codePointAt(0) ?? 0);
  }

  #literalOf(code: number): string {
    const char = String.fromCodePoint(code);
    if (/^[\w <>=!@#%&,;:'"~`-]$/.test(char)) return char;
    return this.#escaped(code);
  }

  #classLiteral(code: number): string {
    const char = String.fromCodePoint(code);
    return /^\w$/.test(char) ? char : this.#escaped(code);
  }

  #escaped(code: number): string {
    if (code > 0xffff) return `\\u{${code.toString(16)}}`;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  }
}
