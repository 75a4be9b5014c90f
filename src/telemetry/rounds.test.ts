import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../lib/virtual-clock.ts";
import type { Labels } from "../metrics/labels.ts";
import { parseQuery } from "../promql/parse.ts";
import type { Round, RoundTarget } from "./round.ts";
import { Rounds } from "./rounds.ts";

const timeoutMs = 900;

/** Rounds under a virtual clock, and short ways to play the producers' part. */
function setUp() {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const rounds = new Rounds({ clock, log: (line) => lines.push(line) });
  const series = new Map<string, Labels>();
  const seriesOf = (target: RoundTarget, name: string): Labels => {
    const key = `${target.id} ${name}`;
    const labels = series.get(key) ?? { ...target.labels, __name__: name };
    series.set(key, labels);
    return labels;
  };
  return {
    clock,
    lines,
    rounds,
    seriesOf,
    begin: (targets: readonly RoundTarget[], intervalMs = 1000): void =>
      rounds.begin({
        atMs: clock.nowMs(),
        deadlineMs: clock.nowMs() + timeoutMs,
        intervalMs,
        targets,
      }),
    report(target: RoundTarget, atMs = clock.nowMs()): void {
      rounds.reported(target, atMs);
    },
    /** First answers: the targets' series become known, in an instant of their own. */
    meet(metrics: readonly (readonly [RoundTarget, ...string[]])[], intervalMs = 1000): void {
      this.begin(
        metrics.map(([target]) => target),
        intervalMs,
      );
      for (const [target, ...names] of metrics) {
        for (const name of names) rounds.seriesAdded(target, seriesOf(target, name));
        this.report(target);
      }
    },
    /** What a subscriber of the query is told, one line for each round. */
    watch(query: string): { readonly told: string[]; readonly stop: () => void } {
      const parsed = parseQuery(query);
      assert.ok(parsed.kind === "parsed", query);
      const told: string[] = [];
      return { told, stop: rounds.subscribe(parsed.expr, (round) => told.push(textOf(round))) };
    },
  };
}

function textOf({ atMs, completedAtMs, intervalMs, missing }: Round): string {
  const every = intervalMs === 1000 ? "" : ` every ${intervalMs}`;
  const without = missing.map(
    ({ labels, error, isKnown }) => ` -${labels["pod"]}${isKnown ? "" : "?"}: ${error}`,
  );
  return `${atMs}+${completedAtMs - atMs}${every}${without.join("")}`;
}

const pod = (name: string, namespace = "default"): RoundTarget => ({
  id: `${namespace}/${name}`,
  labels: { job: "pods", namespace, pod: name },
});

test("a round is complete when the last target that feeds the query has reported", async () => {
  const world = setUp();
  const [a, b, other] = [pod("a-1"), pod("a-2"), pod("b-1")];
  world.meet([
    [a, "running"],
    [b, "running"],
    [other, "running"],
  ]);
  const { told } = world.watch('sum(running{pod=~"a-.*"})');
  await world.clock.advance(1000);
  world.begin([a, b, other]);
  world.report(a);
  await world.clock.advance(30);
  assert.deepEqual(told, []);
  world.report(b, 1000);
  assert.deepEqual(told, ["1000+30"], "whoever does not feed it is not waited for");
  world.report(other, 1000);
  world.report(b, 1000);
  await world.clock.advance(5000);
  assert.deepEqual(told, ["1000+30"], "a round is told once");
});

test("a target that hangs delays its own subscribers only, and is missing at the deadline", async () => {
  const world = setUp();
  const [a, b] = [pod("a-1"), pod("b-1")];
  world.meet([
    [a, "running"],
    [b, "running"],
  ]);
  const ofA = world.watch('running{pod=~"a-.*"}');
  const ofB = world.watch('running{pod=~"b-.*"}');
  const ofAll = world.watch("sum(running)");
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(b);
  assert.deepEqual([ofA.told, ofB.told, ofAll.told], [[], ["1000+0"], []]);
  await world.clock.advance(999);
  const late = ["1000+950 -a-1: no answer within the round"];
  assert.deepEqual([ofA.told, ofB.told, ofAll.told], [late, ["1000+0"], late]);
  world.report(a, 1000);
  assert.equal(ofA.told.length, 1, "a report after the deadline counts for nothing");
});

