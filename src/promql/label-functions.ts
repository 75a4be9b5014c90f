// Functions that rewrite the labels of each series and leave its samples alone.
import { labelValue, type Labels } from "../metrics/labels.ts";
import { regexpTemplate } from "../metrics/regexp-template.ts";
import { compileRegexp } from "../metrics/regexp.ts";
import type { LabelFunction } from "./function-families.ts";

export const labelFunctions: ReadonlyMap<string, LabelFunction> = new Map([
  ["label_replace", labelReplace],
  ["label_join", labelJoin],
]);

/** `label_replace(v, to, replacement, from, pattern)`: where the whole of `from` matches. */
function labelReplace(strings: readonly string[]): ReturnType<LabelFunction> {
  const [to = "", replacement = "", from = "", pattern = ""] = strings;
  const compiled = compileRegexp(pattern);
  if (compiled.kind === "malformed")
    return malformed(`invalid regular expression in label_replace(): ${pattern}`);
  if (!isLabelName(to))
    return malformed(`invalid destination label name in label_replace(): ${to}`);
  const fill = regexpTemplate(replacement);
  const apply = (labels: Labels): Labels => {
    const match = compiled.regexp.exec(labelValue(labels, from));
    return match ? withLabel(labels, to, fill(match)) : labels;
  };
  return { kind: "prepared", apply };
}

/** `label_join(v, to, separator, from…)`; a label that is absent joins as the empty text. */
function labelJoin(strings: readonly string[]): ReturnType<LabelFunction> {
  const [to = "", separator = "", ...from] = strings;
  const wrong = from.find((name) => !isLabelName(name));
  if (wrong !== undefined) return malformed(`invalid source label name in label_join(): ${wrong}`);
  if (!isLabelName(to)) return malformed(`invalid destination label name in label_join(): ${to}`);
  const apply = (labels: Labels): Labels =>
    withLabel(labels, to, from.map((name) => labelValue(labels, name)).join(separator));
  return { kind: "prepared", apply };
}

function malformed(message: string): ReturnType<LabelFunction> {
  return { kind: "malformed", message };
}

/** Since Prometheus 3 any text that UTF-8 can carry is a label's name, but for the empty one. */
function isLabelName(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

/** An empty value takes the label away. */
function withLabel(labels: Labels, name: string, value: string): Labels {
  if (labelValue(labels, name) === value) return labels;
  const others = Object.entries(labels).filter(([other]) => other !== name);
  return Object.fromEntries(value === "" ? others : [...others, [name, value]]);
}
