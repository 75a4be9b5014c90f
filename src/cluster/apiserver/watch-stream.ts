// One watch: what is there already, or what changed since a revision, then every change as it
// happens, until the client leaves, time is up, or the client reads too slowly to keep in memory.
import type { Clock } from "../../lib/clock.ts";
import type { KubeObject } from "../../resources/object.ts";
import { expired, statusOf } from "../api-status.ts";
import type { Matcher } from "./selectors.ts";
import type { Change, Store } from "./store.ts";

export type WatchType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

export type WatchOptions = {
  readonly store: Store;
  readonly clock: Clock;
  readonly storageId: string;
  readonly matches: Matcher;
  /** Undefined: begin with all objects of this moment. */
  readonly since: number | undefined;
  readonly bookmarks: boolean;
  /** Mark the end of what was there at the start, as informers of client-go 1.35 on ask. */
  readonly marksInitialEvents: boolean;
  readonly timeoutMs: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Aborts when the server ends. */
  readonly closing: AbortSignal;
  /** The line of one event. */
  readonly encode: (type: WatchType, object: object, change: Change | undefined) => Uint8Array;
  /** What a bookmark of this kind carries besides its resourceVersion. */
  readonly typeMeta: { readonly apiVersion: string; readonly kind: string };
};

/** Upstream sends bookmarks about once a minute. */
const bookmarkIntervalMs = 60_000;
/** A client that is so far behind had better list again. */
export const queuedEventsMax = 4096;
/** Nor is a client worth more memory than this, whose events are large. */
export const queuedBytesMax = 32 * 1024 * 1024;
/** So that one limit is both. */
const eventBytesMin = queuedBytesMax / queuedEventsMax;

export function watchStream(options: WatchOptions): ReadableStream<Uint8Array> {
  const { store, clock, signal, closing, encode, matches } = options;
  const cleanups: (() => void)[] = [];
  const stop = (): void => cleanups.splice(0).forEach((cleanup) => cleanup());

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let ended = false;
        // What a client is given to begin with is its own wish, however much it is.
        let queuedMax = Infinity;
        const queued = (): number => -(controller.desiredSize ?? 0);
        const finish = (): void => {
          if (ended) return;
          ended = true;
          stop();
          controller.close();
        };
        const send = (type: WatchType, object: object, change?: Change): void => {
          controller.enqueue(encode(type, object, change));
        };
        const forward = (change: Change): void => {
          const event = ended ? undefined : asSeenThrough(matches, change);
          if (!event) return;
          try {
            send(event.type, event.object, change);
          } catch (error) {
            // A column that cannot be computed ends this watch, not the write that it is told of.
            ended = true;
            stop();
            controller.error(error);
            return;
          }
          if (queued() <= queuedMax) return;
          // Not closed: what it has not read is dropped at once.
          ended = true;
          stop();
          controller.error(new Error("the client reads too slowly, and is let go"));
        };
        const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
          const metadata = { resourceVersion: String(store.revision), creationTimestamp: null };
          send("BOOKMARK", {
            ...options.typeMeta,
            metadata: annotations ? { ...metadata, annotations } : metadata,
          });
        };

        if (options.since === undefined) {
          for (const object of store.list(options.storageId).filter(matches)) send("ADDED", object);
        } else {
          const missed = store.changesSince(options.storageId, options.since);
          if (!missed) {
            const oldest = store.oldestRevision(options.storageId);
            send("ERROR", statusOf(expired(options.since, oldest)));
            return controller.close();
          }
          missed.forEach(forward);
          if (ended) return;
        }
        if (options.marksInitialEvents) bookmark({ "k8s.io/initial-events-end": "true" });
        queuedMax = queuedBytesMax + queued();
        cleanups.push(store.onChange(options.storageId, forward));
        cleanups.push(clock.after(options.timeoutMs, finish));
        if (options.bookmarks) cleanups.push(repeat(clock, bookmarkIntervalMs, () => bookmark()));
        const abort = (): void => {
          stop();
          controller.error(signal.reason);
        };
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort, { once: true });
        closing.addEventListener("abort", finish, { once: true });
        cleanups.push(() => closing.removeEventListener("abort", finish));
        cleanups.push(() => signal.removeEventListener("abort", abort));
      },
      cancel: stop,
    },
    { highWaterMark: 0, size: ({ byteLength }) => Math.max(byteLength, eventBytesMin) },
  );
}

/** To a selective watcher an object that begins to match is added, one that ceases to is deleted. */
function asSeenThrough(
  matches: Matcher,
  change: Change,
): { readonly type: Change["type"]; readonly object: KubeObject } | undefined {
  const { type, object, old } = change;
  if (type !== "MODIFIED") return matches(object) ? { type, object } : undefined;
  const matched = old !== undefined && matches(old);
  if (matches(object)) return { type: matched ? "MODIFIED" : "ADDED", object };
  if (!matched) return undefined;
  const { resourceVersion } = object.metadata;
  const metadata = { ...old.metadata, ...(resourceVersion !== undefined && { resourceVersion }) };
  return { type: "DELETED", object: { ...old, metadata } };
}

function repeat(clock: Clock, intervalMs: number, run: () => void): () => void {
  let cancel = clock.after(intervalMs, again);
  function again(): void {
    run();
    cancel = clock.after(intervalMs, again);
  }
  return () => cancel();
}
