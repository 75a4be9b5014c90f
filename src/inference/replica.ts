// One LLM replica with continuous batching, as a pure step: the state at a time, and what happens
// to it until a later time or when a request arrives or is cancelled. The model server steps it by
// the wall clock, a simulator by a virtual one. It keeps no text, only counts of tokens.
//
// Iterations whose batch is the same are kept as one run, whose times have a closed form; stepping
// through a run and jumping over it therefore give the same numbers, to the last bit.
import assert from "node:assert/strict";
import { profileProblem, type ReplicaProfile, stepMs } from "./replica-profile.ts";

export type SequenceSpec = {
  readonly id: number;
  readonly promptTokens: number;
  /** How many tokens it will generate; the caller has drawn it (see output-length.ts). */
  readonly outputTokens: number;
};

export type Sequence = SequenceSpec & {
  /** Generated before the last preemption; they are prefilled again, as vLLM's recompute does. */
  readonly keptTokens: number;
  readonly prefilledTokens: number;
  /** The replica's count of iterations when its prefill ended; undefined until then. */
  readonly decodingSince: number | undefined;
};

type Chunk = { readonly id: number; readonly tokens: number };

/** Iterations with the same batch, back to back; the first begins at `startMs`. */
type Run = {
  readonly startMs: number;
  readonly firstStepMs: number;
  /** What each iteration takes longer than the one before, as contexts grow. */
  readonly growthMs: number;
  readonly stepsDone: number;
  readonly stepsMax: number;
  readonly decodes: number;
  readonly chunks: readonly Chunk[];
};

export type Replica = {
  readonly profile: ReplicaProfile;
  /** In order of admission: the last is the newest. */
  readonly running: readonly Sequence[];
  /** First come, first served; preempted sequences stand in front. */
  readonly waiting: readonly Sequence[];
  readonly iterations: number;
  /** Undefined exactly while the replica is idle. */
  readonly run: Run | undefined;
};

export type ReplicaEvent =
  | { readonly kind: "admitted"; readonly id: number; readonly atMs: number }
  | { readonly kind: "first-token"; readonly id: number; readonly atMs: number }
  | { readonly kind: "preempted"; readonly id: number; readonly atMs: number }
  | { readonly kind: "finished"; readonly id: number; readonly atMs: number }
  /** `count` iterations of the same batch ended, the last at `atMs`; tokens are of each of them. */
  | {
      readonly kind: "iterations";
      readonly atMs: number;
      readonly count: number;
      readonly decodes: number;
      readonly prefillTokens: number;
    };

export type Step = { readonly replica: Replica; readonly events: readonly ReplicaEvent[] };

export function idleReplica(profile: ReplicaProfile): Replica {
  const problem = profileProblem(profile);
  assert(problem === undefined, problem);
  return { profile, running: [], waiting: [], iterations: 0, run: undefined };
}

/** Everything up to and including `toMs`: iterations that end by then, and what they bring about. */
export function advance(replica: Replica, toMs: number): Step {
  const events: ReplicaEvent[] = [];
  let current = replica;
  while (current.run) {
    const steps = stepsEndingBy(current.run, toMs);
    if (steps === current.run.stepsDone) break;
    current = finishSteps(current, current.run, steps, events);
  }
  return { replica: current, events };
}

/**
 * A request arrives at `nowMs`. An idle replica begins its prefill at once; a busy one looks at it
 * when the present iteration ends. The sequence must fit the model (profile.maxModelLen).
 */
export function arrive(replica: Replica, spec: SequenceSpec, nowMs: number): Step {
  assert(spec.promptTokens >= 1 && spec.outputTokens >= 1, "a sequence has at least one token");
  assert(
    spec.promptTokens + spec.outputTokens <= replica.profile.maxModelLen,
    "a sequence must fit the model",
  );
  const { replica: now, events } = advance(replica, nowMs);
  const fresh = { ...spec, keptTokens: 0, prefilledTokens: 0, decodingSince: undefined };
  const queued = { ...now, waiting: [...now.waiting, fresh] };
  if (now.run) return { replica: { ...queued, run: endSoon(now.run) }, events };
  return plan(queued, nowMs, [...events]);
}

