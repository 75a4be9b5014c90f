// Label selectors: kubectl's `-l` text, the LabelSelector of objects, and how they match. The errors
// are worded as the API server words them.
import type { LabelSelector } from "./object.ts";
import { labelKeyProblems, labelValueProblems } from "./label-syntax.ts";

export type Operator = "=" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

export type Requirement = {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
};

/** All of the requirements must hold; an empty selector matches everything. */
export type Selector = readonly Requirement[];

export type ParsedSelector =
  | { readonly kind: "parsed"; readonly selector: Selector }
  | { readonly kind: "malformed"; readonly message: string };

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Empty text selects everything. */
export function parseLabelSelector(text: string): ParsedSelector {
  const tokens = tokensOf(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const peek = (): Token => tokens[at] ?? end;
  const take = (): Token => tokens[at++] ?? end;
  if (peek().kind === "end") return { kind: "parsed", selector: [] };
  for (;;) {
    const first = peek();
    if (first.kind !== "word" && first.text !== "!")
      return malformed(
        requirements.length === 0
          ? `found '${first.text}', expected: !, identifier, or 'end of string'`
          : `found '${first.text}', expected: identifier after ','`,
      );
    const requirement = parseRequirement(peek, take);
    if (typeof requirement === "string")
      return malformed(`unable to parse requirement: ${requirement}`);
    requirements.push(requirement);
    const next = take();
    if (next.kind === "end") return { kind: "parsed", selector: requirements };
    if (next.text !== ",")
      return malformed(`found '${next.text}', expected: ',' or 'end of string'`);
  }
}

/** Whether all requirements hold. A key that is absent satisfies `!=`, `notin` and `!`, as upstream. */
export function matchesSelector(
  selector: Selector,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return selector.every((requirement) =>
    holds(
      requirement,
      Object.hasOwn(labels ?? {}, requirement.key) ? labels?.[requirement.key] : undefined,
    ),
  );
}

/** The selector of a Deployment or ReplicaSet. */
export function selectorOf(selector: LabelSelector): Selector {
  return [
    ...selectorOfLabels(selector.matchLabels),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values = [] }): Requirement => ({
      key,
      operator: expressionOperators[operator],
      values: [...values].sort(),
    })),
  ];
}

/** The selector that a plain map of labels means, as a Service has it. */
export function selectorOfLabels(labels: Readonly<Record<string, string>> | undefined): Selector {
  return Object.entries(labels ?? {}).map(([key, value]) => ({
    key,
    operator: "=",
    values: [value],
  }));
}

/** The text of a selector, by key; `parseLabelSelector` reads it back. */
export function formatSelector(selector: Selector): string {
  return [...selector]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(formatRequirement)
    .join(",");
}

const expressionOperators = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
} as const;

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`;
    case "gt":
      return `${key}>${values[0] ?? ""}`;
    case "lt":
      return `${key}<${values[0] ?? ""}`;
    case "=":
    case "!=":
      return `${key}${operator}${values[0] ?? ""}`;
  }
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "=":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "gt":
      return isInteger(value) && Number(value) > Number(values[0]);
    case "lt":
      return isInteger(value) && Number(value) < Number(values[0]);
  }
}

function isInteger(text: string | undefined): boolean {
  return text !== undefined && /^[+-]?\d+$/.test(text);
}

type Token = { readonly kind: "word" | "symbol" | "end"; readonly text: string };
const end: Token = { kind: "end", text: "" };

function tokensOf(text: string): readonly Token[] {
  const matches = text.matchAll(/(==|!=|[=!(),<>])|([^\s=!(),<>]+)/g);
  return [...matches].map(([, symbol, word = ""]) =>
    symbol === undefined ? { kind: "word", text: word } : { kind: "symbol", text: symbol },
  );
}

/** A requirement, or what is wrong with its text. */
function parseRequirement(peek: () => Token, take: () => Token): Requirement | string {
  const negated = peek().text === "!" && take() !== undefined;
  const word = take();
  if (word.kind !== "word") return `found '${word.text}', expected: identifier`;
  const key = word.text;
  const keyProblems = labelKeyProblems(key);
  if (keyProblems.length > 0)
    return `<nil>: Invalid value: ${JSON.stringify(key)}: ${keyProblems.join("; ")}`;
  if (negated) return { key, operator: "!", values: [] };
  if (peek().kind === "end" || peek().text === ",") return { key, operator: "exists", values: [] };
  const symbol = take().text;
  const operator = binaryOperators[symbol];
  if (operator === undefined) return `found '${symbol}', expected: in, notin, =, ==, !=, gt, lt`;
  const values =
    operator === "in" || operator === "notin" ? parseSet(peek, take) : parseValue(peek, take);
  if (typeof values === "string") return values;
  return problemOf(key, operator, values) ?? { key, operator, values };
}

const binaryOperators: Readonly<Record<string, Operator>> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "=",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};

function parseValue(peek: () => Token, take: () => Token): readonly string[] | string {
  if (peek().kind === "end" || peek().text === ",") return [""];
  const token = take();
  return token.kind === "word" ? [token.text] : `found '${token.text}', expected: identifier`;
}

/** Reads `(a,b)`. An empty place between commas is the empty value, as upstream has it. */
function parseSet(peek: () => Token, take: () => Token): readonly string[] | string {
  const open = take();
  if (open.text !== "(") return `found '${open.text}' expected: '('`;
  const values = new Set<string>();
  if (peek().text === ")") {
    take();
    return [];
  }
  for (;;) {
    if (peek().kind === "word") values.add(take().text);
    else values.add("");
    const next = take();
    if (next.text === ")") return [...values].sort();
    if (next.text !== ",") return `found '${next.text}', expected: ',' or ')'`;
  }
}

function problemOf(key: string, operator: Operator, values: readonly string[]): string | undefined {
  if ((operator === "in" || operator === "notin") && values.length === 0)
    return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
  if ((operator === "gt" || operator === "lt") && !isInteger(values[0]))
    return `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`;
  for (const [index, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length > 0)
      return `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problems.join("; ")}`;
  }
  return undefined;
}

function malformed(message: string): ParsedSelector {
  return { kind: "malformed", message };
}