test("a target that failed has reported, and is named as missing with its error", async () => {
  const world = setUp();
  const [a, b] = [pod("a"), pod("b")];
  world.meet([
    [a, "running"],
    [b, "running"],
  ]);
  const { told } = world.watch("sum(running)");
  const failure = "connect ECONNREFUSED";
  for (let round = 0; round < 2; round++) {
    await world.clock.advance(1000);
    world.begin([a, b]);
    world.rounds.seriesEnded(a, world.seriesOf(a, "running"));
    world.rounds.reported(a, world.clock.nowMs(), failure);
    world.report(b);
  }
  // Its series have ended, and still nobody takes the round for a whole one.
  assert.deepEqual(told, [`1000+0 -a: ${failure}`, `2000+0 -a: ${failure}`]);
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(b);
  assert.equal(told.length, 2, "it is waited for: it may be back");
  world.rounds.seriesAdded(a, world.seriesOf(a, "running"));
  world.report(a);
  assert.deepEqual(told.slice(2), ["3000+0"]);
});

test("which selectors a series feeds", async () => {
  const cases: readonly { query: string; waits: boolean }[] = [
    { query: "running", waits: true },
    { query: '{__name__="running"}', waits: true },
    { query: '{__name__=~"run.*"}', waits: true },
    { query: '{namespace="default"}', waits: true },
    { query: "rate(running[1m])", waits: true },
    { query: "waiting / running", waits: true },
    { query: "max_over_time(sum(running)[5m:10s])", waits: true },
    { query: "running offset 5m", waits: true },
    { query: "waiting", waits: false },
    { query: 'running{namespace="other"}', waits: false },
    { query: 'running{pod!="a"}', waits: false },
    { query: "vector(1)", waits: false },
    { query: "7", waits: false },
  ];
  for (const { query, waits } of cases)
    for (const order of ["subscribed before", "subscribed after"]) {
      const world = setUp();
      const a = pod("a");
      const before = order === "subscribed before" ? world.watch(query) : undefined;
      world.meet([[a, "running"]]);
      const { told } = before ?? world.watch(query);
      told.length = 0;
      await world.clock.advance(1000);
      world.begin([a]);
      assert.equal(told.length, waits ? 0 : 1, `${query}, ${order}`);
      world.report(a);
      assert.deepEqual(told, ["1000+0"], `${query}, ${order}`);
    }
});

test("a new target is waited for where its labels do not rule it out", async () => {
  const world = setUp();
  const [a, fresh] = [pod("a-1"), pod("a-2")];
  world.meet([[a, "running"]]);
  const own = world.watch('running{namespace="default",pod=~"a-.*"}');
  const foreign = world.watch('running{namespace="other"}');
  await world.clock.advance(1000);
  world.begin([a, fresh]);
  world.report(a);
  assert.deepEqual([own.told, foreign.told], [[], ["1000+0"]]);
  await world.clock.advance(20);
  world.rounds.seriesAdded(fresh, world.seriesOf(fresh, "running"));
  world.report(fresh, 1000);
  assert.deepEqual(own.told, ["1000+20"]);
});

test("a new target that has no series for the query is not waited for again", async () => {
  const world = setUp();
  const [a, idle] = [pod("a"), pod("b")];
  world.meet([[a, "running"]]);
  const { told } = world.watch("running");
  world.meet([[idle, "something_else"]]);
  told.length = 0;
  await world.clock.advance(1000);
  world.begin([a, idle]);
  world.report(a);
  assert.deepEqual(told, ["1000+0"]);
});

