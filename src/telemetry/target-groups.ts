// Lists of targets that share labels, as static_configs, file_sd and http_sd have them. JSON is read by
// its own rules and not as YAML: an answer that breaks off must not pass for a shorter list, and one of
// many thousand targets must not hold up a decision.
import { isJsonObject } from "../lib/json.ts";
import { atKey, YamlReader, type YamlValue } from "../lib/yaml-reader.ts";
import { labelsOf, type Labels } from "../metrics/labels.ts";
import { isEmpty, optional } from "./config-values.ts";
import type { TargetGroup } from "./scrape-job.ts";

export type FoundGroups =
  | { readonly groups: readonly TargetGroup[] }
  | { readonly problem: string };

/** `name` names the text in what is told of it; the first problem stands for all. */
export function yamlGroups(text: string, name: string): FoundGroups {
  const reader = new YamlReader(text, name);
  const isReadable = reader.problems.length === 0;
  const values = isReadable && !isEmpty(reader.root) ? (reader.list(reader.root) ?? []) : [];
  const groups = values.flatMap((value) => targetGroup(reader, value) ?? []);
  const [first, ...more] = reader.problems;
  if (first === undefined) return { groups };
  return { problem: more.length === 0 ? first : `${first} (and ${more.length} more)` };
}

export function jsonGroups(text: string): FoundGroups {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    return { problem: `invalid JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!Array.isArray(list)) return { problem: "must be a list of groups with targets and labels" };
  const groups: TargetGroup[] = [];
  for (const [index, value] of list.entries()) {
    const group = jsonGroup(value);
    if (typeof group === "string") return { problem: `[${index}]${group}` };
    groups.push(group);
  }
  return { groups };
}

/** Or what is wrong with it, after the name of the group. */
function jsonGroup(value: unknown): TargetGroup | string {
  if (!isJsonObject(value)) return ": must be a map with targets and labels";
  const { targets: given, labels: shared, ...others } = value;
  for (const name of Object.keys(others))
    return `.${name}: unknown field; known are targets, labels`;
  const listed: unknown = given ?? [];
  if (!Array.isArray(listed)) return ".targets: must be a list";
  const targets: Labels[] = [];
  for (const [index, address] of listed.entries()) {
    if (typeof address !== "string") return `.targets[${index}]: must be a text`;
    targets.push({ __address__: address });
  }
  const labels = shared ?? {};
  if (!isJsonObject(labels)) return ".labels: must be a map of label names to values";
  const entries: (readonly [string, string])[] = [];
  for (const [name, text] of Object.entries(labels)) {
    if (name === "") return ".labels: a label name must not be empty";
    if (typeof text !== "string") return `.labels.${name}: must be a text`;
    entries.push([name, text]);
  }
  return { targets, labels: labelsOf(entries) };
}

/** Of YAML; `onAddress` may complain of where a target is. */
export function targetGroup(
  reader: YamlReader,
  value: YamlValue,
  onAddress: (address: string, value: YamlValue) => void = () => {},
): TargetGroup | undefined {
  const fields = reader.fields(value, ["targets", "labels"], "a map with targets and labels");
  if (!fields) return undefined;
  const listed = optional(fields, "targets", (each) => reader.list(each)) ?? [];
  const targets = listed.flatMap((each): Labels | readonly never[] => {
    const address = reader.text(each);
    if (address === undefined) return [];
    onAddress(address, each);
    return { __address__: address };
  });
  return { targets, labels: optional(fields, "labels", (each) => labelSet(reader, each)) ?? {} };
}

function labelSet(reader: YamlReader, value: YamlValue): Labels | undefined {
  const fields = reader.map(value, "a map of label names to values");
  if (!fields) return undefined;
  const entries = fields.values.flatMap(([name, each]): (readonly [string, string])[] => {
    if (name === "") reader.complain(atKey(each), "a label name must not be empty");
    const text = isEmpty(each) ? "" : reader.text(each, { mayBeEmpty: true });
    return text === undefined ? [] : [[name, text]];
  });
  return labelsOf(entries);
}
