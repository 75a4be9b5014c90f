// Functions that Kubernetes adds to CEL, as tables of signatures and handlers.
import type { Environment } from "@marcbachmann/cel-js";

/** The handler takes what the signature says; of a method the receiver comes first. */
export type FunctionTable = Readonly<Record<string, (...values: never[]) => unknown>>;

export function registerFunctions(environment: Environment, table: FunctionTable): void {
  for (const [signature, handler] of Object.entries(table))
    environment.registerFunction(signature, handler, { async: false });
}

/** Functions with a dot in their name, as `sets.contains`: methods of a constant that stands for it. */
export function registerNamespace(
  environment: Environment,
  name: string,
  table: FunctionTable,
): void {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Namespace`;
  class Namespace {}
  environment.registerType(type, Namespace);
  environment.registerConstant(name, type, new Namespace());
  for (const [signature, handler] of Object.entries(table))
    environment.registerFunction(
      `${type}.${signature}`,
      (_namespace: Namespace, ...values: never[]) => handler(...values),
      { async: false },
    );
}