test("a new target that only refuses is waited for; one that hangs is waited for once", async () => {
  const world = setUp();
  const [a, starting] = [pod("a"), pod("b")];
  world.meet([[a, "running"]]);
  const { told } = world.watch("running");
  const round = async (end: () => Promise<void> | void): Promise<readonly string[]> => {
    told.length = 0;
    await world.clock.advance(1000 - (world.clock.nowMs() % 1000));
    world.begin([a, starting]);
    world.report(a);
    await end();
    return told;
  };
  const refused = "connect ECONNREFUSED";
  const refuse = (): void => world.rounds.reported(starting, world.clock.nowMs(), refused);
  assert.deepEqual(await round(refuse), [`1000+0 -b?: ${refused}`]);
  assert.deepEqual(await round(refuse), [`2000+0 -b?: ${refused}`]);
  const hang = async (): Promise<void> => {
    await world.clock.advance(timeoutMs);
    world.rounds.reported(starting, Math.floor(world.clock.nowMs() / 1000) * 1000, "timeout");
  };
  assert.deepEqual(await round(hang), ["3000+900 -b?: timeout"]);
  assert.deepEqual(await round(hang), ["4000+0 -b?: timeout"]);
  assert.deepEqual(
    await round(() => {
      world.rounds.seriesAdded(starting, world.seriesOf(starting, "running"));
      world.report(starting);
    }),
    ["5000+0 -b?: timeout"],
    "its first samples come a round late",
  );
  assert.deepEqual(await round(() => world.report(starting)), ["6000+0"]);
});

test("a query that nothing feeds has a round at each instant", async () => {
  const world = setUp();
  const asleep = world.watch('running{pod=~"gone-.*"}');
  for (let round = 0; round < 3; round++) {
    world.begin([]);
    await world.clock.advance(1000);
  }
  assert.deepEqual(asleep.told, ["0+0", "1000+0", "2000+0"]);
});

test("a target that goes during a round does not hold it up", async () => {
  const world = setUp();
  const [a, b] = [pod("a"), pod("b")];
  world.meet([
    [a, "running"],
    [b, "running"],
  ]);
  const { told } = world.watch("running");
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(a);
  world.rounds.gone(b);
  assert.deepEqual(told, ["1000+0"]);
  await world.clock.advance(1000);
  world.begin([a]);
  world.report(a);
  assert.deepEqual(told, ["1000+0", "2000+0"]);
  assert.equal(world.rounds.counts().targets, 1);
});

test("a series that ended is not waited for from the next round on", async () => {
  const world = setUp();
  const [a, b] = [pod("a"), pod("b")];
  world.meet([
    [a, "running"],
    [b, "running", "up"],
  ]);
  const { told } = world.watch("running");
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.rounds.seriesEnded(b, world.seriesOf(b, "running"));
  world.report(b);
  world.report(a);
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(a);
  assert.deepEqual(told, ["1000+0", "2000+0"]);
});

test("subscriptions come and go while a round is open", async () => {
  const world = setUp();
  const [a, b] = [pod("a"), pod("b")];
  world.meet([
    [a, "running"],
    [b, "running"],
  ]);
  const leaving = world.watch("running");
  const staying = world.watch("running");
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(a);
  leaving.stop();
  const late = world.watch("running");
  world.report(b);
  assert.deepEqual([leaving.told, staying.told, late.told], [[], ["1000+0"], []]);
  await world.clock.advance(1000);
  world.begin([a, b]);
  world.report(a);
  world.report(b);
  assert.deepEqual(late.told, ["2000+0"], "it takes part from the next instant on");
  assert.equal(world.rounds.counts().subscriptions, 2);
});

test("a subscriber that throws harms nobody, and may end its own or another's subscription", () => {
  const world = setUp();
  const a = pod("a");
  world.meet([[a, "running"]]);
  const parsed = parseQuery("running");
  assert.ok(parsed.kind === "parsed");
  const stop = world.rounds.subscribe(parsed.expr, () => {
    stop();
    doomed.stop();
    throw new Error("out of order");
  });
  const doomed = world.watch("running");
  const { told } = world.watch("running");
  const atMs = 5000;
  world.rounds.begin({ atMs, deadlineMs: atMs + timeoutMs, intervalMs: 1000, targets: [a] });
  world.report(a, atMs);
  assert.equal(told.length, 1);
  assert.deepEqual(doomed.told, []);
  assert.match(world.lines.join("\n"), /^a subscriber of rounds failed: Error: out of order/);
});

