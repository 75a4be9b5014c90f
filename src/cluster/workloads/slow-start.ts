// Many writes of one sort, in batches that double: if the first ones are refused (a webhook, a full
// disk), the others are not even tried. As Kubernetes' slowStartBatch.

/** Throws the first failure of a batch once the whole batch is through; later batches are not begun. */
export async function inSlowStart(count: number, write: () => Promise<void>): Promise<void> {
  let left = count;
  for (let size = 1; left > 0; size *= 2) {
    const batch = Math.min(size, left);
    const results = await Promise.allSettled(Array.from({ length: batch }, write));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    left -= batch;
  }
}
