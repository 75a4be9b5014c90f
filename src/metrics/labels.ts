// Label sets: what tells one series from another. A label set is a plain frozen-by-convention object;
// the metric's name is the label `__name__`. An empty value means the same as no label.

export type Labels = { readonly [name: string]: string };

export const metricNameLabel = "__name__";

export const noLabels: Labels = {};

/** The label's value, or "" when it is absent: the two are the same to Prometheus. */
export function labelValue(labels: Labels, name: string): string {
  // A label may be called "constructor" or "__proto__", so inherited properties must not show.
  return Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
}

function metricNameOf(labels: Labels): string {
  return labelValue(labels, metricNameLabel);
}

/** Builds a label set; empty values are left out, and of a name given twice the last one counts. */
export function labelsOf(entries: Iterable<readonly [name: string, value: string]>): Labels {
  const labels: Record<string, string> = Object.fromEntries(entries);
  for (const name of Object.keys(labels)) if (labels[name] === "") delete labels[name];
  return labels;
}

/** Shares the set where there is no name. */
export function withoutName(labels: Labels): Labels {
  return Object.hasOwn(labels, metricNameLabel) ? dropLabels(labels, metricNameOnly) : labels;
}

const metricNameOnly: ReadonlySet<string> = new Set([metricNameLabel]);

// These run once for each series of a query, so they build no lists of entries on the way.

export function keepLabels(labels: Labels, names: Iterable<string>): Labels {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = labelValue(labels, name);
    if (value !== "") setLabel(kept, name, value);
  }
  return kept;
}

export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const rest: Record<string, string> = {};
  for (const name in labels) if (!names.has(name)) setLabel(rest, name, labels[name] ?? "");
  return rest;
}

/** Of a set that is being built: plain assignment, but for the one name that would set a prototype. */
export function setLabel(labels: Record<string, string>, name: string, value: string): void {
  if (name === "__proto__")
    Object.defineProperty(labels, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else labels[name] = value;
}

/**
 * A string that is equal for equal label sets and differs for others, whatever their order: how many
 * labels there are and how long each name and value is, then all of these. (Separators would have to be
 * characters that no label can hold, which would double the size of every key.)
 */
export function labelsKey(labels: Labels): string {
  const names = Object.keys(labels);
  if (!isSorted(names)) names.sort();
  let count = 0;
  let lengths = "";
  let text = "";
  for (const name of names) {
    const value = labels[name] ?? "";
    if (value === "") continue;
    count++;
    lengths += lengthAsText(name.length) + lengthAsText(value.length);
    text += name + value;
  }
  return lengthAsText(count) + lengths + text;
}

/** The interned sets of a store are. */
function isSorted(names: readonly string[]): boolean {
  return names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
}

/** One character, or two for what needs more than 15 bits, of which the first tells. */
function lengthAsText(length: number): string {
  return length < 0x8000
    ? String.fromCharCode(length)
    : String.fromCharCode(0x8000 + (length >>> 15), length & 0x7fff);
}

/** Writes the set as PromQL does: `name{a="b", c="d"}`, labels in order. */
export function formatLabels(labels: Labels): string {
  const name = metricNameOf(labels);
  const rest = Object.keys(labels)
    .filter((label) => label !== metricNameLabel)
    .toSorted();
  if (rest.length === 0) return name === "" ? "{}" : name;
  const pairs = rest.map((label) => `${label}=${JSON.stringify(labels[label])}`);
  return `${name}{${pairs.join(", ")}}`;
}
