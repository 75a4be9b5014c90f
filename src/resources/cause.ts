// What is wrong with an object, field by field, in Kubernetes' own words: `kubectl` prints these
// after "is invalid:".

export type CauseReason =
  | "FieldValueInvalid"
  | "FieldValueRequired"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueDuplicate"
  | "FieldValueNotFound"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid";

export type Cause = {
  readonly reason: CauseReason;
  /** The path of the field, as `spec.predictor.metrics[0].target`. */
  readonly field: string;
  /** The sentence without the field: `Invalid value: 6: must not exceed maxReplicas (5)`. */
  readonly message: string;
};

export function invalid(field: string, value: unknown, detail: string): Cause {
  return {
    reason: "FieldValueInvalid",
    field,
    message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
  };
}

export function required(field: string, detail = ""): Cause {
  const message = detail === "" ? "Required value" : `Required value: ${detail}`;
  return { reason: "FieldValueRequired", field, message };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): Cause {
  const list = supported.map((item) => JSON.stringify(item)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}

export function forbidden(field: string, detail: string): Cause {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

export function duplicate(field: string, value: unknown): Cause {
  return {
    reason: "FieldValueDuplicate",
    field,
    message: `Duplicate value: ${JSON.stringify(value)}`,
  };
}

export function notFound(field: string, value: unknown): Cause {
  return {
    reason: "FieldValueNotFound",
    field,
    message: `Not found: ${JSON.stringify(value)}`,
  };
}

export function tooLong(field: string, bytesMax: number): Cause {
  return {
    reason: "FieldValueTooLong",
    field,
    message: `Too long: may not be more than ${bytesMax} bytes`,
  };
}

export function tooMany(field: string, count: number, countMax: number): Cause {
  return {
    reason: "FieldValueTooMany",
    field,
    message: `Too many: ${count}: must have at most ${countMax} items`,
  };
}

/** What Kubernetes says of a count, a delay or an amount that is negative. */
export function negative(field: string, value: number | undefined): readonly Cause[] {
  if (value === undefined || value >= 0) return [];
  return [invalid(field, value, "must be greater than or equal to 0")];
}

/** What Kubernetes says of a changed field that must stay as it was made. */
export function immutable(field: string, value: unknown): Cause {
  return invalid(field, value, "field is immutable");
}

/** The first item of each key passes; each later one is a duplicate. */
export function duplicates<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
  fieldOf: (index: number) => string,
): readonly Cause[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (key === undefined || key === "") return [];
    if (seen.has(key)) return [duplicate(fieldOf(index), key)];
    seen.add(key);
    return [];
  });
}
