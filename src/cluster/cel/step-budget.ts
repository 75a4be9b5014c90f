// How much the rules of one object may do: a bounded number of loop steps, and a bounded time. A rule
// that loops over the square of a long list cannot stop the server.

/** About as many as upstream's cost limit lets a rule take. */
const stepsMax = 1_000_000;
const timeMsMax = 1000;
/** The time is asked for once in so many steps. */
const stepsBetweenLooks = 32;

export class StepBudget {
  #steps = 0;
  #startedMs = 0;
  #isExhausted = false;

  /** Begins anew, for the next object. */
  start(): void {
    this.#steps = 0;
    this.#startedMs = performance.now();
    this.#isExhausted = false;
  }

  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** One step; false when there are none left. */
  spend(): boolean {
    this.#steps++;
    if (this.#steps > stepsMax) this.#isExhausted = true;
    else if (
      this.#steps % stepsBetweenLooks === 0 &&
      performance.now() - this.#startedMs > timeMsMax
    )
      this.#isExhausted = true;
    return !this.#isExhausted;
  }
}
