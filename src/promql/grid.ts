// The instants at which an expression is evaluated: one for an instant query, evenly spaced ones for
// a range query or a subquery.

/** `count` is at least 0; `stepMs` is positive, also where there is one step only. */
export type Grid = { readonly startMs: number; readonly stepMs: number; readonly count: number };

export function instantGrid(atMs: number): Grid {
  return { startMs: atMs, stepMs: 1, count: 1 };
}

/** From the start on, every step up to the end; none if the end lies before the start. */
export function gridBetween(startMs: number, endMs: number, stepMs: number): Grid {
  return { startMs, stepMs, count: Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1) };
}

export function timeAt({ startMs, stepMs }: Grid, step: number): number {
  return startMs + step * stepMs;
}

export function timesOf(grid: Grid): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step));
}
