// Reads the protobuf in which Go clients write built-in kinds (kubectl from 1.32 on, controllers), and
// gives what the same object would be in JSON. Only reading: answers are always JSON. A kind that is
// not in the table of messages is refused by name; a field that is not is skipped, as protobuf does.
import { badRequest, unsupportedMediaType } from "../api-status.ts";
import type { Field, Fields, ScalarType } from "./message.ts";
import { bodyMessage, messages } from "./messages.ts";
import { isScalar, scalarOf, zeroOf } from "./scalars.ts";
import { bytesOf, fieldsOf, textOf, type WireValue } from "./wire.ts";

/** Schemas of definitions nest the deepest, a few dozen levels. */
const depthMax = 200;

/** Throws 400 for bytes that are no such message, 415 for a kind that cannot be read. */
export function decodeProtobuf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const [k, eight, s, zero] = bytes;
  if (k !== 0x6b || eight !== 0x38 || s !== 0x73 || zero !== 0)
    throw badRequest("the body is not in the Kubernetes protobuf format: its prefix is missing");
  try {
    return decodeUnknown(bytes.subarray(4));
  } catch (error) {
    if (error instanceof RangeError)
      throw badRequest(`the protobuf body cannot be read: ${error.message}`);
    throw error;
  }
}

/** runtime.Unknown: the type in field 1 (apiVersion 1, kind 2), the object in field 2. */
function decodeUnknown(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let apiVersion = "";
  let kind = "";
  let raw = new Uint8Array();
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1)
      for (const part of fieldsOf(bytesOf(value))) {
        if (part.number === 1) apiVersion = textOf(part.value);
        if (part.number === 2) kind = textOf(part.value);
      }
    if (number === 2) raw = new Uint8Array(bytesOf(value));
  }
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const fields = bodyMessage(group, kind);
  if (fields === undefined)
    throw unsupportedMediaType(
      `${kind || "the object"} in ${apiVersion || "an unknown version"} cannot be read from protobuf here; send it as JSON, for instance with kubectl create -f`,
    );
  return { apiVersion, kind, ...decodeMessage(fields, raw, 0) };
}

type Decoded = Record<string, unknown>;

function decodeMessage(fields: Fields, bytes: Uint8Array, depth: number): Decoded {
  if (depth > depthMax) throw new RangeError(`it is nested more than ${depthMax} levels deep`);
  const decoded: Decoded = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const field = fields[number];
    if (field) addField(decoded, field, value, depth + 1);
  }
  return decoded;
}

function addField(decoded: Decoded, field: Field, value: WireValue, depth: number): void {
  const [key, type, form = "one"] = field;
  switch (form) {
    case "inline":
      Object.assign(decoded, decodeValue(type, value, depth));
      return;
    case "list":
      ((decoded[key] ??= []) as unknown[]).push(decodeValue(type, value, depth));
      return;
    case "map":
      addEntry((decoded[key] ??= {}) as Decoded, type, bytesOf(value), depth);
      return;
    case "one":
    case "always":
    case "pointer": {
      const next = decodeValue(type, value, depth);
      if (next !== null && (form !== "one" || !isZero(next))) decoded[key] = next;
      return;
    }
  }
  form satisfies never;
}

function isZero(value: unknown): boolean {
  return value === "" || value === 0 || value === false;
}

/** An entry is a message of a key (1) and a value (2); a zero may be left out of either. */
function addEntry(map: Decoded, type: string, bytes: Uint8Array, depth: number): void {
  let key = "";
  let value: unknown = isScalar(type) ? zeroOf(type) : {};
  for (const part of fieldsOf(bytes)) {
    if (part.number === 1) key = textOf(part.value);
    if (part.number === 2) value = decodeValue(type, part.value, depth);
  }
  // A key may be any text, "__proto__" too.
  Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

function decodeValue(type: string, value: WireValue, depth: number): unknown {
  if (isSchemaChoice(type)) return decodeSchemaChoice(type, bytesOf(value), depth);
  if (isScalar(type)) return scalarOf(type, value);
  return decodeMessage(messages[type] ?? {}, bytesOf(value), depth);
}

type SchemaChoice = Extract<ScalarType, `schemaOr${string}`>;

function isSchemaChoice(type: string): type is SchemaChoice {
  return type.startsWith("schemaOr");
}

/** What else stands in the place of a schema: `true`, several schemas, or the names of fields. */
function decodeSchemaChoice(type: SchemaChoice, bytes: Uint8Array, depth: number): unknown {
  let schema: unknown = null;
  let allows = false;
  const list: unknown[] = [];
  for (const { number, value } of fieldsOf(bytes)) {
    if (type === "schemaOrBool" && number === 1) allows = scalarOf("bool", value) === true;
    else if (number === (type === "schemaOrBool" ? 2 : 1))
      schema = decodeValue("JSONSchemaProps", value, depth);
    else if (type === "schemaOrArray" && number === 2)
      list.push(decodeValue("JSONSchemaProps", value, depth));
    else if (type === "schemaOrTexts" && number === 2) list.push(textOf(value));
  }
  if (list.length > 0) return list;
  return schema ?? (type === "schemaOrBool" ? allows : null);
}
