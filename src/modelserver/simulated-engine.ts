// The engine that stands in for a GPU: it steps the replica model of `inference` by the clock and
// says filler text, so that load, queues and latencies behave as a real server's would. It loads no
// weights and understands nothing.
import assert from "node:assert/strict";
import type { CancelTimer, Clock } from "../lib/clock.ts";
import { type Random, seededRandom } from "../lib/random.ts";
import { drawOutputLength } from "../inference/output-length.ts";
import type { ReplicaProfile } from "../inference/replica-profile.ts";
import {
  advance,
  arrive,
  cancel,
  generatedTokens,
  idleReplica,
  kvUsage,
  nextTokenMs,
  type Replica,
  type ReplicaEvent,
  type Step,
} from "../inference/replica.ts";
import type {
  Engine,
  EngineEvent,
  EngineLoad,
  FinishReason,
  Generation,
  GenerationRequest,
} from "./engine.ts";
import { fillerPieces } from "./filler-text.ts";
import { GenerationQueue } from "./generation-queue.ts";
import { estimateTokens } from "./token-estimate.ts";

export type SimulatedEngineOptions = {
  readonly profile: ReplicaProfile;
  readonly clock: Clock;
  readonly seed: number;
  readonly observe: (event: EngineEvent) => void;
};

/** A request inside the engine: what it will say, and how much of it has been said. */
type Answer = {
  readonly pieces: readonly string[];
  readonly reason: FinishReason;
  readonly promptTokens: number;
  readonly arrivedMs: number;
  readonly queue: GenerationQueue;
  admitted: boolean;
  said: number;
  lastTokenMs: number;
};

