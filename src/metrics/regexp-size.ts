// How much larger a regular expression becomes by the counts in it: `a{1000}` is compiled as a thousand
// times `a`. A pattern that fits into a line can so take seconds to compile, and gigabytes.

/** Both of a pattern, or of a part of one, in instructions of the engine, more or less. */
type Size = { all: number; last: number };

/** What the counts add to the size. A pattern that is none has a size too. */
export function repeatedSize(pattern: string): number {
  if (!pattern.includes("{")) return 0;
  let added = 0;
  let size: Size = { all: 0, last: 0 };
  const outer: Size[] = [];
  const add = (atom: number): void => {
    size.all += atom;
    size.last = atom;
  };
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") {
      at = endOfEscape(pattern, at);
      add(1);
    } else if (char === "[") {
      at = endOfClass(pattern, at);
      add(1);
    } else if (char === "(") {
      outer.push(size);
      size = { all: 0, last: 0 };
    } else if (char === ")") {
      const { all } = size;
      size = outer.pop() ?? { all: 0, last: 0 };
      add(all + 2);
    } else if (char === "{") {
      countPattern.lastIndex = at;
      const count = countPattern.exec(pattern);
      if (!count) {
        add(1);
        continue;
      }
      const [text, min = "", max = ""] = count;
      const more = size.last * (Math.max(Number(min), Number(max), 1) - 1);
      added += more;
      size.all += more;
      size.last += more;
      at += text.length - 1;
    } else if (char !== "*" && char !== "+" && char !== "?") add(1);
  }
  return added;
}

const countPattern = /\{(\d+)(?:,(\d*))?\}/y;

/** Of the last character of `\d`, `\pL`, `\p{Greek}`, `\x{1F600}`. */
function endOfEscape(pattern: string, at: number): number {
  if (!/^[pPx]\{/.test(pattern.slice(at + 1, at + 3))) return at + 1;
  const end = pattern.indexOf("}", at);
  return end < 0 ? pattern.length : end;
}

/** Of the closing bracket; one that comes first is a member. */
function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === "^") at++;
  if (pattern[at] === "]") at++;
  for (; at < pattern.length && pattern[at] !== "]"; at++)
    if (pattern[at] === "\\") at++;
    else if (pattern.startsWith("[:", at)) {
      const end = pattern.indexOf(":]", at);
      if (end >= 0) at = end + 1;
    }
  return at;
}
