// Functions that rewrite the labels of each series and leave its samples alone.
import { RE2JS } from "re2js";
import { labelValue, type Labels } from "../metrics/labels.ts";
import type { LabelFunction } from "./function-families.ts";

export const labelFunctions: ReadonlyMap<string, LabelFunction> = new Map([
  ["label_replace", labelReplace],
  ["label_join", labelJoin],
]);

/** `label_replace(v, to, replacement, from, pattern)`: where the whole of `from` matches. */
function labelReplace(strings: readonly string[]): ReturnType<LabelFunction> {
  const [to = "", replacement = "", from = "", pattern = ""] = strings;
  const regexp = compile(pattern);
  if (!regexp) return malformed(`invalid regular expression in label_replace(): ${pattern}`);
  if (!isLabelName(to))
    return malformed(`invalid destination label name in label_replace(): ${to}`);
  const pieces = templateOf(replacement, regexp);
  const apply = (labels: Labels): Labels => {
    const matcher = regexp.matcher(labelValue(labels, from));
    if (!matcher.matches()) return labels;
    const group = (index: number) => matcher.group(index) ?? "";
    const value = pieces.map((piece) => (typeof piece === "string" ? piece : group(piece)));
    return withLabel(labels, to, value.join(""));
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

function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch {
    return undefined;
  }
}

/**
 * Literal text, and indices of groups in place of `$1`, `$name` and `${name}` as Go's regexps expand
 * them: without braces a name reaches as far as letters, digits and underscores do, so `$1x` is the
 * group "1x". A group that the pattern does not have is empty; `$$` is a dollar, and so is a `$` that
 * begins none of these.
 */
function templateOf(replacement: string, regexp: RE2JS): readonly (string | number)[] {
  const named = regexp.namedGroups();
  const pieces: (string | number)[] = [];
  let end = 0;
  for (const match of replacement.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    pieces.push(replacement.slice(end, match.index));
    end = match.index + match[0].length;
    const name = match[1] ?? match[2];
    const index = name === undefined || !/^\d+$/.test(name) ? undefined : Number(name);
    if (name === undefined) pieces.push("$");
    else if (index === undefined) pieces.push(named[name] ?? "");
    else if (index <= regexp.groupCount()) pieces.push(index);
  }
  return [...pieces, replacement.slice(end)];
}

/** An empty value takes the label away. */
function withLabel(labels: Labels, name: string, value: string): Labels {
  if (labelValue(labels, name) === value) return labels;
  const others = Object.entries(labels).filter(([other]) => other !== name);
  return Object.fromEntries(value === "" ? others : [...others, [name, value]]);
}
