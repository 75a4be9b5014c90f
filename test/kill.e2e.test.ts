// `kill -9` under write load, again and again over the same data (a hundred times in CI): what was acknowledged is there, what
// was under way is there as a whole or not at all, and no process outlives the cluster.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ApiError, KubeClient } from "../src/kube/client.ts";
import { readKubeconfig } from "../src/kube/kubeconfig.ts";
import { httpTransport } from "../src/kube/transport.ts";
import { seededRandom, type Random } from "../src/lib/random.ts";
import { configMapKind, type ConfigMap } from "../src/resources/config-map.ts";
import { deploymentKind } from "../src/resources/deployment.ts";
import { eventually, processesOf, startDunlin, type RunningDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const kills = Number(process.env["DUNLIN_KILLS"] ?? 10);
const seed = Number(process.env["DUNLIN_SEED"] ?? Date.now() % 1_000_000);
const writers = 4;
const keysPerWriter = 8;
/** A run is killed after this many acknowledged writes at most: some starts, some steady load. */
const writesMax = 200;

/** The number that a key holds, or that it is absent. */
type Value = number | undefined;
/** What a key may hold: the last acknowledged value, or that of the one write under way. */
type Expectation = { acknowledged: Value; pending: { readonly value: Value } | undefined };

type Model = {
  readonly random: Random;
  readonly keys: Map<string, Expectation>;
  /** The highest revision that a client has seen. */
  revision: number;
  next: number;
};

test(`kill -9, ${kills} times under write load`, async (t) => {
  if (!hasTools(t, "setpriv")) return;
  t.diagnostic(`seed ${seed}`);
  const home = mkdtempSync(join(tmpdir(), "dunlin-kill-"));
  const dataDir = join(home, "data");
  let dunlin: RunningDunlin | undefined;
  t.after(async () => {
    await dunlin?.stop();
    rmSync(home, { recursive: true, force: true });
  });
  const model: Model = { random: seededRandom(seed), keys: new Map(), revision: 0, next: 1 };
  for (let key = 0; key < writers * keysPerWriter; key++)
    model.keys.set(`key-${key}`, { acknowledged: undefined, pending: undefined });

  for (let kill = 0; kill <= kills; kill++) {
    const run = (dunlin = await startDunlin({ dataDir }));
    const { client, close } = clientOf(run);
    await check(client, model, `after kill ${kill}, seed ${seed}`);
    if (kill === 0) await startSleeper(client);
    if (kill === kills) {
      close();
      break;
    }
    const enough = 1 + Math.floor(model.random() * writesMax);
    let written = 0;
    const reached = Promise.withResolvers<void>();
    const writing = Array.from({ length: writers }, (_, writer) =>
      write(client, model, writer, () => {
        if (++written === enough) reached.resolve();
      }),
    );
    await reached.promise;
    await run.kill("SIGKILL");
    await Promise.all(writing);
    close();
    await eventually("every process of the cluster is gone", () =>
      processesOf(dataDir).length === 0 ? true : undefined,
    );
    await run.stop();
  }
});

function clientOf(dunlin: RunningDunlin): { client: KubeClient; close: () => void } {
  const { transport, close } = httpTransport(readKubeconfig(dunlin.env["KUBECONFIG"] ?? ""));
  return { client: new KubeClient(transport), close };
}

/** Something to be orphaned. */
async function startSleeper(client: KubeClient): Promise<void> {
  const labels = { app: "sleeper" };
  await client.create(deploymentKind, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "sleeper", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "sleep", image: "none", command: ["sleep", "600"] }] },
      },
    },
  });
}

/** Writes to the writer's own keys, one request at a time, until the server is gone. */
async function write(
  client: KubeClient,
  model: Model,
  writer: number,
  onWritten: () => void,
): Promise<void> {
  for (;;) {
    const key = `key-${writer * keysPerWriter + Math.floor(model.random() * keysPerWriter)}`;
    const expectation = model.keys.get(key);
    assert(expectation);
    const deletes = expectation.acknowledged !== undefined && model.random() < 0.2;
    const value = deletes ? undefined : model.next++;
    expectation.pending = { value };
    try {
      const written = await put(client, key, expectation.acknowledged, value);
      model.revision = Math.max(model.revision, Number(written?.metadata.resourceVersion ?? 0));
    } catch (error) {
      // An answer is a fault; the end of the connection is what this is about.
      if (error instanceof ApiError) throw error;
      return;
    }
    expectation.acknowledged = value;
    expectation.pending = undefined;
    onWritten();
  }
}

/** Both fields hold the same number, so that half a write would show. */
async function put(
  client: KubeClient,
  name: string,
  old: Value,
  value: Value,
): Promise<ConfigMap | undefined> {
  const key = { namespace: "default", name };
  if (value === undefined) {
    await client.delete(configMapKind, key);
    return undefined;
  }
  const data = { left: String(value), right: String(value) };
  if (old !== undefined) return await client.patch(configMapKind, key, { data });
  return await client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: key,
    data,
  });
}

async function check(client: KubeClient, model: Model, when: string): Promise<void> {
  const { items, resourceVersion } = await client.list(configMapKind, { namespace: "default" });
  const found = new Map(items.map((item) => [item.metadata.name, item.data]));
  for (const [key, expectation] of model.keys) {
    const { left, right } = found.get(key) ?? {};
    assert.equal(left, right, `${key} was written in half, ${when}`);
    const value = left === undefined ? undefined : Number(left);
    const { acknowledged, pending } = expectation;
    assert.ok(
      value === acknowledged || (pending !== undefined && value === pending.value),
      `${key} holds ${value}, acknowledged was ${acknowledged}, ${when}`,
    );
    expectation.acknowledged = value;
    expectation.pending = undefined;
  }
  assert.ok(
    Number(resourceVersion) >= model.revision,
    `the revision went back from ${model.revision} to ${resourceVersion}, ${when}`,
  );
}
