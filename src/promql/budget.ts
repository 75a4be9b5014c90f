// What a query may cost. Evaluation is synchronous and holds up everything else in its process, so it
// counts what it reads and makes, and now and then lets its caller end it.
import { EvaluationError } from "./value.ts";

export type Budget = {
  /** Counts samples that are read or made. Throws EvaluationError when they become too many. */
  readonly hold: (samples: number) => void;
  /** Counts numbers that are gone through; may throw what the checkpoint throws. */
  readonly work: (numbers: number) => void;
};

// Some milliseconds' worth of the slowest kind of work.
const workBetweenCheckpoints = 50_000;

/**
 * Counts all samples that the query reads and all values that it makes on its way, also those that it
 * has let go again: unlike Prometheus, which counts what is in memory at one time. So the limit bounds
 * both memory and time.
 */
export function budgetOf(maxSamples: number, checkpoint: (() => void) | undefined): Budget {
  let held = 0;
  let worked = 0;
  return {
    work: (numbers) => {
      worked += numbers;
      if (worked < workBetweenCheckpoints) return;
      worked = 0;
      checkpoint?.();
    },
    hold: (samples) => {
      held += samples;
      if (held > maxSamples)
        throw new EvaluationError(
          "query processing would load too many samples into memory in query execution",
          { from: 0, to: 0 },
          "limit",
        );
    },
  };
}
