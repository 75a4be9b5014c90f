import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom } from "../lib/random.ts";
import { tutorialQwen } from "./profiles.ts";
import { type ReplicaProfile, stepMs } from "./replica-profile.ts";
import {
  advance,
  arrive,
  cancel,
  generatedTokens,
  idleReplica,
  kvUsage,
  nextChangeMs,
  nextTokenMs,
  type Replica,
  type ReplicaEvent,
} from "./replica.ts";

/** Round numbers: an iteration is 10 ms, 1 ms more per decode and per 10 tokens of prefill. */
const simple: ReplicaProfile = {
  ...tutorialQwen,
  step: { baseMs: 10, perDecodeMs: 1, perContextTokenMs: 0, perPrefillTokenMs: 0.1 },
  kvBlocks: 1000,
  maxNumSeqs: 8,
  maxBatchedTokens: 100,
  maxModelLen: 2000,
};

type Arrival = { readonly atMs: number; readonly prompt: number; readonly output: number };

/** Arrivals get their index as id. Every event until the replica is idle again. */
function play(profile: ReplicaProfile, arrivals: readonly Arrival[]): ReplicaEvent[] {
  let replica = idleReplica(profile);
  const events: ReplicaEvent[] = [];
  for (const [id, { atMs, prompt, output }] of arrivals.entries()) {
    const spec = { id, promptTokens: prompt, outputTokens: output };
    const step = arrive(replica, spec, atMs);
    replica = step.replica;
    events.push(...step.events);
  }
  events.push(...advance(replica, Number.MAX_SAFE_INTEGER).events);
  return events;
}

function timeOf(events: readonly ReplicaEvent[], kind: "first-token" | "finished", id: number) {
  const event = events.find((each) => each.kind === kind && each.id === id);
  assert.ok(event, `${kind} of ${id}`);
  return event.atMs;
}

function idsOf(events: readonly ReplicaEvent[], kind: "admitted" | "preempted" | "finished") {
  return events.flatMap((event) => (event.kind === kind ? [event.id] : []));
}

