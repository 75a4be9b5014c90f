// Relabelling: Prometheus' rules that rewrite, keep or drop a set of labels, of targets before they are
// scraped and of samples before they are stored. No I/O; only the hash keeps it out of the pure layers.
import { createHash } from "node:crypto";
import { labelsOf, type Labels } from "../metrics/labels.ts";
import { compileRegexp, type Regexp } from "../metrics/regexp.ts";
import { regexpTemplate, type RegexpTemplate } from "../metrics/regexp-template.ts";

export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

export type RelabelAction = (typeof relabelActions)[number];

export type RelabelRule = {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: Regexp;
  readonly modulus: bigint;
  readonly targetLabel: string;
  /** `$1`, `${1}` and `${name}` stand for what the groups of the regexp matched. */
  readonly replacement: string;
  /** The target label and the replacement, filled with the groups. */
  readonly filledTarget: RegexpTemplate;
  readonly filledReplacement: RegexpTemplate;
};

const anything = compileRegexp("(.*)");

/** A rule with Prometheus' defaults for what is not given; the regexp has to be valid. */
export function relabelRule(
  given: Partial<Omit<RelabelRule, "regex" | "filledTarget" | "filledReplacement">> & {
    readonly regex?: string;
  } = {},
): RelabelRule {
  const { regex, targetLabel = "", replacement = "$1", ...rest } = given;
  const compiled = regex === undefined ? anything : compileRegexp(regex);
  if (compiled.kind === "malformed") throw new Error(compiled.message);
  return {
    action: "replace",
    sourceLabels: [],
    separator: ";",
    modulus: 0n,
    ...rest,
    targetLabel,
    replacement,
    filledTarget: regexpTemplate(targetLabel),
    filledReplacement: regexpTemplate(replacement),
    regex: compiled.regexp,
  };
}

/** The labels after all rules in their order; undefined as soon as one of them drops the set. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const set = new Map(Object.entries(labels));
  for (const rule of rules) if (!apply(rule, set)) return undefined;
  return labelsOf(set);
}

/** Returns whether the set is kept. */
function apply(rule: RelabelRule, set: Map<string, string>): boolean {
  const { action, regex, targetLabel, filledTarget, filledReplacement } = rule;
  const value = rule.sourceLabels.map((name) => set.get(name) ?? "").join(rule.separator);
  switch (action) {
    case "keep":
      return regex.test(value);
    case "drop":
      return !regex.test(value);
    case "keepequal":
      return (set.get(targetLabel) ?? "") === value;
    case "dropequal":
      return (set.get(targetLabel) ?? "") !== value;
    case "replace": {
      const match = regex.exec(value);
      if (!match) return true;
      // An empty value takes the label away.
      const name = filledTarget(match);
      if (name !== "") set.set(name, filledReplacement(match));
      return true;
    }
    case "lowercase":
      set.set(targetLabel, value.toLowerCase());
      return true;
    case "uppercase":
      set.set(targetLabel, value.toUpperCase());
      return true;
    case "hashmod":
      set.set(targetLabel, String(hashOf(value) % rule.modulus));
      return true;
    case "labelmap":
      for (const [name, each] of Array.from(set)) {
        const match = regex.exec(name);
        if (match) set.set(filledReplacement(match), each);
      }
      return true;
    case "labeldrop":
    case "labelkeep":
      for (const name of set.keys())
        if (regex.test(name) === (action === "labeldrop")) set.delete(name);
      return true;
  }
}

/** The last eight bytes of the MD5 sum, as Prometheus takes them. */
function hashOf(value: string): bigint {
  return createHash("md5").update(value).digest().readBigUInt64BE(8);
}
