// Where each token of a query stands: in which kind of brackets, whether a value or an operator is due
// there, and what a word means there, since nearly all words of the language are names elsewhere.
import type { Token } from "./lexer.ts";

/** `grouping` lists labels, `call` arguments; `instant` belongs to `@ start()`. */
export type Enclosure = "top" | "braces" | "brackets" | "grouping" | "call" | "parens" | "instant";

export type TokenPlace = {
  readonly inside: Enclosure;
  /** A value is due: a selector, a number, a call …; else an operator, or the end. */
  readonly wantsValue: boolean;
  /** A `name` of a metric or a label, a `function` before its parentheses; others mean themselves. */
  readonly role: "name" | "function" | "itself";
  /** What stands before opens its arguments here, or groups before that: an aggregator. */
  readonly aggregates: boolean;
};

/** One place for each token. */
export function placesOf(tokens: readonly Token[]): readonly TokenPlace[] {
  const places: TokenPlace[] = [];
  const open: Bracket[] = [];
  let wantsValue = true;
  let aggregates = false;
  for (const [index, token] of tokens.entries()) {
    const inside = open.at(-1)?.inside ?? "top";
    const role = roleOf(tokens, index, inside, wantsValue);
    places.push({ inside, wantsValue, role, aggregates });
    const { word, kind } = token;
    if (role === "name") [wantsValue, aggregates] = [false, false];
    else if (kind === "punctuation" && "({[".includes(word)) {
      open.push(bracketAt(tokens, places, index));
      [wantsValue, aggregates] = [true, false];
    } else if (kind === "punctuation" && ")}]".includes(word)) {
      const closed = open.pop();
      aggregates = closed?.groups === "beforeArguments";
      wantsValue = closed?.groups !== undefined && closed.groups !== "afterArguments";
    } else {
      wantsValue = isFollowedByValue(token, role);
      aggregates = kind === "aggregator" || (aggregates && isGrouping(token));
    }
  }
  return places;
}

type Bracket = {
  readonly inside: Enclosure;
  /** Labels of an aggregation, before its arguments or after them, or of an operator. */
  readonly groups?: "beforeArguments" | "afterArguments" | "operator";
};

const groupingWords = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const nameWords = new Set("by without offset anchored smoothed and or unless".split(" "));

function isGrouping({ kind, word }: Token): boolean {
  return kind === "keyword" && groupingWords.has(word);
}

function isFollowedByValue({ kind, word }: Token, role: TokenPlace["role"]): boolean {
  if (role === "function" || kind === "operator" || kind === "aggregator" || word === ",")
    return true;
  return kind === "keyword" && word !== "anchored" && word !== "smoothed";
}

function roleOf(
  tokens: readonly Token[],
  index: number,
  inside: Enclosure,
  wantsValue: boolean,
): TokenPlace["role"] {
  const { kind, word } = tokens[index] ?? { kind: "end", word: "" };
  const [before, after] = [tokens[index - 1], tokens[index + 1]];
  if (["number", "string", "duration"].includes(kind) || !/^[a-z_:]/i.test(word)) return "itself";
  if (inside === "braces" || inside === "grouping") return "name";
  if (inside === "brackets" || !wantsValue) return "itself";
  const opens = after?.word === "(";
  if (kind === "identifier") return opens ? "function" : "name";
  if (kind === "metricIdentifier") return "name";
  if (kind === "preprocessor") {
    if (before?.word === "@" || before?.word === "offset") return "itself";
    return opens ? "function" : "name";
  }
  if (kind === "aggregator")
    return opens || (after && /^(?:by|without)$/.test(after.word)) ? "itself" : "name";
  return nameWords.has(word) && before?.kind !== "aggregator" ? "name" : "itself";
}

/** `tokens[index]` opens it. */
function bracketAt(
  tokens: readonly Token[],
  places: readonly TokenPlace[],
  index: number,
): Bracket {
  const [before, place] = [tokens[index - 1], places[index - 1]];
  const word = tokens[index]?.word;
  if (word === "{") return { inside: "braces" };
  if (word === "[") return { inside: "brackets" };
  if (!before || !place) return { inside: "parens" };
  if (place.role === "itself" && isGrouping(before)) {
    if (before.word !== "by" && before.word !== "without")
      return { inside: "grouping", groups: "operator" };
    return { inside: "grouping", groups: place.aggregates ? "beforeArguments" : "afterArguments" };
  }
  if (place.role === "function" || places[index]?.aggregates) return { inside: "call" };
  return { inside: before.kind === "preprocessor" ? "instant" : "parens" };
}