/**
 * Drops a sequence, running or waiting, and its KV blocks at `nowMs`; the iteration that is under
 * way keeps its length. An unknown id, or one that has finished, changes nothing.
 */
export function cancel(replica: Replica, id: number, nowMs: number): Step {
  const { replica: now, events } = advance(replica, nowMs);
  const others = (sequence: Sequence): boolean => sequence.id !== id;
  const running = now.running.filter(others);
  const waiting = now.waiting.filter(others);
  const changed = running.length < now.running.length || waiting.length < now.waiting.length;
  if (!changed) return { replica: now, events };
  const run = now.run && {
    ...endSoon(now.run),
    decodes: running.filter((sequence) => sequence.decodingSince !== undefined).length,
    chunks: now.run.chunks.filter((chunk) => chunk.id !== id),
  };
  return { replica: { ...now, running, waiting, run }, events };
}

/** When the iteration under way ends; undefined when idle. Tokens come out then. */
export function nextTokenMs(replica: Replica): number | undefined {
  return replica.run && endOf(replica.run, replica.run.stepsDone + 1);
}

/** When the batch next changes by itself (nothing but tokens happens before); undefined when idle. */
export function nextChangeMs(replica: Replica): number | undefined {
  return replica.run && endOf(replica.run, replica.run.stepsMax);
}

export function generatedTokens(replica: Replica, sequence: Sequence): number {
  if (sequence.decodingSince === undefined) return sequence.keptTokens;
  return sequence.keptTokens + 1 + replica.iterations - sequence.decodingSince;
}

/** The share of KV blocks in use, 0 to 1. */
export function kvUsage(replica: Replica): number {
  return usedBlocks(replica, replica.running) / replica.profile.kvBlocks;
}

/** The end of a run's n-th iteration: n first steps, and growth once per pair of them. */
function endOf(run: Run, steps: number): number {
  return run.startMs + steps * run.firstStepMs + (run.growthMs * steps * (steps - 1)) / 2;
}

