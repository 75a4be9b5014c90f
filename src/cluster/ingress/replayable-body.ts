// A request body that can be sent more than once: it streams to the server that was picked first, and
// keeps a copy of what has passed, so that another server can get all of it when the first turns out
// to be gone. Beyond the limit it keeps nothing and can be sent only once.
import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";

export class ReplayableBody {
  readonly #source: IncomingMessage;
  readonly #bytesMax: number;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #target: Writable | undefined;

  constructor(source: IncomingMessage, bytesMax: number) {
    this.#source = source;
    this.#bytesMax = bytesMax;
    source.pause();
    source.on("data", (chunk: Buffer) => this.#pass(chunk));
    source.on("end", () => this.#target?.end());
  }

  /** Whether `sendTo` may be called again. */
  get replayable(): boolean {
    return this.#kept !== undefined;
  }

  /** Sends what has passed already, then the rest as it comes; takes the body away from an earlier target. */
  sendTo(target: Writable): void {
    this.#target = target;
    for (const chunk of this.#kept ?? []) target.write(chunk);
    if (this.#source.readableEnded) target.end();
    else this.#source.resume();
  }

  /** Nobody wants it any more: what is still to come is read and dropped, to free the connection. */
  discard(): void {
    this.#target = undefined;
    this.#kept = undefined;
    this.#source.resume();
  }

  #pass(chunk: Buffer): void {
    const target = this.#target;
    this.#keep(chunk);
    if (!target || target.write(chunk)) return;
    this.#source.pause();
    target.once("drain", () => {
      if (this.#target === target) this.#source.resume();
    });
  }

  #keep(chunk: Buffer): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > this.#bytesMax) this.#kept = undefined;
    this.#kept?.push(chunk);
  }
}
