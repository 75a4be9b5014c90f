// The CEL environment of Kubernetes: the library's own functions and those that Kubernetes adds. A
// function that is not here makes a rule that names it fail when its CRD is created.
import { Environment, Optional } from "@marcbachmann/cel-js";
import { registerAddresses } from "./addresses.ts";
import { registerFunctions, registerNamespace } from "./function-table.ts";
import { listFunctions, setFunctions } from "./lists.ts";
import { registerNamedFormats } from "./named-formats.ts";
import { registerQuantities } from "./quantities.ts";
import { equalValues } from "./schema-types.ts";
import { stringFunctions } from "./strings.ts";

let shared: Environment | undefined;

/** A fresh environment for types and variables of one's own; the functions are shared. */
export function kubernetesEnvironment(): Environment {
  shared ??= makeEnvironment();
  return shared.clone();
}

function makeEnvironment(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    // Arguments of format() are of several types.
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 10_000, maxDepth: 100 },
  });
  registerFunctions(environment, stringFunctions);
  registerFunctions(environment, listFunctions(equalValues));
  registerNamespace(environment, "sets", setFunctions(equalValues));
  registerQuantities(environment);
  registerAddresses(environment);
  registerNamedFormats(environment);
  registerOptionalMacros(environment);
  return environment;
}

/** What the library hands to a macro, as far as the ones below use it. */
type MacroCall = {
  readonly args: readonly { readonly op: string; readonly args: unknown }[];
  readonly receiver: unknown;
};
type CelTypeOf = { readonly kind: string; readonly valueType: CelTypeOf };
type Context = {
  forkWithVariable(name: string, type: unknown): Context;
  reuse(context: Context): Context;
  setIterValue(value: unknown, runner: unknown): Context;
};
type Checker = {
  readonly dynType: unknown;
  readonly registry: { getOptionalType(type: unknown): unknown };
  check(node: unknown, context: Context): CelTypeOf;
};
type Runner = { run(node: unknown, context: Context): unknown };

/** `optional.optMap(name, expression)` and `optFlatMap`: the expression about the value, if any. */
function registerOptionalMacros(environment: Environment): void {
  const macro = (isFlat: boolean) => (call: MacroCall) => {
    const [variable, body] = call.args;
    let inner: Context | undefined;
    return {
      async: false,
      typeCheck(checker: Checker, _macro: unknown, context: Context) {
        const receiver = checker.check(call.receiver, context);
        const type = receiver.kind === "optional" ? receiver.valueType : checker.dynType;
        inner = context.forkWithVariable(String(variable?.args), type);
        const result = checker.check(body, inner);
        return isFlat ? result : checker.registry.getOptionalType(result);
      },
      evaluate(runner: Runner, _macro: unknown, context: Context) {
        const receiver = runner.run(call.receiver, context);
        if (!(receiver instanceof Optional) || !inner) throw new TypeError("not an optional value");
        if (!receiver.hasValue()) return receiver;
        const result = runner.run(
          body,
          inner.reuse(context).setIterValue(receiver.value(), runner),
        );
        return isFlat ? result : Optional.of(result);
      },
    };
  };
  for (const [name, isFlat] of [
    ["optMap", false],
    ["optFlatMap", true],
  ] as const)
    environment.registerFunction(`optional.${name}(ast, ast): optional<dyn>`, macro(isFlat));
}
