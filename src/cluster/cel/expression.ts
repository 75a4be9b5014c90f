// One CEL expression, checked against its types before it is ever evaluated. What the library leaves
// open is closed here, on the parsed tree: has() is type-checked, patterns are Go's, loops are counted.
import { Optional, type Environment, type ParseResult } from "@marcbachmann/cel-js";
import { goPattern } from "../schema/go-pattern.ts";
import { ownMethods } from "./strings.ts";
import type { StepBudget } from "./step-budget.ts";

export type Expression = {
  readonly kind: "expression";
  readonly usesOldSelf: boolean;
  /** Throws an Error with the reason when there is no value. */
  readonly evaluate: (variables: Readonly<Record<string, unknown>>) => unknown;
};

export type ExpressionProblem = { readonly kind: "problem"; readonly problem: string };

/** `wanted` is the type that it must have; the problem names the position in the source. */
export function compileExpression(
  environment: Environment,
  source: string,
  wanted: "bool" | "string",
  budget: StepBudget,
): Expression | ExpressionProblem {
  try {
    const parsed = environment.parse(source);
    const { usesOldSelf, problem } = prepare(parsed, budget);
    if (problem) return { kind: "problem", problem: located(problem.message, source, problem.at) };
    const { valid, type = "", error } = parsed.check();
    if (!valid) return { kind: "problem", problem: errorText(error, source) };
    if (type !== wanted && !type.startsWith("dyn"))
      return { kind: "problem", problem: `must evaluate to a ${wanted}` };
    return {
      kind: "expression",
      usesOldSelf,
      evaluate: (variables) => evaluate(parsed, variables),
    };
  } catch (error) {
    return { kind: "problem", problem: errorText(error, source) };
  }
}

function evaluate(parsed: ParseResult, variables: Readonly<Record<string, unknown>>): unknown {
  try {
    return parsed({ ...variables }) as unknown;
  } catch (error) {
    throw new Error(summaryOf(error), { cause: error });
  }
}

/** The parts of a parsed node that the library's types leave out. */
type Node = {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly meta: { readonly alternate?: Node; readonly macro?: Macro };
};
type Checker = {
  readonly boolType: unknown;
  check(node: unknown, context: unknown): unknown;
  createError(code: string, message: string, node: Node): Error;
};
type Runner = {
  run(node: unknown, context: unknown): unknown;
  debugType(value: unknown): {
    fieldLazy(value: unknown, key: unknown, node: Node, runner: Runner): unknown;
  };
};
type Macro = {
  readonly args?: readonly Node[];
  typeCheck: (this: void, checker: Checker, macro: Macro, context: unknown) => unknown;
  evaluate: (this: void, runner: Runner, macro: Macro, context: unknown) => unknown;
};
type Loop = { step: unknown; readonly condition?: (value: unknown) => boolean };

type Preparation = {
  readonly usesOldSelf: boolean;
  readonly problem: { readonly message: string; readonly at: number } | undefined;
};

function prepare(parsed: ParseResult, budget: StepBudget): Preparation {
  let usesOldSelf = false;
  let problem: Preparation["problem"];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value)) return;
    const { op, args, meta } = value;
    if (op === "id" && args === "oldSelf") usesOldSelf = true;
    if (op === "rcall" && Array.isArray(args)) problem ??= prepareCall(args, value.pos);
    if (op === "call" && Array.isArray(args) && args[0] === "has" && meta.macro)
      prepareHas(meta.macro);
    if (meta.alternate?.op === "comprehension") countSteps(meta.alternate.args as Loop, budget);
    visit(args);
  };
  visit(parsed.ast);
  return { usesOldSelf, problem };
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "meta" in value;
}

/** Patterns are read in Go's dialect, and those that stand in the rule are read right away. */
function prepareCall(args: unknown[], at: number): Preparation["problem"] {
  const [name, , given] = args;
  const own = ownMethods.get(String(name));
  if (own !== undefined) args[0] = own;
  if (name !== "matches" && name !== "find" && name !== "findAll") return undefined;
  const [pattern] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  if (!isNode(pattern) || pattern.op !== "value" || typeof pattern.args !== "string")
    return undefined;
  const read = goPattern(pattern.args);
  return read.kind === "problem" ? { message: read.problem, at } : undefined;
}

/** The library's has() checks no types and knows no index on the way: has(self.items[0].name). */
function prepareHas(macro: Macro): void {
  macro.typeCheck = (checker, { args: [node] = [] }, context) => {
    if (node?.op !== ".")
      throw checker.createError("invalid_macro_argument", "has() invalid argument", node as Node);
    checker.check(node, context);
    return checker.boolType;
  };
  macro.evaluate = (runner, { args: [node] = [] }, context) => {
    if (!node) return false;
    const [operand, key] = node.args as readonly [Node, string];
    const holder = runner.run(operand, context);
    const value: unknown = holder instanceof Optional ? holder.orValue(undefined) : holder;
    if (value === undefined) return false;
    return runner.debugType(value).fieldLazy(value, key, operand, runner) !== undefined;
  };
}

/** A loop whose budget is spent ends at once; what it returns then does not count. */
function countSteps(loop: Loop, budget: StepBudget): void {
  const inner = loop.step as { readonly maybeAsync: boolean };
  const { condition } = loop;
  loop.step = {
    get maybeAsync() {
      return inner.maybeAsync;
    },
    check: (checker: Checker, _node: unknown, context: unknown) => checker.check(inner, context),
    evaluate(runner: Runner, _node: unknown, context: unknown) {
      if (budget.spend()) return runner.run(inner, context);
      if (condition) return !condition(true);
      throw new Error("out of budget");
    },
  };
}

type CelError = Error & {
  readonly code?: string;
  readonly summary?: string;
  readonly range?: { readonly start: number };
};

function errorText(error: unknown, source: string): string {
  const { range } = error as CelError;
  return located(summaryOf(error), source, range?.start ?? 0);
}

/** The library's sentences, in the words of Kubernetes' CEL where people know them. */
function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { summary, message, code } = error as CelError;
  const text = summary ?? message;
  const name = /: (\S+)$/.exec(text)?.[1];
  if (code === "unknown_variable") return `undeclared reference to '${name}' (in container '')`;
  if (code === "no_such_key" && error.name === "TypeError") return `undefined field '${name}'`;
  if (code === "no_such_key") return `no such key: ${name}`;
  return [...ownMethods].reduce((told, [method, own]) => told.replaceAll(own, method), text);
}

function located(message: string, source: string, at: number): string {
  const before = source.slice(0, at).split("\n");
  const [row, column] = [before.length, before.at(-1)?.length ?? 0];
  const line = source.split("\n")[row - 1] ?? "";
  return `ERROR: <input>:${row}:${column + 1}: ${message}\n | ${line}\n | ${".".repeat(column)}^`;
}
