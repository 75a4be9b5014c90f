// What is wrong with an object, field by field, in Kubernetes' own words: `kubectl` prints these
// after "is invalid:".

export type CauseReason =
  | "FieldValueInvalid"
  | "FieldValueRequired"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueDuplicate"
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

export function required(field: string, detail: string): Cause {
  return { reason: "FieldValueRequired", field, message: `Required value: ${detail}` };
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
