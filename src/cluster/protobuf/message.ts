// How a message's fields are written down: by number, with the name and the form that they have in
// JSON. The numbers are facts of the wire, fixed for ever by the API's compatibility promise.

export type ScalarType =
  | "string"
  | "bytes"
  | "int"
  | "double"
  | "bool"
  | "quantity"
  | "intOrString"
  | "time"
  | "microTime"
  /** JSON text inside of the protobuf. */
  | "json"
  /** A message around a list of texts. */
  | "texts"
  /** A schema, or in its place yes or no, several schemas, or names of fields. */
  | "schemaOrBool"
  | "schemaOrArray"
  | "schemaOrTexts";

/**
 * Go writes each plain field, zero or not, and JSON leaves the zeros out; an `always` field it keeps.
 * A `pointer` is written only when somebody set it, so that its zero counts. What is `inline` has no
 * field of its own in JSON.
 */
export type FieldForm = "one" | "always" | "pointer" | "list" | "map" | "inline";

/** The type is a scalar's, or the name of another message. */
export type Field = readonly [json: string, type: string, form?: FieldForm];
export type Fields = Readonly<Record<number, Field>>;
export type Messages = Readonly<Record<string, Fields>>;

export const metadata: Field = ["metadata", "ObjectMeta"];
