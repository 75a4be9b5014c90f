// The rules in a structural schema (x-kubernetes-validations): compiled once for each schema, with
// every mistake named, then asked about objects. Rules about the old value are asked where the old
// value can be told; unchanged values are not asked about again, so that a new rule hurts no object
// that already breaks it.
import { Optional, type Environment } from "@marcbachmann/cel-js";
import { isJsonObject, jsonEqual } from "../../lib/json.ts";
import { forbidden, invalid, notSupported, required } from "../../resources/cause.ts";
import type { Cause } from "../../resources/cause.ts";
import type { Schema, ValidationRule } from "../../resources/schema.ts";
import { itemKey, itemsByKey } from "../schema/schema-validate.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { escapedName, rootSchema, SchemaTypes, type CelType } from "./schema-types.ts";
import { StepBudget } from "./step-budget.ts";

export type SchemaRules = {
  /** What is wrong with the rules themselves; those that are wrong are not asked. */
  readonly problems: readonly Cause[];
  /** What the rules have against the object. `old` is undefined at a create. */
  readonly validate: (object: unknown, old: unknown) => readonly Cause[];
};

/** `field` is where the schema stands in its definition; it is part of the problems only. */
export function compileRules(schema: Schema, field: string): SchemaRules {
  const compiler = new RuleCompiler();
  const root = compiler.compile(schema, field);
  const { problems, budget } = compiler;
  return {
    problems,
    validate(object, old) {
      if (!root) return [];
      budget.start();
      const causes: Cause[] = [];
      ask(root, { value: object, old, path: "", causes, budget });
      return causes;
    },
  };
}

type CompiledRule = {
  readonly rule: ValidationRule;
  readonly condition: Expression;
  readonly message: Expression | undefined;
};

/** A place in the schema with rules at it or below it. */
type RuleNode = {
  readonly schema: Schema;
  readonly type: CelType | undefined;
  readonly rules: readonly CompiledRule[];
  readonly properties: readonly (readonly [string, RuleNode])[];
  readonly items: RuleNode | undefined;
  readonly values: RuleNode | undefined;
};

class RuleCompiler {
  readonly problems: Cause[] = [];
  readonly budget = new StepBudget();
  readonly #environment: Environment = kubernetesEnvironment();
  readonly #types = new SchemaTypes(this.#environment);

  compile(schema: Schema, field: string): RuleNode | undefined {
    // All types first: the library closes an environment once others are made from it.
    const draft = this.#draft(rootSchema(schema), "Object", field, true);
    return draft && this.#finish(draft);
  }

  #draft(
    schema: Schema,
    path: string,
    field: string,
    isCorrelatable: boolean,
  ): NodeDraft | undefined {
    const { properties = {}, items, additionalProperties } = schema;
    const inner = Object.entries(properties).flatMap(([name, property], index) => {
      const at = `${field}.properties[${name}]`;
      const typePath = `${path}.${escapedName(name) ?? `field${index}`}`;
      const draft = this.#draft(property, typePath, at, isCorrelatable);
      return draft ? [[name, draft] as const] : [];
    });
    const byKey = schema["x-kubernetes-list-type"] === "map";
    const item =
      items && this.#draft(items, `${path}.items`, `${field}.items`, isCorrelatable && byKey);
    const values =
      typeof additionalProperties === "object"
        ? this.#draft(
            additionalProperties,
            `${path}.values`,
            `${field}.additionalProperties`,
            isCorrelatable,
          )
        : undefined;
    const rules = schema["x-kubernetes-validations"] ?? [];
    if (rules.length === 0 && inner.length === 0 && !item && !values) return undefined;
    const type = rules.length === 0 ? undefined : this.#types.typeOf(schema, path);
    return { schema, type, field, isCorrelatable, inner, item, values };
  }

  #finish(draft: NodeDraft): RuleNode {
    const { schema, type, inner, item, values } = draft;
    return {
      schema,
      type,
      rules: this.#rulesOf(draft),
      properties: inner.map(([name, property]) => [name, this.#finish(property)] as const),
      items: item && this.#finish(item),
      values: values && this.#finish(values),
    };
  }

  #rulesOf(draft: NodeDraft): readonly CompiledRule[] {
    const { schema, type, field } = draft;
    const rules = schema["x-kubernetes-validations"] ?? [];
    if (rules.length === 0) return [];
    const at = `${field}.x-kubernetes-validations`;
    if (!type) {
      this.problems.push(forbidden(at, "rules need a value whose type the schema gives"));
      return [];
    }
    const environments = [false, true].map((isOptional) =>
      this.#environment
        .clone()
        .registerVariable("self", type.name)
        .registerVariable("oldSelf", isOptional ? `optional<${type.name}>` : type.name),
    );
    return rules.flatMap((rule, index) => {
      const misshapen = shapeProblems(rule, `${at}[${index}]`, schema);
      this.problems.push(...misshapen);
      if (misshapen.length > 0) return [];
      const environment = environments[rule.optionalOldSelf === true ? 1 : 0];
      const compiled =
        environment && this.#compileRule(rule, environment, `${at}[${index}]`, draft);
      return compiled ? [compiled] : [];
    });
  }

  #compileRule(
    rule: ValidationRule,
    environment: Environment,
    field: string,
    { isCorrelatable }: NodeDraft,
  ): CompiledRule | undefined {
    const condition = compileExpression(environment, rule.rule, "bool", this.budget);
    if (condition.kind === "problem") {
      this.problems.push(
        invalid(`${field}.rule`, rule, `compilation failed: ${condition.problem}`),
      );
      return undefined;
    }
    if (condition.usesOldSelf && !isCorrelatable) {
      this.problems.push(
        invalid(
          `${field}.rule`,
          rule,
          "oldSelf cannot be used on the uncorrelatable portion of the schema: below lists only those of x-kubernetes-list-type map tell which item an old one has become",
        ),
      );
      return undefined;
    }
    if (rule.optionalOldSelf === true && !condition.usesOldSelf) {
      this.problems.push(
        invalid(`${field}.optionalOldSelf`, true, "may not be set if oldSelf is not used in rule"),
      );
      return undefined;
    }
    if (rule.messageExpression === undefined) return { rule, condition, message: undefined };
    const message = compileExpression(environment, rule.messageExpression, "string", this.budget);
    if (message.kind === "expression") return { rule, condition, message };
    this.problems.push(
      invalid(
        `${field}.messageExpression`,
        rule,
        `messageExpression compilation failed: ${message.problem}`,
      ),
    );
    return undefined;
  }
}

