// Values of a Prometheus configuration that are more than text: durations, sizes, counts, and fields
// that may only say what is so anyway.
import { formatDuration, parseDuration } from "../lib/duration.ts";
import type { YamlFields, YamlReader, YamlValue } from "../lib/yaml-reader.ts";

/** Milliseconds; Prometheus' own form has whole numbers and each unit once, the largest first. */
export function durationOf(reader: YamlReader, value: YamlValue): number | undefined {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  const form =
    /^(?:0|(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?)$/;
  const durationMs = form.test(text) ? parseDuration(text) : undefined;
  if (durationMs === undefined)
    reader.complain(
      value,
      `not a valid duration string: ${JSON.stringify(text)}; write it as 15s, 1m30s or 500ms`,
    );
  return durationMs;
}

/** A duration above zero. */
export function intervalOf(reader: YamlReader, value: YamlValue): number | undefined {
  const durationMs = durationOf(reader, value);
  if (durationMs !== 0) return durationMs;
  reader.complain(value, `must be above ${formatDuration(0)}`);
  return undefined;
}

/** A whole number that is not negative; `max` is what the field can hold. */
export function countOf(reader: YamlReader, value: YamlValue): number | undefined {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  reader.complain(value, `must be a whole number, not ${JSON.stringify(text)}`);
  return undefined;
}

/** Bytes; units are powers of 1024, with or without the i. */
export function sizeOf(reader: YamlReader, value: YamlValue): number | undefined {
  const text = reader.text(value);
  if (text === undefined || text === "0") return text === undefined ? undefined : 0;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([KMGTPE]?)i?B$/.exec(text) ?? [];
  if (number !== undefined)
    return Math.round(Number(number) * 1024 ** " KMGTPE".indexOf(unit || " "));
  reader.complain(value, `not a valid size: ${JSON.stringify(text)}; write it as 512KB or 10MB`);
  return undefined;
}

/** Reads a field that may be absent. */
export function optional<T>(
  fields: YamlFields,
  name: string,
  read: (value: YamlValue) => T | undefined,
): T | undefined {
  const value = fields.get(name);
  return value.node === undefined || isEmpty(value) ? undefined : read(value);
}

/** Prometheus takes an empty value for an absent field. */
export function isEmpty({ node }: YamlValue): boolean {
  return node === null || (node !== undefined && "value" in node && node.value === null);
}
