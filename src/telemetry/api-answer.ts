// Answers of the Prometheus API as JSON. Values of queries are written by hand: a matrix may hold a
// million numbers, and building an object for each only to write it costs several times as much.
import type { Labels } from "../metrics/labels.ts";
import type { MatrixSeries, Value } from "../promql/value.ts";
import type { ApiError } from "./api-error.ts";

/** `json` is the data, written already. */
export type ApiData = {
  readonly json: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
};

export const asJson = (data: unknown): ApiData => ({ json: JSON.stringify(data) });

export function success({ json, warnings = [], infos = [] }: ApiData): Response {
  const notes =
    (warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : "") +
    (infos.length > 0 ? `,"infos":${JSON.stringify(infos)}` : "");
  return jsonResponse(`{"status":"success","data":${json}${notes}}`, 200);
}

export function failure({ type, message, status }: ApiError): Response {
  return jsonResponse(JSON.stringify({ status: "error", errorType: type, error: message }), status);
}

const jsonResponse = (body: string, status: number): Response =>
  new Response(body, { status, headers: { "content-type": "application/json" } });

/** The first `limit` of the items, and the warning that says so. */
export function limited<T>(
  items: readonly T[],
  limit: number,
): { readonly items: readonly T[]; readonly warnings: readonly string[] } {
  if (items.length <= limit) return { items, warnings: [] };
  return { items: items.slice(0, limit), warnings: ["results truncated due to limit"] };
}

export type WriteOptions = {
  readonly atMs: number;
  readonly limit: number;
  readonly checkpoint: () => void;
};

/**
 * `"resultType":…,"result":…`, of `limit` series at most; a scalar or a text stands at `atMs`. A matrix may
 * take longer to write than to work out, so the checkpoint is called after each series, and may throw.
 */
export function writeValue(
  value: Value,
  { atMs, limit, checkpoint }: WriteOptions,
): { readonly json: string; readonly warnings: readonly string[] } {
  switch (value.kind) {
    case "scalar":
      return result("scalar", `[${atMs / 1000},${writeSampleValue(value.value)}]`);
    case "string":
      return result("string", `[${atMs / 1000},${JSON.stringify(value.value)}]`);
    case "vector": {
      const { items, warnings } = limited(value.samples, limit);
      const written = items.map(
        (sample) =>
          `{"metric":${writeLabels(sample.labels)},` +
          `"value":[${sample.timeMs / 1000},${writeSampleValue(sample.value)}]}`,
      );
      return result("vector", `[${written.join(",")}]`, warnings);
    }
    case "matrix": {
      const { items, warnings } = limited(value.series, limit);
      return result("matrix", writeMatrix(items, checkpoint), warnings);
    }
  }
}

const result = (type: string, json: string, warnings: readonly string[] = []) => ({
  json: `"resultType":"${type}","result":${json}`,
  warnings,
});

function writeMatrix(series: readonly MatrixSeries[], checkpoint: () => void): string {
  // The times of a range query are the same in every series, so each is put into words once.
  const known: { timeMs: number; text: string }[] = [];
  let json = "";
  for (const { labels, timesMs, values } of series) {
    json += `${json === "" ? "" : ","}{"metric":${writeLabels(labels)},"values":[`;
    for (let index = 0; index < timesMs.length; index++) {
      const timeMs = timesMs[index] ?? NaN;
      let time = known[index];
      if (time?.timeMs !== timeMs) known[index] = time = { timeMs, text: `[${timeMs / 1000},` };
      json += (index === 0 ? "" : ",") + time.text + writeSampleValue(values[index] ?? NaN) + "]";
    }
    json += "]}";
    checkpoint();
  }
  return `[${json}]`;
}

export function writeLabels(labels: Labels): string {
  return JSON.stringify(labels);
}

/** In quotes, and as Go writes floats where the two languages differ. */
export function writeSampleValue(value: number): string {
  if (Number.isFinite(value)) {
    if (value === 0) return Object.is(value, -0) ? '"-0"' : '"0"';
    const text = String(value);
    // Both turn to exponents at the same numbers, but Go's have two digits at least.
    return Math.abs(value) < 1e-6 ? `"${text.replace(/e-(\d)$/, "e-0$1")}"` : `"${text}"`;
  }
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"+Inf"' : '"-Inf"';
}
