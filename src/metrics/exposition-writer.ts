// Writes metrics in Prometheus' classic text format, so that any Prometheus can scrape them.

export type WrittenType = "counter" | "gauge" | "histogram";

/** The `# HELP` and `# TYPE` lines that come before a family's samples. */
export function writeHeader(name: string, type: WrittenType, help: string): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
}

/** One line; labels keep the order in which they are given. */
export function writeSample(
  name: string,
  labels: readonly (readonly [name: string, value: string])[],
  value: number,
): string {
  const pairs = labels.map(([label, text]) => `${label}="${escapeLabelValue(text)}"`);
  const braces = pairs.length > 0 ? `{${pairs.join(",")}}` : "";
  return `${name}${braces} ${writeNumber(value)}\n`;
}

/** As Go writes floats where the two languages differ. */
export function writeNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function escapeLabelValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
