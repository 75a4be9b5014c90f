// Work that follows from changes of stored objects, done after the request that caused it has been
// answered: named tasks, each queued at most once, run in turn. A task that fails is logged and
// left; the next change that concerns it queues it again.
import type { Registry } from "./registry.ts";
import type { ResourceCatalog } from "../resource-catalog.ts";
import type { Store } from "./store.ts";

/** What those have at hand who do such work: garbage collection, namespaces, custom resources. */
export type FollowUpOptions = {
  readonly store: Store;
  readonly catalog: ResourceCatalog;
  readonly registry: Registry;
  readonly log: (line: string) => void;
};

export class ChangeWorker {
  readonly #name: string;
  readonly #run: (task: string) => void;
  readonly #log: (line: string) => void;
  readonly #tasks = new Set<string>();
  #scheduled: Promise<void> | undefined;
  #closed = false;

  constructor(options: {
    readonly name: string;
    readonly run: (task: string) => void;
    readonly log: (line: string) => void;
  }) {
    this.#name = options.name;
    this.#run = options.run;
    this.#log = options.log;
  }

  add(task: string): void {
    if (this.#closed) return;
    this.#tasks.add(task);
    this.#scheduled ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#drain();
        resolve();
      });
    });
  }

  /** Resolves when no task is left, those that tasks added included. */
  async idle(): Promise<void> {
    while (this.#scheduled) await this.#scheduled;
  }

  close(): void {
    this.#closed = true;
    this.#tasks.clear();
  }

  #drain(): void {
    this.#scheduled = undefined;
    // What is added meanwhile waits for the next turn, so that requests get theirs.
    const tasks = [...this.#tasks];
    for (const task of tasks) {
      if (this.#closed) return;
      this.#tasks.delete(task);
      try {
        this.#run(task);
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#log(`${this.#name}: ${task}: ${detail}`);
      }
    }
  }
}