export class SimulatedEngine implements Engine {
  readonly name = "simulated";
  readonly maxModelLen: number;
  readonly #clock: Clock;
  readonly #observe: (event: EngineEvent) => void;
  readonly #random: Random;
  readonly #answers = new Map<number, Answer>();
  #replica: Replica;
  #nextId = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: SimulatedEngineOptions) {
    this.#clock = options.clock;
    this.#observe = options.observe;
    this.#random = seededRandom(options.seed);
    this.#replica = idleReplica(options.profile);
    this.maxModelLen = options.profile.maxModelLen;
  }

  countTokens(text: string): number {
    return Math.max(1, estimateTokens(text));
  }

  generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<Generation> {
    const queue = new GenerationQueue();
    if (signal.aborted) {
      queue.end();
      return queue;
    }
    const id = this.#nextId++;
    this.#catchUp();
    const arrivedMs = this.#clock.nowMs();
    const { pieces, reason } = script(request, this.#randomFor(request));
    const { promptTokens } = request;
    const [said, lastTokenMs, admitted] = [0, arrivedMs, false];
    const answer = { pieces, reason, promptTokens, arrivedMs, queue, admitted, said, lastTokenMs };
    this.#answers.set(id, answer);
    const spec = { id, promptTokens, outputTokens: pieces.length };
    this.#take(arrive(this.#replica, spec, arrivedMs));
    signal.addEventListener("abort", () => this.#abort(id), { once: true });
    this.#setTimer();
    return queue;
  }

  load(): EngineLoad {
    this.#catchUp();
    const { running, waiting } = this.#replica;
    return { running: running.length, waiting: waiting.length, kvUsage: kvUsage(this.#replica) };
  }

  close(): void {
    for (const id of this.#answers.keys()) this.#abort(id);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Without a seed answers differ, except greedy ones, as with a real model. */
  #randomFor(request: GenerationRequest): Random {
    if (request.seed === undefined && request.temperature > 0) return this.#random;
    return seededRandom(hash(request.prompt) ^ (request.seed ?? 0));
  }

  #abort(id: number): void {
    this.#catchUp();
    const answer = this.#answers.get(id);
    if (!answer) return;
    this.#answers.delete(id);
    this.#take(cancel(this.#replica, id, this.#clock.nowMs()));
    this.#observe({ kind: "aborted" });
    answer.queue.end();
    this.#setTimer();
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    const nextMs = nextTokenMs(this.#replica);
    if (nextMs === undefined) {
      this.#cancelTimer = undefined;
      return;
    }
    const delayMs = Math.ceil(nextMs - this.#clock.nowMs());
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#catchUp();
      this.#setTimer();
    });
  }

  /** Takes every iteration that has ended by now, one at a time, as each one's tokens have a time. */
  #catchUp(): void {
    const nowMs = this.#clock.nowMs();
    for (;;) {
      const endMs = nextTokenMs(this.#replica);
      if (endMs === undefined || endMs > nowMs) return;
      this.#take(advance(this.#replica, endMs));
    }
  }

  #take(step: Step): void {
    this.#replica = step.replica;
    for (const event of step.events) this.#takeEvent(event);
  }

  #takeEvent(event: ReplicaEvent): void {
    switch (event.kind) {
      case "iterations":
        this.#observe({ kind: "iteration", tokens: event.decodes + event.prefillTokens });
        for (const sequence of this.#replica.running)
          this.#say(sequence.id, generatedTokens(this.#replica, sequence), event.atMs);
        return;
      case "admitted": {
        const answer = this.#answers.get(event.id);
        if (!answer || answer.admitted) return;
        answer.admitted = true;
        const queueSeconds = (event.atMs - answer.arrivedMs) / 1000;
        this.#observe({ kind: "admitted", queueSeconds });
        return;
      }
      case "preempted":
        this.#observe({ kind: "preempted" });
        return;
      case "finished":
        this.#finish(event.id, event.atMs);
        return;
      case "first-token":
        return;
    }
  }

  /** Steps are taken one iteration at a time, so there is at most one new token. */
  #say(id: number, generated: number, atMs: number): void {
    const answer = this.#answers.get(id);
    if (!answer || generated <= answer.said) return;
    const { promptTokens, arrivedMs, lastTokenMs } = answer;
    this.#observe(
      answer.said === 0
        ? { kind: "first-token", secondsSinceArrival: (atMs - arrivedMs) / 1000, promptTokens }
        : { kind: "token", secondsSinceLast: (atMs - lastTokenMs) / 1000 },
    );
    const text = answer.pieces[answer.said] ?? "";
    answer.queue.push({ kind: "text", text, tokens: 1 });
    answer.said++;
    answer.lastTokenMs = atMs;
  }

  #finish(id: number, atMs: number): void {
    const answer = this.#answers.get(id);
    assert(answer, "a sequence of the replica has an answer");
    this.#say(id, answer.pieces.length, atMs);
    this.#answers.delete(id);
    const secondsSinceArrival = (atMs - answer.arrivedMs) / 1000;
    this.#observe({ kind: "finished", reason: answer.reason, secondsSinceArrival });
    answer.queue.push({ kind: "finished", reason: answer.reason });
    answer.queue.end();
  }
}

type Script = { readonly pieces: readonly string[]; readonly reason: FinishReason };

/** The whole answer, known from the start: its length, its text, and why it ends there. */
function script(request: GenerationRequest, random: Random): Script {
  const { maxTokens, minTokens, ignoreEos, stop } = request;
  const length = drawOutputLength(random, maxTokens, { minTokens, ignoreEos });
  const pieces = fillerPieces(random, length.tokens);
  const cut = cutAtStop(pieces, stop, minTokens);
  return cut ? { pieces: cut, reason: "stop" } : { pieces, reason: length.reason };
}

/**
 * The pieces up to the one that completes a stop text; the tokens of the stop text are generated,
 * but its text is not said. Undefined when none comes up after `minTokens`.
 */
function cutAtStop(
  pieces: readonly string[],
  stops: readonly string[],
  minTokens: number,
): string[] | undefined {
  const text = pieces.join("");
  const fromChar = pieces.slice(0, minTokens).join("").length;
  const hits = stops
    .map((stop) => ({ start: text.indexOf(stop, fromChar), length: stop.length }))
    .filter((hit) => hit.start >= 0)
    .sort((a, b) => a.start - b.start);
  const first = hits[0];
  if (!first) return undefined;
  const cut: string[] = [];
  for (let offset = 0, index = 0; offset < first.start + first.length; index++) {
    const piece = pieces[index] ?? "";
    cut.push(piece.slice(0, Math.max(0, first.start - offset)));
    offset += piece.length;
  }
  return cut;
}

/** FNV-1a: any spread will do. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
