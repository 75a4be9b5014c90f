// The formats of text that Kubernetes checks in custom resources. Any other format is a note to the
// reader, and is not checked there either.
import { isIPv4, isIPv6 } from "node:net";
import { parseTimestamp } from "../../lib/timestamp.ts";

const patterns: Readonly<Record<string, RegExp>> = {
  bsonobjectid: /^[0-9a-fA-F]{24}$/,
  creditcard:
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/,
  email: /^[^\s@<>()[\],;:"]+@[^\s@<>()[\],;:"]+$/,
  hexcolor: /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/,
  hostname:
    /^(?=.{1,253}$)[a-zA-Z0-9_](?:[-a-zA-Z0-9_]*[a-zA-Z0-9_])?(?:\.[a-zA-Z0-9_](?:[-a-zA-Z0-9_]*[a-zA-Z0-9_])?)*$/,
  isbn: /^(?:\d{9}[\dXx]|\d{13})$/,
  isbn10: /^\d{9}[\dXx]$/,
  isbn13: /^\d{13}$/,
  mac: /^(?:[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2})$/,
  rgbcolor: /^rgb\(\s*(?:25[0-5]|2[0-4]\d|1?\d?\d)\s*(?:,\s*(?:25[0-5]|2[0-4]\d|1?\d?\d)\s*){2}\)$/,
  ssn: /^\d{3}[- ]?\d{2}[- ]?\d{4}$/,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
  uuid3: /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
  uuid4: /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i,
  uuid5: /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i,
};

const tests: Readonly<Record<string, (text: string) => boolean>> = {
  // Go's decoder passes over line breaks.
  byte: (text) =>
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
      text.replace(/[\r\n]/g, ""),
    ),
  cidr: isCidr,
  date: isDate,
  "date-time": (text) => parseTimestamp(text) !== undefined,
  datetime: (text) => parseTimestamp(text) !== undefined,
  duration: isDuration,
  ipv4: isIPv4,
  ipv6: isIPv6,
  password: () => true,
  uri: isUri,
};

/** Whether the text has the format; true for formats that nobody checks. */
export function hasFormat(format: string, text: string): boolean {
  if (Object.hasOwn(tests, format)) return tests[format]?.(text) ?? true;
  return Object.hasOwn(patterns, format) ? (patterns[format]?.test(text) ?? true) : true;
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined;
}

/** Go's durations: "1h30m". */
const goDuration = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
/** The wider words that upstream reads: "3 days". */
const wordyDuration =
  /^-?\d+(?:\.\d+)?\s*(?:nanoseconds?|nanos?|nanosecs?|ns|microseconds?|micros?|microsecs?|us|µs|milliseconds?|millis?|millisecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|wks?)$/;

function isDuration(text: string): boolean {
  return text === "0" || goDuration.test(text) || wordyDuration.test(text);
}

function isCidr(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,3}$/.test(prefix)) return false;
  if (isIPv4(address)) return Number(prefix) <= 32;
  return isIPv6(address) && Number(prefix) <= 128;
}

/** As Go's `url.ParseRequestURI`: an absolute URI or an absolute path. */
function isUri(text: string): boolean {
  if (text.includes(" ") || /%(?![0-9a-fA-F]{2})/.test(text)) return false;
  return /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)/.test(text);
}
