// Reads relabel_configs and metric_relabel_configs, with the checks and the words of Prometheus.
import type { YamlFields, YamlReader, YamlValue } from "../lib/yaml-reader.ts";
import { compileRegexp } from "../metrics/regexp.ts";
import { optional } from "./config-values.ts";
import { relabelActions, relabelRule, type RelabelAction, type RelabelRule } from "./relabel.ts";

const known = [
  "source_labels",
  "separator",
  "regex",
  "modulus",
  "target_label",
  "replacement",
  "action",
];

export function relabelRulesOf(reader: YamlReader, value: YamlValue): readonly RelabelRule[] {
  return (reader.list(value) ?? []).flatMap((each) => ruleOf(reader, each) ?? []);
}

function ruleOf(reader: YamlReader, value: YamlValue): RelabelRule | undefined {
  const fields = reader.fields(value, known, "a map such as { action: drop, … }");
  if (!fields) return undefined;
  const text = (name: string): string | undefined =>
    fields.has(name) ? reader.text(fields.get(name), { mayBeEmpty: true }) : undefined;
  const action = actionOf(reader, fields);
  const sourceLabels = optional(fields, "source_labels", (each) => reader.texts(each));
  const [separator, targetLabel, replacement] = [
    text("separator"),
    text("target_label"),
    text("replacement"),
  ];
  const regex = text("regex");
  const compiled = regex === undefined ? undefined : compileRegexp(regex);
  if (compiled?.kind === "malformed") reader.complain(fields.get("regex"), compiled.message);
  const modulus = optional(fields, "modulus", (each) => modulusOf(reader, each));
  if (action === undefined) return undefined;
  checkFields(reader, fields, action, { targetLabel, replacement });
  if (action === "hashmod" && (modulus ?? 0n) === 0n)
    reader.complain(
      modulus === undefined ? value : fields.get("modulus"),
      "relabel configuration for hashmod requires non-zero modulus",
    );
  if (compiled?.kind === "malformed") return undefined;
  return relabelRule({
    action,
    ...(sourceLabels && { sourceLabels }),
    ...(separator !== undefined && { separator }),
    ...(targetLabel !== undefined && { targetLabel }),
    ...(replacement !== undefined && { replacement }),
    ...(regex !== undefined && { regex }),
    ...(modulus !== undefined && { modulus }),
  });
}

function actionOf(reader: YamlReader, fields: YamlFields): RelabelAction | undefined {
  const text = optional(fields, "action", (each) => reader.text(each));
  if (text === undefined) return fields.has("action") ? undefined : "replace";
  const action = relabelActions.find((each) => each === text.toLowerCase());
  if (action === undefined)
    reader.complain(
      fields.get("action"),
      `unknown relabel action ${JSON.stringify(text)}; known are ${relabelActions.join(", ")}`,
    );
  return action;
}

/** 64 bits, which a number of JavaScript does not hold. */
function modulusOf(reader: YamlReader, value: YamlValue): bigint | undefined {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text);
  reader.complain(value, `must be a whole number below 2^64, not ${JSON.stringify(text)}`);
  return undefined;
}

/** Which fields an action needs, and which would mean nothing to it. */
function checkFields(
  reader: YamlReader,
  fields: YamlFields,
  action: RelabelAction,
  {
    targetLabel = "",
    replacement,
  }: { targetLabel?: string | undefined; replacement: string | undefined },
): void {
  const needsTarget = [
    "replace",
    "hashmod",
    "lowercase",
    "uppercase",
    "keepequal",
    "dropequal",
  ].includes(action);
  if (needsTarget && targetLabel === "")
    reader.complain(
      fields.get("target_label"),
      `relabel configuration for ${action} action requires 'target_label' value`,
    );
  const refuse = (names: readonly string[], problem: string): void => {
    for (const name of names) if (fields.has(name)) reader.complain(fields.get(name), problem);
  };
  switch (action) {
    case "lowercase":
    case "uppercase":
      refuse(["replacement"], `'replacement' can not be set for ${action} action`);
      break;
    case "keepequal":
    case "dropequal":
      refuse(
        ["regex", "modulus", "separator", "replacement"],
        `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`,
      );
      break;
    case "labeldrop":
    case "labelkeep":
      refuse(
        ["source_labels", "target_label", "modulus", "separator", "replacement"],
        `${action} action requires only 'regex', and no other fields`,
      );
      break;
    case "labelmap":
      if (replacement === "")
        reader.complain(
          fields.get("replacement"),
          `${JSON.stringify(replacement)} is invalid 'replacement' for labelmap action`,
        );
      break;
    case "replace":
    case "keep":
    case "drop":
    case "hashmod":
  }
}