function near(actual: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

describe("latency under load", () => {
  test("a request alone: one prefill, then a decode per token", () => {
    const events = play(simple, [{ atMs: 0, prompt: 50, output: 11 }]);
    near(timeOf(events, "first-token", 0), 15);
    near(timeOf(events, "finished", 0), 15 + 10 * 11);
  });

  test("the tutorial's request of 100 tokens takes seconds, and more in company", () => {
    const seconds = (inFlight: number): number => {
      const arrival = { atMs: 0, prompt: 29, output: 100 };
      const events = play(
        tutorialQwen,
        Array.from({ length: inFlight }, () => arrival),
      );
      return timeOf(events, "finished", inFlight - 1) / 1000;
    };
    near(seconds(1), 3.6, 0.1);
    near(seconds(2), 4.4, 0.1);
    near(seconds(5), 6.9, 0.1);
  });

  test("fewer tokens take less time", () => {
    const events = play(simple, [
      { atMs: 0, prompt: 10, output: 5 },
      { atMs: 0, prompt: 10, output: 50 },
    ]);
    assert.ok(timeOf(events, "finished", 0) < timeOf(events, "finished", 1) / 3);
  });

  test("a long prompt slows the decodes beside it, a chunk at a time", () => {
    const alone = play(simple, [{ atMs: 0, prompt: 10, output: 30 }]);
    const disturbed = play(simple, [
      { atMs: 0, prompt: 10, output: 30 },
      { atMs: 100, prompt: 250, output: 1 },
    ]);
    const chunks = disturbed.filter(
      (event) => event.kind === "iterations" && event.decodes > 0 && event.prefillTokens > 0,
    );
    // The budget of 100 tokens less the one decode: 99 + 99 + 52.
    assert.deepEqual(
      chunks.map((event) => event.kind === "iterations" && event.prefillTokens),
      [99, 99, 52],
    );
    const delay = timeOf(disturbed, "finished", 0) - timeOf(alone, "finished", 0);
    near(delay, 250 * 0.1);
  });

  test("a context that grows makes steps longer, in one jump as in many", () => {
    const step = { ...simple.step, perContextTokenMs: 0.01 };
    const events = play({ ...simple, step }, [{ atMs: 0, prompt: 50, output: 101 }]);
    // Decode j (0 to 99) reads a context of 51 + j tokens.
    near(timeOf(events, "finished", 0), 15 + 100 * 11 + 0.01 * (100 * 51 + (99 * 100) / 2));
  });

  test("work is taken up at once when idle, and at an iteration's end when busy", () => {
    const events = play(simple, [
      { atMs: 0, prompt: 50, output: 100 },
      { atMs: 500, prompt: 50, output: 1 },
      { atMs: 90_000, prompt: 50, output: 1 },
    ]);
    const admitted = events.filter((event) => event.kind === "admitted");
    // Iterations end at 15, 26, 37, …, 499, 510.
    assert.deepEqual(
      admitted.map((event) => event.atMs),
      [0, 510, 90_000],
    );
  });
});

describe("limits", () => {
  test("no more than maxNumSeqs run, and the others come in order", () => {
    const arrivals = Array.from({ length: 5 }, () => ({ atMs: 0, prompt: 10, output: 10 }));
    let replica = idleReplica({ ...simple, maxNumSeqs: 2 });
    for (const [id, { prompt, output }] of arrivals.entries())
      replica = arrive(replica, { id, promptTokens: prompt, outputTokens: output }, 0).replica;
    replica = advance(replica, 20).replica;
    assert.equal(replica.running.length, 2);
    assert.equal(replica.waiting.length, 3);
    const events = play({ ...simple, maxNumSeqs: 2 }, arrivals);
    assert.deepEqual(idsOf(events, "finished"), [0, 1, 2, 3, 4]);
  });

  test("a request whose prompt does not fit the KV cache waits, and those behind it too", () => {
    const small = { ...simple, kvBlocks: 10, maxModelLen: 160 };
    const events = play(small, [
      { atMs: 0, prompt: 100, output: 20 },
      { atMs: 1, prompt: 80, output: 5 },
      { atMs: 2, prompt: 1, output: 1 },
    ]);
    const end = timeOf(events, "finished", 0);
    const admitted = events.filter((event) => event.kind === "admitted");
    assert.deepEqual(
      admitted.map(({ id, atMs }) => [id, atMs]),
      [
        [0, 0],
        [1, end],
        [2, end],
      ],
    );
  });

  test("when the KV cache is full the newest is put out, computed again, and loses no token", () => {
    const small = { ...simple, kvBlocks: 10, maxModelLen: 160 };
    const events = play(small, [
      { atMs: 0, prompt: 60, output: 60 },
      { atMs: 0, prompt: 60, output: 60 },
    ]);
    assert.deepEqual(idsOf(events, "preempted"), [1]);
    assert.deepEqual(idsOf(events, "admitted"), [0, 1, 1]);
    assert.deepEqual(idsOf(events, "finished"), [0, 1]);
    const firsts = events.filter((event) => event.kind === "first-token" && event.id === 1);
    assert.equal(firsts.length, 1);
    let prefill = 0;
    for (const event of events) if (event.kind === "iterations") prefill += event.prefillTokens;
    assert.ok(prefill > 120, "what was generated before is prefilled again");
  });

  test("limits that allow no progress are refused", () => {
    assert.throws(() => idleReplica({ ...simple, maxBatchedTokens: 7 }), /must not be below/);
    assert.throws(() => idleReplica({ ...simple, kvBlocks: 1 }), /exceeds the 16 tokens/);
  });
});

describe("cancelling", () => {
  const busy = (): Replica => {
    let replica = idleReplica({ ...simple, maxNumSeqs: 1 });
    for (const id of [0, 1])
      replica = arrive(replica, { id, promptTokens: 10, outputTokens: 100 }, 0).replica;
    return replica;
  };

  test("frees the slot at once; the next one enters when the iteration ends", () => {
    const replica = cancel(busy(), 0, 100).replica;
    assert.equal(replica.running.length, 0);
    assert.equal(kvUsage(replica), 0);
    const { events } = advance(replica, 115);
    assert.deepEqual(idsOf(events, "admitted"), [1]);
  });

  test("takes one that waits out of the queue", () => {
    const replica = cancel(busy(), 1, 100).replica;
    assert.equal(replica.running.length, 1);
    assert.equal(replica.waiting.length, 0);
  });

  test("the last one leaves the replica idle; an unknown one changes nothing", () => {
    let replica = cancel(busy(), 1, 100).replica;
    assert.equal(cancel(replica, 7, 100).replica, replica);
    replica = advance(cancel(replica, 0, 100).replica, 200).replica;
    assert.equal(nextTokenMs(replica), undefined);
    assert.equal(nextChangeMs(replica), undefined);
  });
});

describe("random workloads", () => {
  const seed = Number(process.env["TEST_SEED"] ?? Date.now() % 1_000_000);

  test(`one jump, single steps and a plain loop agree (TEST_SEED=${seed})`, () => {
    let preemptions = 0;
    for (let round = 0; round < 40; round++) {
      const random = seededRandom(seed + round);
      const between = (low: number, high: number): number =>
        low + Math.floor(random() * (high - low + 1));
      const profile: ReplicaProfile = {
        ...simple,
        step: {
          baseMs: 5 + 20 * random(),
          perDecodeMs: random(),
          perContextTokenMs: random() * 1e-3,
          perPrefillTokenMs: random() * 0.2,
        },
        kvBlocks: between(20, 80),
        maxNumSeqs: between(1, 8),
        maxBatchedTokens: between(8, 64),
        maxModelLen: 20 * 16,
      };
      let atMs = 0;
      const arrivals = Array.from({ length: 60 }, (): Arrival => {
        atMs += random() < 0.3 ? 0 : random() * 800;
        return { atMs, prompt: between(1, 150), output: between(1, 120) };
      });
      const jumped = play(profile, arrivals);
      assert.deepEqual(milestones(jumped), milestones(playByStep(profile, arrivals)));
      const plain = plainLoop(profile, arrivals);
      preemptions += idsOf(jumped, "preempted").length;
      for (const [id, { output }] of arrivals.entries()) {
        near(timeOf(jumped, "finished", id), plain.finishedMs[id] ?? Number.NaN, 1e-4);
        near(timeOf(jumped, "first-token", id), plain.firstMs[id] ?? Number.NaN, 1e-4);
        assert.equal(plain.tokens[id], output);
      }
    }
    assert.ok(preemptions > 0, "the workloads are hard enough to preempt");
  });
});

function milestones(events: readonly ReplicaEvent[]): ReplicaEvent[] {
  return events.filter((event) => event.kind !== "iterations");
}

/** The same as `play`, one iteration at a time, with the invariants checked after each. */
function playByStep(profile: ReplicaProfile, arrivals: readonly Arrival[]): ReplicaEvent[] {
  let replica = idleReplica(profile);
  const events: ReplicaEvent[] = [];
  const stepUntil = (untilMs: number): void => {
    for (;;) {
      const endMs = nextTokenMs(replica);
      if (endMs === undefined || endMs > untilMs) return;
      const step = advance(replica, endMs);
      replica = step.replica;
      events.push(...step.events);
      assert.ok(replica.running.length <= profile.maxNumSeqs);
      assert.ok(kvUsage(replica) <= 1);
      for (const sequence of [...replica.running, ...replica.waiting])
        assert.ok(generatedTokens(replica, sequence) < sequence.outputTokens);
    }
  };
  for (const [id, { atMs, prompt, output }] of arrivals.entries()) {
    stepUntil(atMs);
    const spec = { id, promptTokens: prompt, outputTokens: output };
    const step = arrive(replica, spec, atMs);
    replica = step.replica;
    events.push(...step.events);
  }
  stepUntil(Number.MAX_SAFE_INTEGER);
  return events;
}

/** The scheduler written down once more, without runs, counters or jumps: one loop, one token each. */
function plainLoop(profile: ReplicaProfile, arrivals: readonly Arrival[]) {
  type Live = { id: number; need: number; filled: number; made: number; output: number };
  const firstMs: number[] = [];
  const finishedMs: number[] = [];
  const tokens = arrivals.map(() => 0);
  let running: Live[] = [];
  const waiting: Live[] = [];
  let arrived = 0;
  let nowMs = 0;
  const blocks = (live: Live): number =>
    Math.ceil(((arrivals[live.id]?.prompt ?? 0) + live.made) / profile.blockTokens);
  const used = (): number => running.reduce((sum, live) => sum + blocks(live), 0);
  const takeArrivals = (first: boolean): void => {
    // An idle replica begins with the first request alone: the others came after it began.
    for (let next = arrivals[arrived]; next; next = arrivals[arrived]) {
      if (next.atMs > nowMs) return;
      const { prompt, output } = next;
      waiting.push({ id: arrived++, need: prompt, filled: 0, made: 0, output });
      if (first) return;
    }
  };
  while (arrived < arrivals.length || running.length + waiting.length > 0) {
    if (running.length + waiting.length === 0) {
      nowMs = Math.max(nowMs, arrivals[arrived]?.atMs ?? 0);
      takeArrivals(true);
    }
    let preempted = false;
    while (used() > profile.kvBlocks) {
      const newest = running.pop();
      assert.ok(newest);
      preempted = true;
      waiting.unshift({
        ...newest,
        filled: 0,
        need: (arrivals[newest.id]?.prompt ?? 0) + newest.made,
      });
    }
    const decoding = running.filter((live) => live.filled === live.need);
    let budget = profile.maxBatchedTokens - decoding.length;
    let prefill = 0;
    const grown: Live[] = [];
    const fill = (live: Live): void => {
      const chunk = Math.min(budget, live.need - live.filled);
      live.filled += chunk;
      budget -= chunk;
      prefill += chunk;
      if (live.filled === live.need) grown.push(live);
    };
    for (const live of running) if (live.filled < live.need) fill(live);
    while (!preempted && budget > 0 && running.length < profile.maxNumSeqs) {
      const next = waiting[0];
      if (!next || used() + blocks(next) > profile.kvBlocks) break;
      waiting.shift();
      running.push(next);
      fill(next);
    }
    const context = decoding.reduce(
      (sum, live) => sum + (arrivals[live.id]?.prompt ?? 0) + live.made,
      0,
    );
    nowMs += stepMs(profile, decoding.length, context, prefill);
    for (const live of [...decoding, ...grown]) {
      live.made++;
      tokens[live.id] = live.made;
      if (live.made === 1) firstMs[live.id] = nowMs;
      if (live.made === live.output) finishedMs[live.id] = nowMs;
    }
    running = running.filter((live) => live.made < live.output);
    takeArrivals(false);
  }
  return { firstMs, finishedMs, tokens };
}
