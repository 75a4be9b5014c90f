// The match conditions of an admission webhook: CEL expressions about a request, which must all hold
// for the webhook to be asked.
import { isJsonObject } from "../../lib/json.ts";
import type { Schema } from "../../resources/schema.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { compileExpression, type Expression, type ExpressionProblem } from "./expression.ts";
import { SchemaTypes } from "./schema-types.ts";
import { StepBudget } from "./step-budget.ts";

export type MatchCondition = { readonly name: string; readonly expression: string };

/** What conditions see. Objects are null where there is none, as at a creation or a deletion. */
export type ConditionVariables = {
  readonly object: object | null;
  readonly oldObject: object | null;
  /** The request of the AdmissionReview; the objects in it are not seen through it. */
  readonly request: object;
};

export type ConditionVerdict =
  | { readonly kind: "match" }
  | { readonly kind: "mismatch" }
  /** No condition is false, but these have no value. */
  | { readonly kind: "failed"; readonly problems: readonly string[] };

export type MatchConditions = {
  /** Of each condition what is wrong with it, if anything. */
  readonly problems: readonly (string | undefined)[];
  readonly ask: (variables: ConditionVariables) => ConditionVerdict;
};

const text: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const groupVersion = { group: text, version: text };
const kind: Schema = { type: "object", properties: { ...groupVersion, kind: text } };
const resource: Schema = { type: "object", properties: { ...groupVersion, resource: text } };
const requestSchema: Schema = {
  type: "object",
  properties: {
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo: {
      type: "object",
      properties: {
        username: text,
        uid: text,
        groups: texts,
        extra: { type: "object", additionalProperties: texts },
      },
    },
    dryRun: { type: "boolean" },
    // To CEL a value of any type.
    options: { "x-kubernetes-int-or-string": true },
  },
};

/** What every request has, if only empty. */
const emptyRequest = { subResource: "", requestSubResource: "", name: "", namespace: "" };

export function compileConditions(conditions: readonly MatchCondition[]): MatchConditions {
  const budget = new StepBudget();
  const environment = kubernetesEnvironment();
  const type = new SchemaTypes(environment, (key) => key).typeOf(requestSchema, "AdmissionRequest");
  environment
    .registerVariable("object", "dyn")
    .registerVariable("oldObject", "dyn")
    .registerVariable("request", type?.name ?? "dyn");
  const compiled = conditions.map(({ expression }) =>
    compileExpression(environment, expression, "bool", budget),
  );
  return {
    problems: compiled.map((one) => (one.kind === "problem" ? explained(one) : undefined)),
    ask({ object, oldObject, request }) {
      budget.start();
      const variables = {
        object: celValue(object),
        oldObject: celValue(oldObject),
        request: type?.convert({ ...emptyRequest, ...request }),
      };
      const problems: string[] = [];
      for (const [index, one] of compiled.entries()) {
        const verdict = verdictOf(one, variables, budget);
        if (verdict === false) return { kind: "mismatch" };
        if (verdict !== true)
          problems.push(
            `expression '${conditions[index]?.expression ?? ""}' resulted in error: ${verdict}`,
          );
      }
      return problems.length > 0 ? { kind: "failed", problems } : { kind: "match" };
    },
  };
}

function explained({ problem }: ExpressionProblem): string {
  return problem.includes("undeclared reference to 'authorizer'")
    ? "authorizer is not known to this cluster, which allows everything"
    : problem;
}

function verdictOf(
  expression: Expression | ExpressionProblem,
  variables: Readonly<Record<string, unknown>>,
  budget: StepBudget,
): boolean | string {
  if (expression.kind === "problem") return expression.problem;
  try {
    const value = expression.evaluate(variables);
    if (budget.isExhausted) return outOfBudget;
    return typeof value === "boolean" ? value : "the condition gave no bool";
  } catch (error) {
    if (budget.isExhausted) return outOfBudget;
    return error instanceof Error ? error.message : String(error);
  }
}

const outOfBudget =
  "validation failed due to running out of cost budget, no further validation rules will be run";

/** JSON as CEL has it: whole numbers are ints, and objects are maps, whatever their keys. */
function celValue(value: unknown): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(celValue);
  if (!isJsonObject(value)) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, celValue(inner)]));
}
