// The CEL conditions of webhooks: refused with their mistakes when a configuration is written, asked
// about each request before its webhook is. Most webhooks have none, so the language is loaded only
// for the first that has.
import { createRequire } from "node:module";
import { jsonEqual } from "../../lib/json.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import { invalid } from "../../resources/cause.ts";
import { mutatingWebhookConfigurationKind } from "../../resources/mutating-webhook-configuration.ts";
import { validatingWebhookConfigurationKind } from "../../resources/validating-webhook-configuration.ts";
import type { Webhook, WebhookConfiguration } from "../../resources/webhook-configuration.ts";

type Cel = typeof import("../cel/match-conditions.ts");
type MatchConditions = ReturnType<Cel["compileConditions"]>;
export type ConditionVariables = Parameters<MatchConditions["ask"]>[0];

// A configuration is checked in the moment in which it is stored, so the language cannot be waited for.
const require = createRequire(import.meta.url);
let loaded: Cel | undefined;

const compiled = new WeakMap<object, MatchConditions>();

function conditionsOf({ matchConditions = [] }: Webhook): MatchConditions | undefined {
  if (matchConditions.length === 0) return undefined;
  let conditions = compiled.get(matchConditions);
  if (!conditions) {
    loaded ??= require("../cel/match-conditions.ts") as Cel;
    compiled.set(matchConditions, (conditions = loaded.compileConditions(matchConditions)));
  }
  return conditions;
}

/**
 * Whether the webhook wants to see the request. Throws an Error when no condition says no, but some
 * say nothing and the webhook must not be passed over.
 */
export function conditionsHold(webhook: Webhook, variables: () => ConditionVariables): boolean {
  const verdict = conditionsOf(webhook)?.ask(variables());
  switch (verdict?.kind) {
    case undefined:
    case "match":
      return true;
    case "mismatch":
      return false;
    case "failed":
      if (webhook.failurePolicy === "Ignore") return false;
      throw new Error(verdict.problems.join(", "));
  }
}

/** Expressions that cannot be compiled are refused; those that are stored already may stay. */
export const matchConditionRules: readonly AdmissionRule<WebhookConfiguration>[] = [
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
].map((kind) => ({
  kind,
  admit(object, old) {
    const { webhooks = [] } = object;
    const causes = webhooks.flatMap((webhook, at) => {
      const before = old?.webhooks?.find(({ name }) => name === webhook.name);
      if (jsonEqual(before?.matchConditions, webhook.matchConditions)) return [];
      return (conditionsOf(webhook)?.problems ?? []).flatMap((problem, index) => {
        const expression = webhook.matchConditions?.[index]?.expression;
        const field = `webhooks[${at}].matchConditions[${index}].expression`;
        // An empty one is missing, which is told elsewhere.
        if (problem === undefined || !expression?.trim()) return [];
        return [invalid(field, expression, `compilation failed: ${problem}`)];
      });
    });
    return causes.length > 0
      ? { kind: "denied", causes }
      : { kind: "allowed", object, warnings: [] };
  },
}));
