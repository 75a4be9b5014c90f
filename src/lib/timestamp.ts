// RFC 3339 times as Kubernetes and Prometheus write them. Pure: it formats and parses, and never
// asks for the current time.

/** The last second that was formatted: most are asked for many times over. */
let last = { second: Number.NaN, text: "" };

/** Formats with whole seconds, `2026-01-02T03:04:05Z`, as metav1.Time does. */
export function formatTimestamp(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== last.second)
    last = { second, text: new Date(second * 1000).toISOString().replace(".000Z", "Z") };
  return last.text;
}

/** Formats with microseconds, `2026-01-02T03:04:05.678000Z`, as metav1.MicroTime does. */
export function formatMicroTimestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}

/** Milliseconds since the epoch, or undefined for what is no RFC 3339 time. */
export function parseTimestamp(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
