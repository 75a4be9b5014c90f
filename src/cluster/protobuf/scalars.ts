// The values of single fields as JSON has them: times, quantities, numbers or text. Some are messages
// on the wire.
import { formatTimestamp } from "../../lib/timestamp.ts";
import { bytesOf, doubleOf, fieldsOf, integerOf, textOf, type WireValue } from "./wire.ts";

const readers = {
  string: textOf,
  bytes: (value: WireValue) => Buffer.from(bytesOf(value)).toString("base64"),
  int: integerOf,
  double: doubleOf,
  bool: (value: WireValue) => integerOf(value) !== 0,
  quantity: (value: WireValue) => innerText(value) || "0",
  intOrString,
  time: (value: WireValue) => timeOf(value, ""),
  microTime,
  json: jsonOf,
  texts: (value: WireValue) => Array.from(fieldsOf(bytesOf(value)), (item) => textOf(item.value)),
} as const;

type Scalar = keyof typeof readers;

export function isScalar(type: string): type is Scalar {
  return Object.hasOwn(readers, type);
}

export function scalarOf(type: Scalar, value: WireValue): unknown {
  return readers[type](value);
}

/** What a value is that the wire leaves out. */
export function zeroOf(type: Scalar): unknown {
  switch (type) {
    case "int":
    case "double":
    case "intOrString":
      return 0;
    case "bool":
      return false;
    case "quantity":
      return "0";
    case "texts":
      return [];
    case "time":
    case "microTime":
    case "json":
      return null;
    case "string":
    case "bytes":
      return "";
  }
  return type satisfies never;
}

function innerText(value: WireValue): string {
  for (const inner of fieldsOf(bytesOf(value))) if (inner.number === 1) return textOf(inner.value);
  return "";
}

/** type (1): 0 for a number in field 2, 1 for text in field 3. */
function intOrString(value: WireValue): number | string {
  let isText = false;
  let number = 0;
  let text = "";
  for (const field of fieldsOf(bytesOf(value))) {
    if (field.number === 1) isText = integerOf(field.value) === 1;
    if (field.number === 2) number = integerOf(field.value);
    if (field.number === 3) text = textOf(field.value);
  }
  return isText ? text : number;
}

/** Seconds in field 1; an empty message is the zero time, which JSON has as null. */
function timeOf(value: WireValue, fraction: string): string | null {
  for (const field of fieldsOf(bytesOf(value)))
    if (field.number === 1)
      return formatTimestamp(integerOf(field.value) * 1000).replace("Z", `${fraction}Z`);
  return null;
}

/** With nanoseconds in field 2, of which JSON keeps the microseconds. */
function microTime(value: WireValue): string | null {
  let nanos = 0;
  for (const field of fieldsOf(bytesOf(value)))
    if (field.number === 2) nanos = integerOf(field.value);
  return timeOf(value, `.${String(Math.floor(nanos / 1000)).padStart(6, "0")}`);
}

function jsonOf(value: WireValue): unknown {
  const text = innerText(value);
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RangeError(`JSON inside of it cannot be read: ${(error as Error).message}`);
  }
}
