// Durations as text: Go's and Prometheus' ("1m30s", "500ms", "1h") both ways, and the short form in
// which kubectl prints ages ("32m", "2d3h").

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/**
 * Milliseconds, or undefined for what is no duration. It reads what Go reads ("1.5h", "-1m", "0") and
 * the days, weeks and years of Prometheus; a bare number other than 0 has no unit and is refused.
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0;
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|[smhdwy]))+$/.test(body)) return undefined;
  let sumMs = 0;
  for (const [, count, unit = ""] of body.matchAll(/([\d.]+)([a-zµμ]+)/g))
    sumMs += Number(count) * (unitsMs[unit] ?? 0);
  return sign === "-" ? -sumMs : sumMs;
}

/**
 * The shortest text that Go and Prometheus both read: "1h30m", "1s500ms", "0s". What is finer than a
 * millisecond is rounded.
 */
export function formatDuration(durationMs: number): string {
  let restMs = Math.abs(Math.round(durationMs));
  if (restMs === 0) return "0s";
  let text = durationMs < 0 ? "-" : "";
  for (const unit of ["h", "m", "s", "ms"]) {
    const unitMs = unitsMs[unit] ?? 1;
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text;
}

/**
 * An age as kubectl prints it: at most two units, and fewer digits as it grows. Up to two seconds of
 * clock skew count as "0s"; an age further in the future is "<invalid>".
 */
export function formatAge(ageMs: number): string {
  const seconds = Math.trunc(ageMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return twoUnits(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return twoUnits(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return twoUnits(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? twoUnits(years, "y", days % 365, "d") : `${years}y`;
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
