// The parameters of the Prometheus API's requests, from the address and from a posted form. What is
// wrong with one is thrown as an ApiError that names it.
import { parseDuration } from "../lib/duration.ts";
import { parseTimestamp } from "../lib/timestamp.ts";
import { formatDiagnostics } from "../promql/diagnostic.ts";
import type { Expr, VectorSelector } from "../promql/ast.ts";
import { parseQuery } from "../promql/parse.ts";
import { ApiError, badParameter } from "./api-error.ts";

/** A form's parameters come before those of the address, as Go's FormValue has them. */
export async function parametersOf(request: Request, address: URL): Promise<URLSearchParams> {
  if (request.method !== "POST") return address.searchParams;
  const form = await request.text();
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    if (form === "") return address.searchParams;
    throw new ApiError(
      "bad_data",
      `error parsing form values: the body is ${type ?? "of no stated type"}, ` +
        "and must be application/x-www-form-urlencoded",
    );
  }
  const merged = new URLSearchParams(form);
  for (const [name, value] of address.searchParams) merged.append(name, value);
  return merged;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Prometheus clients write these for "from the beginning" and "to the end". */
const boundaryTimes: ReadonlyMap<string, number> = new Map([
  ["-292273086-05-16T16:47:06Z", -Infinity],
  ["292277025-08-18T07:12:54.999999999Z", Infinity],
]);

/** Milliseconds, from RFC 3339 or seconds since the epoch; undefined where the parameter is absent. */
export function timeParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  return text === "" ? undefined : timeOf(text, name);
}

export function requiredTime(parameters: URLSearchParams, name: string): number {
  return timeOf(parameters.get(name) ?? "", name);
}

function timeOf(text: string, name: string): number {
  const timeMs = numberPattern.test(text)
    ? Math.round(Number(text) * 1000)
    : (boundaryTimes.get(text) ?? parseTimestamp(text));
  if (timeMs === undefined)
    throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return timeMs;
}

/** Milliseconds, from a duration ("1m30s") or seconds; or what is wrong with it. */
export function durationOf(text: string): number | string {
  if (numberPattern.test(text)) {
    const durationMs = Number(text) * 1000;
    return Math.abs(durationMs) < maxDurationMs
      ? durationMs
      : `cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`;
  }
  const durationMs = /^[\d\w]+$/.test(text) ? parseDuration(text) : undefined;
  return durationMs ?? `cannot parse ${JSON.stringify(text)} to a valid duration`;
}

/** 2^63 nanoseconds. */
const maxDurationMs = 2 ** 63 / 1e6;

/** Undefined where the parameter is absent. */
export function durationParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  return text === "" ? undefined : requiredDuration(parameters, name);
}

export function requiredDuration(parameters: URLSearchParams, name: string): number {
  const durationMs = durationOf(parameters.get(name) ?? "");
  if (typeof durationMs === "string") throw badParameter(name, durationMs);
  return durationMs;
}

/** How many items at most; none for zero or an absent parameter. */
export function limitParameter(parameters: URLSearchParams): number {
  const text = parameters.get("limit") ?? "";
  if (text === "") return Infinity;
  if (!/^\d+$/.test(text)) throw badParameter("limit", "limit must be non-negative");
  return Number(text) === 0 ? Infinity : Number(text);
}

/** For the endpoints that take any number and mean "all" by a negative one. */
export function countParameter(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? "";
  if (text === "") return Infinity;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError("bad_data", `${name} must be a number`);
  return Number(text) < 0 ? Infinity : Number(text);
}

export function queryParameter(parameters: URLSearchParams): Expr {
  const text = parameters.get("query") ?? "";
  const parsed = parseQuery(text);
  if (parsed.kind === "malformed")
    throw badParameter("query", formatDiagnostics(text, parsed.diagnostics));
  return parsed.expr;
}

/** One of the texts of `match[]`, or of whatever else the parameter is called. */
export function selectorOf(text: string, name: string): VectorSelector {
  const parsed = parseQuery(text);
  if (parsed.kind === "malformed")
    throw badParameter(name, formatDiagnostics(text, parsed.diagnostics));
  const { expr } = parsed;
  if (expr.kind !== "vectorSelector" || expr.at !== undefined || expr.offsetMs !== 0)
    throw badParameter(name, `expected a series selector such as up{job="a"}, got ${text}`);
  return expr;
}
