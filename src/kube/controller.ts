// The reconcile loop. A controller is told that something about a key changed, never what; it reads
// the world, decides, acts. All policy on trying again stands here.
import type { Clock } from "../lib/clock.ts";
import { controllerOf, keyOf, type KubeObject } from "../resources/object.ts";
import { isConflict } from "./client.ts";
import type { WatchCache } from "./watch-cache.ts";
import { WorkQueue } from "./work-queue.ts";

/** What a reconcile asks for beyond "done": to be called again after a while. */
export type Requeue = { readonly requeueAfterMs?: number } | void;

/** Something that makes keys worth reconciling. Returns the way to stop it. */
export type Source = (enqueue: (key: string) => void) => () => void;

export type ControllerOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly sources: readonly Source[];
  /** How many keys are worked on at once; one key is never worked on twice at a time. */
  readonly concurrency?: number;
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Requeue>;
};

export type Controller = {
  enqueue(key: string): void;
  /** Resolves when every worker has come to its end, after the signal aborted. */
  readonly stopped: Promise<void>;
};

export function runController(options: ControllerOptions, signal: AbortSignal): Controller {
  const queue = new WorkQueue(options.clock);
  const stops = options.sources.map((source) => source((key) => queue.add(key)));
  const stop = () => {
    for (const end of stops) end();
    queue.close();
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const workers = Array.from({ length: options.concurrency ?? 1 }, () =>
    work(queue, options, signal),
  );
  return {
    enqueue: (key) => queue.add(key),
    stopped: Promise.all(workers).then(() => undefined),
  };
}

async function work(
  queue: WorkQueue,
  { name, log, reconcile }: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    try {
      const requeue = await reconcile(key, signal);
      queue.forgetFailures(key);
      if (requeue?.requeueAfterMs !== undefined) queue.addAfter(key, requeue.requeueAfterMs);
    } catch (error) {
      if (!signal.aborted) {
        const delayMs = queue.addAfterFailure(key);
        // A conflict says that our copy was old; the newer one is on its way. Nobody needs to know.
        if (!isConflict(error))
          log(`${name} ${key}: ${explain(error)}; trying again in ${delayMs} ms`);
      }
    } finally {
      queue.done(key);
    }
  }
}

/** A message with the chain of its causes; a programmer's error with its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isBug = error instanceof TypeError || error.name === "AssertionError";
  const text = isBug ? (error.stack ?? error.message) : error.message;
  return error.cause === undefined ? text : `${text}: ${explain(error.cause)}`;
}

/** Every change of a cached object, by the keys that it concerns: its own unless told otherwise. */
export function watching<T extends KubeObject>(
  cache: Pick<WatchCache<T>, "subscribe">,
  keysOf: (object: T) => readonly string[] = (object) => [keyOf(object)],
): Source {
  return (enqueue) =>
    cache.subscribe((change) => {
      const keys = new Set([
        ...(change.old ? keysOf(change.old) : []),
        ...(change.new ? keysOf(change.new) : []),
      ]);
      for (const key of keys) enqueue(key);
    });
}

/** The key of the object that controls this one, where that is of the given kind. */
export function ownedBy(kind: {
  readonly kind: string;
}): (object: KubeObject) => readonly string[] {
  return (object) => {
    const owner = controllerOf(object);
    if (owner?.kind !== kind.kind) return [];
    const { namespace } = object.metadata;
    return [namespace === undefined ? owner.name : `${namespace}/${owner.name}`];
  };
}
