// Label matchers: the four tests that a selector puts to a label's value. As data they can be
// printed and rewritten; compiled they can be run.
import { compileRegexp } from "./regexp.ts";
import { labelValue, type Labels } from "./labels.ts";

export type MatcherOp = "=" | "!=" | "=~" | "!~";

export type LabelMatcher = {
  readonly label: string;
  readonly op: MatcherOp;
  readonly value: string;
};

export type CompiledMatcher = LabelMatcher & {
  readonly accepts: (value: string) => boolean;
  /** The only values that it accepts, where these can be told. */
  readonly literals?: readonly string[];
  /** How many steps each character of a value may take. */
  readonly stepsPerCharacter: number;
};

export type CompileResult =
  | { readonly kind: "compiled"; readonly matcher: CompiledMatcher }
  | { readonly kind: "malformed"; readonly message: string };

/** Fails only for the regexp operators, when the pattern is none or uses what RE2 does not have. */
export function compileMatcher(matcher: LabelMatcher): CompileResult {
  const { op, value } = matcher;
  switch (op) {
    case "=":
      return {
        kind: "compiled",
        matcher: {
          ...matcher,
          accepts: (other) => other === value,
          literals: [value],
          stepsPerCharacter: 1,
        },
      };
    case "!=":
      return {
        kind: "compiled",
        matcher: { ...matcher, accepts: (other) => other !== value, stepsPerCharacter: 1 },
      };
    case "=~":
    case "!~": {
      const compiled = compileRegexp(value);
      if (compiled.kind === "malformed") return compiled;
      const { regexp } = compiled;
      const { stepsPerCharacter } = regexp;
      if (op === "!~")
        return {
          kind: "compiled",
          matcher: { ...matcher, accepts: (other) => !regexp.test(other), stepsPerCharacter },
        };
      const { literals } = regexp;
      return {
        kind: "compiled",
        matcher: {
          ...matcher,
          accepts: (other) => regexp.test(other),
          stepsPerCharacter,
          ...(literals ? { literals } : {}),
        },
      };
    }
  }
}

export function matchesAll(matchers: readonly CompiledMatcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.accepts(labelValue(labels, matcher.label)));
}
