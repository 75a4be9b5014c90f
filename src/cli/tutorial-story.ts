// What happened in a tutorial so far: what the screen draws and the summary tells.
import type { DecisionRecord } from "../controllers/scaledobject/evaluate.ts";
import type { Terminal } from "./terminal.ts";
import type { Sample, TutorialOutcome } from "./tutorial-screen.ts";

export class Story {
  readonly history: Sample[] = [];
  readonly #terminal: Terminal;
  readonly #maxReplicas: number;
  #phase = "";
  #loadStartedMs: number | undefined;
  #thirdReadyMs: number | undefined;
  /** `roundEndMs` is undefined where a poll called for it. */
  #firstGrowth:
    | { readonly writtenAtMs: number; readonly roundEndMs: number | undefined }
    | undefined;

  constructor(terminal: Terminal, maxReplicas: number) {
    this.#terminal = terminal;
    this.#maxReplicas = maxReplicas;
  }

  phase(text: string): void {
    this.#phase = text;
    this.#terminal.tell(text);
  }

  tell(text: string): void {
    this.#terminal.tell(text);
  }

  loadStarted(nowMs: number): void {
    this.#loadStartedMs = nowMs;
  }

  decided({ decision, round, writtenAtMs }: DecisionRecord): void {
    if (this.#loadStartedMs === undefined || decision.kind !== "scale") return;
    if (decision.to <= decision.from || writtenAtMs === undefined) return;
    this.#firstGrowth ??= { writtenAtMs, roundEndMs: round?.completedAtMs };
  }

  see(sample: Sample): void {
    this.history.push(sample);
    if (sample.ready >= 3) this.#thirdReadyMs ??= sample.atMs;
    this.#terminal.draw({
      phase: this.#phase,
      now: sample,
      maxReplicas: this.#maxReplicas,
      history: this.history,
    });
  }

  /** The metric changes as the load starts, so both times count from there. */
  times(): Omit<TutorialOutcome, "load" | "history"> {
    const startedMs = this.#loadStartedMs;
    const since = (endMs: number | undefined): number | undefined =>
      startedMs === undefined || endMs === undefined ? undefined : endMs - startedMs;
    const growth = this.#firstGrowth;
    return {
      metricToScaleMs: since(growth?.writtenAtMs),
      roundToScaleMs:
        growth?.roundEndMs === undefined ? undefined : growth.writtenAtMs - growth.roundEndMs,
      loadToThirdReadyMs: since(this.#thirdReadyMs),
    };
  }
}
