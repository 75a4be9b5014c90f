// By which labels series are put together, for grouping and for pairing: text that is equal for equal
// values of the labels that count.
import {
  dropLabels,
  keepLabels,
  labelValue,
  metricNameLabel,
  type Labels,
} from "../metrics/labels.ts";

export type Signature = {
  readonly keyOf: (labels: Labels) => string;
  /** The labels that count, for results and messages. */
  readonly labelsOf: (labels: Labels) => Labels;
};

/** These labels count. */
export function signatureOn(names: readonly string[]): Signature {
  const labelsOf = (labels: Labels): Labels => keepLabels(labels, names);
  const [only] = names;
  if (only === undefined) return { keyOf: () => "", labelsOf };
  if (names.length === 1) return { keyOf: (labels) => labelValue(labels, only), labelsOf };
  const keyOf = (labels: Labels): string => {
    let key = "";
    for (const name of names) key += labelValue(labels, name) + separator;
    return key;
  };
  return { keyOf, labelsOf };
}

/** All labels count, but these and the name. */
export function signatureIgnoring(names: readonly string[]): Signature {
  const ignored = new Set([...names, metricNameLabel]);
  const counting: string[] = [];
  const keyOf = (labels: Labels): string => {
    counting.length = 0;
    let isSorted = true;
    let previous = "";
    for (const name in labels) {
      if (ignored.has(name)) continue;
      if (name < previous) isSorted = false;
      counting.push((previous = name));
    }
    if (!isSorted) counting.sort();
    let key = "";
    for (const name of counting) key += name + separator + (labels[name] ?? "") + separator;
    return key;
  };
  return { keyOf, labelsOf: (labels) => dropLabels(labels, ignored) };
}

// Half of a surrogate pair: alone it is no character, so decoded text never holds it.
const separator = "\udc00";
