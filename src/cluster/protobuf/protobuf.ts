// Reads the protobuf in which kubectl (from 1.32 on) writes built-in kinds, and gives what the same
// object would be in JSON. Only reading: answers are always JSON. Which field has which number is in
// protobuf-fields.ts; a kind that is not there is refused by name.
import { formatTimestamp } from "../../lib/timestamp.ts";
import { badRequest, unsupportedMediaType } from "../api-status.ts";
import { messages, topLevelMessages } from "./protobuf-fields.ts";
import type { FieldType, MessageName, ScalarType } from "./protobuf-fields.ts";

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
    if (number === 1 && value instanceof Uint8Array)
      for (const part of fieldsOf(value)) {
        if (part.number === 1) apiVersion = textOf(part.value);
        if (part.number === 2) kind = textOf(part.value);
      }
    if (number === 2 && value instanceof Uint8Array) raw = new Uint8Array(value);
  }
  const message = topLevelMessages[kind];
  if (message === undefined)
    throw unsupportedMediaType(
      `${kind || "the object"} in ${apiVersion || "an unknown version"} cannot be read from protobuf here; send it as JSON, for instance with kubectl create -f`,
    );
  return { apiVersion, kind, ...decodeMessage(message, raw) };
}

function decodeMessage(name: MessageName, bytes: Uint8Array): Record<string, unknown> {
  const fields = messages[name];
  const decoded: Record<string, unknown> = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const field = fields[number];
    if (!field) continue;
    const [key, type, form = "one"] = field;
    if (form === "inline" && value instanceof Uint8Array && isMessage(type)) {
      Object.assign(decoded, decodeMessage(type, value));
    } else if (form === "map" && value instanceof Uint8Array) {
      const entry = mapEntry(type, value);
      decoded[key] = { ...(decoded[key] as object | undefined), [entry.key]: entry.value };
    } else if (form === "list") {
      const list = (decoded[key] as readonly unknown[] | undefined) ?? [];
      decoded[key] = [...list, decodeValue(type, value)];
    } else {
      const next = decodeValue(type, value);
      if (!isGoZero(next, form)) decoded[key] = next;
    }
  }
  return decoded;
}

/** Go writes zero values too; only behind a pointer do they mean that somebody set them. */
function isGoZero(value: unknown, form: string): boolean {
  if (value === "" || value === null) return true;
  return form !== "pointer" && (value === 0 || value === false);
}

function mapEntry(
  type: FieldType,
  bytes: Uint8Array,
): { readonly key: string; readonly value: unknown } {
  let key = "";
  let value: unknown = type === "string" || type === "bytes" ? "" : undefined;
  for (const part of fieldsOf(bytes)) {
    if (part.number === 1) key = textOf(part.value);
    if (part.number === 2) value = decodeValue(type, part.value);
  }
  return { key, value };
}

function decodeValue(type: FieldType, value: bigint | Uint8Array): unknown {
  return isMessage(type) ? decodeMessage(type, bytesOf(value)) : decodeScalar(type, value);
}

function decodeScalar(type: ScalarType, value: bigint | Uint8Array): unknown {
  switch (type) {
    case "string":
      return textOf(value);
    case "bytes":
      return Buffer.from(bytesOf(value)).toString("base64");
    case "int":
      return Number(BigInt.asIntN(64, numberOf(value)));
    case "bool":
      return numberOf(value) !== 0n;
    case "quantity":
      return onlyText(bytesOf(value));
    case "intOrString":
      return intOrString(bytesOf(value));
    case "time":
      return time(bytesOf(value));
  }
}

function onlyText(bytes: Uint8Array): string {
  for (const { number, value } of fieldsOf(bytes)) if (number === 1) return textOf(value);
  return "";
}

/** type (1): 0 for a number in field 2, 1 for text in field 3. */
function intOrString(bytes: Uint8Array): number | string {
  let isText = false;
  let number = 0;
  let text = "";
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) isText = numberOf(field.value) === 1n;
    if (field.number === 2) number = Number(BigInt.asIntN(64, numberOf(field.value)));
    if (field.number === 3) text = textOf(field.value);
  }
  return isText ? text : number;
}

/** Seconds in field 1; an empty message is the zero time, which JSON has as null. */
function time(bytes: Uint8Array): string | null {
  for (const { number, value } of fieldsOf(bytes))
    if (number === 1) return formatTimestamp(Number(BigInt.asIntN(64, numberOf(value))) * 1000);
  return null;
}

function isMessage(type: FieldType): type is MessageName {
  return Object.hasOwn(messages, type);
}

type WireField = { readonly number: number; readonly value: bigint | Uint8Array };

/** The wire format: varints (type 0), fixed 64 and 32 bits (1, 5), and runs of bytes (2). */
function* fieldsOf(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("it ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError("it ends within a field");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: take(8) };
        break;
      case 2:
        yield { number, value: take(Number(varint())) };
        break;
      case 5:
        yield { number, value: take(4) };
        break;
      default:
        throw new RangeError(`field ${number} has the unknown wire type ${tag & 7}`);
    }
  }
}

const decoder = new TextDecoder();

function textOf(value: bigint | Uint8Array): string {
  return decoder.decode(bytesOf(value));
}

function bytesOf(value: bigint | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new RangeError("a number stands where text or a message belongs");
}

function numberOf(value: bigint | Uint8Array): bigint {
  if (typeof value === "bigint") return value;
  throw new RangeError("bytes stand where a number belongs");
}
