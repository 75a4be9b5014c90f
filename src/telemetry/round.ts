// The words of rounds: what whoever produces samples tells about them, and what a subscriber is told.
import type { Labels } from "../metrics/labels.ts";

/** One producer of samples, the same object for as long as it lives. */
export type RoundTarget = {
  /** Unlike any other live target's. */
  readonly id: string;
  /** As in `up{…}`. */
  readonly labels: Labels;
};

/** One instant at which all targets of one interval are measured. */
export type RoundStart = {
  readonly atMs: number;
  /**
   * When the last target must have reported. A producer that gives up by itself, as it should, does so
   * no later than this: it knows the reason, and it ends the series of who failed.
   */
  readonly deadlineMs: number;
  readonly intervalMs: number;
  /** Also none: the instants of a cluster without targets count for who waits for its first one. */
  readonly targets: readonly RoundTarget[];
};

/** What producers of samples tell. A target is in one open round at most. */
export type RoundSink = {
  begin(round: RoundStart): void;
  /** Its samples of `atMs` are in the store; with an error, the marks that its series have ended. */
  reported(target: RoundTarget, atMs: number, error?: string): void;
  /** It went away: nobody waits for it any more. */
  gone(target: RoundTarget): void;
  /**
   * A series of the target appeared or ended, before the report that this belongs to. `labels` is the
   * object that the store holds. Telling twice, or of the return of what had ended, does no harm.
   */
  seriesAdded(target: RoundTarget, labels: Labels): void;
  seriesEnded(target: RoundTarget, labels: Labels): void;
};

/** A target that gave no samples when it was last asked. */
export type MissingTarget = {
  readonly labels: Labels;
  readonly error: string;
  /** Whether samples of it have been in the query's result before; else it could only be supposed. */
  readonly isKnown: boolean;
};

/** A complete round, as a subscriber is told of it: what was measured at `atMs` is in the store. */
export type Round = {
  readonly atMs: number;
  readonly completedAtMs: number;
  /** From one such instant to the next. */
  readonly intervalMs: number;
  readonly missing: readonly MissingTarget[];
};
