// Columns that a reader hands in to be filled, and uses again for the next series: most reads are
// short, so that making arrays would cost more than filling them.

export class SampleBuffer {
  timesMs: Float64Array;
  values: Float64Array;
  /** 1 where the series ended; the value is NaN there. */
  stale: Uint8Array;

  constructor(capacity = 512) {
    this.timesMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.stale = new Uint8Array(capacity);
  }

  /** Makes room for so many samples; what the columns held is lost. */
  reserve(count: number): void {
    if (count <= this.timesMs.length) return;
    const capacity = Math.max(count, 2 * this.timesMs.length);
    this.timesMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.stale = new Uint8Array(capacity);
  }
}