type NodeDraft = {
  readonly schema: Schema;
  readonly type: CelType | undefined;
  readonly field: string;
  readonly isCorrelatable: boolean;
  readonly inner: readonly (readonly [string, NodeDraft])[];
  readonly item: NodeDraft | undefined;
  readonly values: NodeDraft | undefined;
};

const reasons = [
  "FieldValueDuplicate",
  "FieldValueForbidden",
  "FieldValueInvalid",
  "FieldValueRequired",
];
const ruleKeys: Readonly<Record<string, string>> = {
  rule: "string",
  message: "string",
  messageExpression: "string",
  reason: "string",
  fieldPath: "string",
  optionalOldSelf: "boolean",
};

function shapeProblems(rule: unknown, field: string, schema: Schema): readonly Cause[] {
  if (!isJsonObject(rule)) return [invalid(field, rule, "must be an object with a rule")];
  for (const [key, value] of Object.entries(rule)) {
    const type = Object.hasOwn(ruleKeys, key) ? ruleKeys[key] : undefined;
    if (type === undefined) return [forbidden(`${field}.${key}`, "unknown field")];
    if (typeof value !== type) return [invalid(`${field}.${key}`, value, `must be a ${type}`)];
  }
  const { rule: source, message, messageExpression, reason, fieldPath } = rule as ValidationRule;
  const causes: Cause[] = [];
  if ((source ?? "").trim() === "") return [required(`${field}.rule`, "rule is not specified")];
  if (message !== undefined && message.trim() === "")
    causes.push(invalid(`${field}.message`, message, "message must be non-empty if specified"));
  else if (message?.includes("\n"))
    causes.push(invalid(`${field}.message`, message, "message must not contain line breaks"));
  else if (message === undefined && !messageExpression && source.trim().includes("\n"))
    causes.push(
      required(`${field}.message`, "message must be specified if rule contains line breaks"),
    );
  if (messageExpression !== undefined && messageExpression.trim() === "")
    causes.push(
      required(`${field}.messageExpression`, "messageExpression must be non-empty if specified"),
    );
  if (reason !== undefined && !reasons.includes(reason))
    causes.push(notSupported(`${field}.reason`, reason, reasons));
  if (fieldPath !== undefined && !pathInto(schema, fieldPath))
    causes.push(
      invalid(
        `${field}.fieldPath`,
        fieldPath,
        "fieldPath must be a valid path: does not refer to a valid field of the value that the rule is about",
      ),
    );
  return causes;
}

/** A rule's fieldPath (`.spec['a b'].size`) as causes write it; undefined when it leads nowhere. */
function pathInto(schema: Schema, fieldPath: string): string | undefined {
  let rest = fieldPath;
  let at: Schema | undefined = schema;
  let path = "";
  while (rest !== "") {
    const step: RegExpExecArray | null = /^(?:\.([A-Za-z_][\w-]*)|\['((?:\\.|[^'\\])*)'\])/.exec(
      rest,
    );
    if (!step || !at) return undefined;
    const name = step[1] ?? (step[2] ?? "").replace(/\\(.)/g, "$1");
    const { properties, additionalProperties }: Schema = at;
    const isField: boolean = properties !== undefined && Object.hasOwn(properties, name);
    if (!isField && typeof additionalProperties !== "object") return undefined;
    path += isField ? `.${name}` : `[${name}]`;
    at = isField ? properties?.[name] : (additionalProperties as Schema);
    rest = rest.slice(step[0].length);
  }
  return path === "" ? undefined : path;
}

