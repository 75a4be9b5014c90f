// What evaluating one query needs wherever in the tree it is: the data, the query's own times, its
// limits, and where annotations go.
import type { SampleBuffer } from "../metrics/sample-buffer.ts";
import type { SeriesStore } from "../metrics/series-store.ts";
import type { AnnotationCollector } from "./annotation-collector.ts";
import type { Expr } from "./ast.ts";
import type { Budget } from "./budget.ts";
import type { Frame, ScalarColumn, Text } from "./frame.ts";
import type { Grid } from "./grid.ts";

export type Result = Frame | ScalarColumn | Text;

export type Context = {
  readonly store: SeriesStore;
  readonly lookbackMs: number;
  /** The step of subqueries that name none. */
  readonly subqueryStepMs: number;
  /** What `@ start()` and `@ end()` mean, in subqueries too. */
  readonly startMs: number;
  readonly endMs: number;
  readonly budget: Budget;
  /** For the samples of one series at a time; whoever reads the next one overwrites it. */
  readonly buffer: SampleBuffer;
  readonly annotations: AnnotationCollector;
  /** Evaluates what stands below a node, on the grid of that node or one of its own. */
  readonly evaluate: (expr: Expr, grid: Grid, context: Context) => Result;
};
