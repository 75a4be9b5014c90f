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

export function withoutName(labels: Labels): Labels {
  return Object.hasOwn(labels, metricNameLabel) ? dropLabels(labels, metricNameOnly) : labels;
}

const metricNameOnly: ReadonlySet<string> = new Set([metricNameLabel]);

export function keepLabels(labels: Labels, names: Iterable<string>): Labels {
  const kept: [string, string][] = [];
  for (const name of names) {
    const value = labelValue(labels, name);
    if (value !== "") kept.push([name, value]);
  }
  return Object.fromEntries(kept);
}

export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.has(name)));
}

/**
 * A string that is equal for equal label sets and differs for others, whatever their order. The
 * separators cannot occur in well-formed text, so no two sets share a key.
 */
export function labelsKey(labels: Labels): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  let key = "";
  for (const name of names)
    if (labels[name] !== "") key += `${name}${pairSeparator}${labels[name]}${labelSeparator}`;
  return key;
}

// Halves of surrogate pairs: a lone one is not a character, so decoded UTF-8 never holds any.
const pairSeparator = "\udc00";
const labelSeparator = "\udc01";

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