function stepsEndingBy(run: Run, toMs: number): number {
  let low = run.stepsDone;
  let high = run.stepsMax;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (endOf(run, middle) <= toMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Makes the iteration under way the last of its run, so that the batch is planned anew after it. */
function endSoon(run: Run): Run {
  return { ...run, stepsMax: run.stepsDone + 1 };
}

function finishSteps(replica: Replica, run: Run, steps: number, events: ReplicaEvent[]): Replica {
  const count = steps - run.stepsDone;
  const atMs = endOf(run, steps);
  const prefillTokens = run.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  events.push({ kind: "iterations", atMs, count, decodes: run.decodes, prefillTokens });
  const iterations = replica.iterations + count;
  if (steps < run.stepsMax) return { ...replica, iterations, run: { ...run, stepsDone: steps } };

  const batch = { ...replica, iterations, run: undefined };
  const running: Sequence[] = [];
  for (const sequence of replica.running) {
    const after = takeChunk(sequence, run.chunks, iterations);
    const prefilled = sequence.decodingSince === undefined && after.decodingSince !== undefined;
    if (prefilled && after.keptTokens === 0)
      events.push({ kind: "first-token", id: after.id, atMs });
    if (generatedTokens(batch, after) < after.outputTokens) running.push(after);
    else events.push({ kind: "finished", id: after.id, atMs });
  }
  return plan({ ...batch, running }, atMs, events).replica;
}

/** The chunk that ends a prefill also yields a token. */
function takeChunk(sequence: Sequence, chunks: readonly Chunk[], iterations: number): Sequence {
  const chunk = chunks.find((candidate) => candidate.id === sequence.id);
  if (!chunk) return sequence;
  const prefilledTokens = sequence.prefilledTokens + chunk.tokens;
  const done = prefilledTokens === sequence.promptTokens + sequence.keptTokens;
  return { ...sequence, prefilledTokens, decodingSince: done ? iterations : undefined };
}

/**
 * Chooses the batch of the iteration that begins at `atMs`, as vLLM's scheduler does: make room for
 * one more token of each running sequence, preempting the newest; give what is left of the token
 * budget to prefills in order; admit while sequences, budget and KV blocks allow, unless something
 * was just preempted. One simplification: blocks for a whole prompt are taken at admission.
 */
function plan(replica: Replica, atMs: number, events: ReplicaEvent[]): Step {
  const { profile } = replica;
  const running = [...replica.running];
  const waiting = [...replica.waiting];
  let blocks = usedBlocks(replica, running);
  const preempts = blocks > profile.kvBlocks;
  while (blocks > profile.kvBlocks) {
    const newest = running.pop();
    assert(newest, "one sequence alone always fits, for maxModelLen does");
    blocks -= blocksOf(replica, newest);
    waiting.unshift(preempted(replica, newest));
    events.push({ kind: "preempted", id: newest.id, atMs });
  }

  const decoding = running.filter((sequence) => sequence.decodingSince !== undefined);
  let budget = profile.maxBatchedTokens - decoding.length;
  const chunks: Chunk[] = [];
  const prefill = (sequence: Sequence): void => {
    const left = sequence.promptTokens + sequence.keptTokens - sequence.prefilledTokens;
    const tokens = Math.min(left, budget);
    if (tokens > 0) chunks.push({ id: sequence.id, tokens });
    budget -= tokens;
  };
  for (const sequence of running) if (sequence.decodingSince === undefined) prefill(sequence);
  let admitted = 0;
  for (const next of preempts ? [] : waiting) {
    if (running.length >= profile.maxNumSeqs || budget <= 0) break;
    blocks += blocksOf(replica, next);
    if (blocks > profile.kvBlocks) break;
    admitted++;
    running.push(next);
    events.push({ kind: "admitted", id: next.id, atMs });
    prefill(next);
  }

  const planned = { ...replica, running, waiting: waiting.slice(admitted) };
  return { replica: { ...planned, run: runOf(planned, decoding, chunks, atMs) }, events };
}

function preempted(replica: Replica, sequence: Sequence): Sequence {
  const keptTokens = generatedTokens(replica, sequence);
  return { ...sequence, keptTokens, prefilledTokens: 0, decodingSince: undefined };
}

/** With prefill in it a batch lasts one iteration; without, until one finishes or KV runs out. */
function runOf(
  replica: Replica,
  decoding: readonly Sequence[],
  chunks: readonly Chunk[],
  atMs: number,
): Run | undefined {
  const { profile } = replica;
  const decodes = decoding.length;
  if (decodes === 0 && chunks.length === 0) {
    assert(replica.running.length + replica.waiting.length === 0, "a batch always moves on");
    return undefined;
  }
  const context = decoding.reduce((sum, sequence) => sum + kvTokens(replica, sequence), 0);
  const prefill = chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  return {
    startMs: atMs,
    firstStepMs: stepMs(profile, decodes, context, prefill),
    growthMs: profile.step.perContextTokenMs * decodes,
    stepsDone: 0,
    stepsMax: chunks.length > 0 ? 1 : decodeSteps(replica, decoding),
    decodes,
    chunks,
  };
}

function decodeSteps(replica: Replica, decoding: readonly Sequence[]): number {
  let most = Number.POSITIVE_INFINITY;
  for (const sequence of decoding)
    most = Math.min(most, sequence.outputTokens - generatedTokens(replica, sequence));
  let least = 1;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (usedBlocks(replica, decoding, middle - 1) <= replica.profile.kvBlocks) least = middle;
    else most = middle - 1;
  }
  return least;
}

/** Tokens that a sequence needs in the KV cache for its next iteration. */
function kvTokens(replica: Replica, sequence: Sequence): number {
  return sequence.promptTokens + generatedTokens(replica, sequence);
}

function blocksOf(replica: Replica, sequence: Sequence, stepsAhead = 0): number {
  return Math.ceil((kvTokens(replica, sequence) + stepsAhead) / replica.profile.blockTokens);
}

function usedBlocks(replica: Replica, sequences: readonly Sequence[], stepsAhead = 0): number {
  let blocks = 0;
  for (const sequence of sequences) blocks += blocksOf(replica, sequence, stepsAhead);
  return blocks;
}
