// Literals as the text of a query writes them: numbers, durations, quoted strings. Each reader
// answers undefined for text that is none.
import { parseDuration } from "../lib/duration.ts";

/** Reads `1.5e3`, `0x1F`, `1_000`, `Inf`, `NaN`, and durations as seconds; a sign may stand before. */
export function parseNumber(text: string): number | undefined {
  const [, sign, body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const magnitude = parseMagnitude(body.toLowerCase());
  return magnitude === undefined || sign !== "-" ? magnitude : -magnitude;
}

function parseMagnitude(text: string): number | undefined {
  if (text === "inf") return Infinity;
  if (text === "nan") return NaN;
  const digits = text.replaceAll("_", "");
  // Go reads a leading zero as octal, unless a digit contradicts it.
  if (/^0[0-7]+$/.test(digits)) return parseInt(digits, 8);
  if (/^(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/.test(digits)) return Number(digits);
  const durationMs = parseDuration(text);
  return durationMs === undefined ? undefined : durationMs / 1000;
}

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * Reads a string in any of the three quotes, with the escapes of Go. Bytes that are escaped one by one
 * (`\\xc3\\xa9`) are read as UTF-8, as which they make characters together.
 */
export function unquote(text: string): string | undefined {
  const quote = text[0] ?? "";
  if (text.length < 2 || !text.endsWith(quote)) return undefined;
  const body = text.slice(1, -1);
  if (quote === "`") return body;
  let value = "";
  let end = 0;
  for (const match of body.matchAll(escapePattern)) {
    const [whole, bytes, short, long, simple = ""] = match;
    value += body.slice(end, match.index);
    end = match.index + whole.length;
    const point = parseInt(short ?? long ?? "", 16);
    if (bytes !== undefined) value += decodeBytes(bytes);
    else if (point >= 0) {
      if (point > 0x10ffff) return undefined;
      value += String.fromCodePoint(point);
    } else {
      const escaped = simpleEscapes.get(simple);
      if (escaped === undefined && simple !== quote) return undefined;
      value += escaped ?? quote;
    }
  }
  return value + body.slice(end);
}

const escapePattern =
  /((?:\\(?:[0-7]{3}|x[\da-fA-F]{2}))+)|\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]|$))/g;

function decodeBytes(escapes: string): string {
  const bytes = escapes.split("\\").slice(1);
  const values = bytes.map((byte) =>
    byte.startsWith("x") ? parseInt(byte.slice(1), 16) : parseInt(byte, 8),
  );
  return new TextDecoder().decode(Uint8Array.from(values));
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
]);

export function quote(value: string): string {
  // JSON escapes the same characters in the same way, but for \u2028 and its like, which are legal
  // as themselves in both.
  return JSON.stringify(value);
}