test("the next round ends one that is still open", async () => {
  const world = setUp();
  const a = pod("a");
  world.meet([[a, "running"]]);
  const { told } = world.watch("running");
  await world.clock.advance(1000);
  world.rounds.begin({ atMs: 1000, deadlineMs: 9000, intervalMs: 1000, targets: [a] });
  await world.clock.advance(1000);
  world.begin([a]);
  assert.deepEqual(told, ["1000+1000 -a: no answer before the next round"]);
  world.report(a);
  assert.deepEqual(told.slice(1), ["2000+0"]);
});

test("a clock that was set back: rounds go on from the earlier time", () => {
  const world = setUp();
  const a = pod("a");
  world.meet([[a, "running"]]);
  const { told } = world.watch("running");
  for (const atMs of [50_000, 51_000, 7000, 8000]) {
    world.rounds.begin({ atMs, deadlineMs: atMs + timeoutMs, intervalMs: 1000, targets: [a] });
    world.report(a, atMs);
  }
  assert.deepEqual(
    told.map((line) => line.split("+")[0]),
    ["50000", "51000", "7000", "8000"],
  );
});

test("targets of different intervals", async (t) => {
  const [fast, slow] = [pod("fast"), pod("slow")];
  /** Two instants of the slow one: all that is asked at an instant reports ten milliseconds later. */
  const play = async (
    world: ReturnType<typeof setUp>,
    order: "fast first" | "slow first",
    hangs?: RoundTarget,
  ): Promise<void> => {
    for (let second = 1; second <= 6; second++) {
      await world.clock.advance(1000 - (world.clock.nowMs() % 1000));
      const isSlowInstant = second % 3 === 0;
      if (isSlowInstant && order === "slow first") world.begin([slow], 3000);
      world.begin([fast]);
      if (isSlowInstant && order === "fast first") world.begin([slow], 3000);
      const atMs = world.clock.nowMs();
      await world.clock.advance(10);
      if (fast !== hangs) world.report(fast, atMs);
      if (isSlowInstant && slow !== hangs) world.report(slow, atMs);
    }
  };
  const begun = (query: string): { world: ReturnType<typeof setUp>; told: string[] } => {
    const world = setUp();
    world.meet([[fast, "running", "fast_only"]]);
    world.meet([[slow, "running", "slow_only"]], 3000);
    return { world, told: world.watch(query).told };
  };
  for (const order of ["fast first", "slow first"] as const) {
    await t.test(`one selector over both has the instants of the slower, ${order}`, async () => {
      const { world, told } = begun("sum(running)");
      await play(world, order);
      assert.deepEqual(told, ["3000+10 every 3000", "6000+10 every 3000"]);
    });
    await t.test(`two selectors have the instants of the faster, ${order}`, async () => {
      const { world, told } = begun("fast_only * on() group_left slow_only");
      await play(world, order);
      assert.deepEqual(
        told,
        [1, 2, 3, 4, 5, 6].map((second) => `${second * 1000}+10`),
      );
    });
    await t.test(`a slow one that hangs holds up one instant at most, ${order}`, async () => {
      const { world, told } = begun("fast_only * on() group_left slow_only");
      await play(world, order, slow);
      assert.deepEqual(told.slice(1, 4), [
        "2000+10",
        "3000+950 -slow: no answer within the round",
        "4000+10 -slow: no answer within the round",
      ]);
    });
  }
});

test("without subscribers reports are taken and nothing is told or kept waiting", async () => {
  const world = setUp();
  const a = pod("a");
  world.meet([[a, "running"]]);
  world.begin([a]);
  await world.clock.advance(5000);
  assert.deepEqual(world.rounds.counts(), {
    subscriptions: 0,
    targets: 1,
    completed: 0,
    incomplete: 0,
  });
  world.begin([a]);
  world.rounds.close();
  await world.clock.advance(5000);
});