type Question = {
  readonly value: unknown;
  /** Undefined where there is no old value, or none that this one could have been. */
  readonly old: unknown;
  readonly path: string;
  readonly causes: Cause[];
  readonly budget: StepBudget;
};

function ask(node: RuleNode, question: Question): void {
  const { value, old, path } = question;
  if (value === null || value === undefined) return;
  if (node.rules.length > 0) askRules(node, question);
  const inner = (next: RuleNode, item: unknown, before: unknown, at: string): void => {
    if (!question.budget.isExhausted)
      ask(next, { ...question, value: item, old: before, path: at });
  };
  if (node.items && Array.isArray(value)) {
    const { items } = node;
    const before = itemsByKey(node.schema, old);
    value.forEach((item: unknown, index) =>
      inner(items, item, before?.get(itemKey(node.schema, item)), `${path}[${index}]`),
    );
  }
  if (!isJsonObject(value)) return;
  const beforeOf = (key: string): unknown =>
    isJsonObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
  for (const [name, property] of node.properties)
    if (Object.hasOwn(value, name))
      inner(property, value[name], beforeOf(name), path === "" ? name : `${path}.${name}`);
  if (node.values)
    for (const [key, item] of Object.entries(value))
      inner(node.values, item, beforeOf(key), `${path}[${key}]`);
}

function askRules({ schema, type, rules }: RuleNode, question: Question): void {
  const { value, old, path, causes, budget } = question;
  if (!type) return;
  const hasOld = old !== undefined && old !== null;
  const isUnchanged = hasOld && jsonEqual(value, old);
  const self = type.convert(value);
  const oldSelf = hasOld ? type.convert(old) : undefined;
  for (const compiled of rules) {
    const { rule, condition } = compiled;
    if (condition.usesOldSelf ? !hasOld && rule.optionalOldSelf !== true : isUnchanged) continue;
    const variables = {
      self,
      oldSelf:
        rule.optionalOldSelf === true ? (hasOld ? Optional.of(oldSelf) : Optional.none()) : oldSelf,
    };
    budget.spend();
    const verdict = verdictOf(condition, variables);
    if (budget.isExhausted) {
      causes.push(
        invalid(
          path === "" ? "<nil>" : path,
          typeName(schema),
          "validation failed due to running out of cost budget, no further validation rules will be run",
        ),
      );
      return;
    }
    if (verdict === true) continue;
    causes.push(causeOf(compiled, schema, path, verdict, variables));
  }
}

/** Whether the rule holds, or why nobody can tell. */
function verdictOf(
  condition: Expression,
  variables: Readonly<Record<string, unknown>>,
): boolean | string {
  try {
    const result = condition.evaluate(variables);
    return typeof result === "boolean" ? result : "the rule gave no bool";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function causeOf(
  { rule, message }: CompiledRule,
  schema: Schema,
  path: string,
  verdict: false | string,
  variables: Readonly<Record<string, unknown>>,
): Cause {
  const below = rule.fieldPath === undefined ? "" : (pathInto(schema, rule.fieldPath) ?? "");
  const field = (path + below).replace(/^\./, "") || "<nil>";
  const given = message && messageOf(message, variables);
  const sentence = given ?? rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
  if (typeof verdict === "string")
    return invalid(
      field,
      typeName(schema),
      `${verdict} evaluating rule: ${rule.message?.trim() ?? rule.rule.trim()}`,
    );
  switch (rule.reason) {
    case "FieldValueForbidden":
      return forbidden(field, sentence);
    case "FieldValueRequired":
      return required(field, sentence);
    case "FieldValueDuplicate":
      return {
        reason: "FieldValueDuplicate",
        field,
        message: `Duplicate value: ${JSON.stringify(typeName(schema))}`,
      };
    case "FieldValueInvalid":
    case undefined:
    default:
      return invalid(field, typeName(schema), sentence);
  }
}

/** As upstream: what is no single short line is not used. */
function messageOf(
  message: Expression,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    const text = message.evaluate(variables);
    if (typeof text !== "string" || text.trim() === "") return undefined;
    return text.includes("\n") || text.length > 5120 ? undefined : text.trim();
  } catch {
    // The rule's own message tells what matters.
    return undefined;
  }
}

/** Upstream names the type where other checks quote the value. */
function typeName(schema: Schema): string {
  return schema.type ?? "any";
}
