// The commands of the autoscaler document, as a reader types them, with the real kubectl and hey.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, example, startDunlin, words, type RunningDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const service = example("huggingface-qwen.yaml");
const storage = example("huggingface-storage.yaml");
const body = JSON.stringify({
  model: "qwen",
  messages: [
    { role: "system", content: "You are a helpful assistant that speaks like Shakespeare." },
    { role: "user", content: "Write a poem about colors" },
  ],
  stream: false,
  max_tokens: 100,
});
/** How often the load is repeated; CI asks for ten runs in a row. */
const runs = Number(process.env["DUNLIN_SEED_RUNS"] ?? "2");

async function runningPods(dunlin: RunningDunlin): Promise<number> {
  const pods = await dunlin.kubectl(
    "get pods -lserving.kserve.io/inferenceservice=huggingface-qwen --no-headers",
  );
  return pods.split("\n").filter((line) => / 1\/1 +Running /.test(line)).length;
}

/** Sends the load and looks at the pods all the while. */
async function loaded(
  dunlin: RunningDunlin,
  hostname: string,
  inFlight: number,
  seconds: number,
): Promise<{ readonly hey: string; readonly counts: readonly number[] }> {
  const endMs = Date.now() + seconds * 1000;
  const { INGRESS_HOST, INGRESS_PORT } = dunlin.env;
  const url = `http://${INGRESS_HOST}:${INGRESS_PORT}/openai/v1/chat/completions`;
  const sending = dunlin.run("hey", [
    ...words(`-z ${seconds}s -c ${inFlight} -m POST -host ${hostname}`),
    "-H",
    "Content-Type: application/json",
    "-d",
    body,
    url,
  ]);
  let sent = false;
  void sending.then(() => (sent = true));
  const counts: number[] = [];
  // After that hey sends nothing new and only waits for answers.
  while (!sent && Date.now() < endMs) counts.push(await runningPods(dunlin));
  return { hey: (await sending).stdout, counts };
}

test("the document's commands work as typed", async (t) => {
  if (!hasTools(t, "kubectl", "hey")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const { kubectl } = dunlin;

  await t.test("a secret and a ClusterStorageContainer are created", async () => {
    assert.match(
      await kubectl("create secret generic hf-secret --from-literal=HF_TOKEN=hf_x"),
      /^secret\/hf-secret created$/m,
    );
    assert.match(
      await kubectl(`apply -f ${storage}`),
      /^clusterstoragecontainer.serving.kserve.io\/hf-hub created$/m,
    );
  });

  await t.test("the InferenceService is created, then unchanged, then configured", async () => {
    const name = "inferenceservice.serving.kserve.io/huggingface-qwen";
    assert.equal(await kubectl(`apply -f ${service}`), `${name} created\n`);
    assert.equal(await kubectl(`apply -f ${service}`), `${name} unchanged\n`);
    const patch = JSON.stringify({ spec: { predictor: { maxReplicas: 4 } } });
    await kubectl(`patch inferenceservice huggingface-qwen --type merge -p '${patch}'`);
    await eventually("maxReplicas takes effect", async () => {
      const max = await kubectl(
        "get scaledobject huggingface-qwen-predictor -o jsonpath={.spec.maxReplicaCount}",
      ).catch(() => "");
      return max === "4" ? true : undefined;
    });
    assert.equal(await kubectl(`apply -f ${service}`), `${name} configured\n`);
    await kubectl("wait --for=condition=Ready inferenceservice/huggingface-qwen --timeout=60s");
  });

  await t.test("the ScaledObject shows the document's columns", async () => {
    const seen = await eventually("the ScaledObject is ready", async () => {
      const table = await kubectl("get scaledobjects huggingface-qwen-predictor");
      const [header = "", row = ""] = table.split("\n");
      return / True +False +False +Unknown +\d+/.test(row) ? { header, row } : undefined;
    });
    assert.deepEqual(
      words(seen.header),
      words(
        "NAME SCALETARGETKIND SCALETARGETNAME MIN MAX TRIGGERS AUTHENTICATION READY ACTIVE FALLBACK PAUSED AGE",
      ),
    );
    assert.match(
      seen.row,
      /^huggingface-qwen-predictor +apps\/v1.Deployment +huggingface-qwen-predictor +1 +5 +prometheus +True +False +False +Unknown/,
    );
  });

  // What matters below is that it holds while the load lasts; five minutes of waiting add nothing.
  const window = JSON.stringify({
    data: { autoscaler: '{"scaleDownStabilizationWindowSeconds": "3"}' },
  });
  await kubectl(`patch configmap inferenceservice-config -n kserve --type merge -p '${window}'`);
  const url = await kubectl("get inferenceservice huggingface-qwen -o jsonpath='{.status.url}'");
  const hostname = new URL(url).host;

  const cases = [
    { inFlight: 5, replicas: 3 },
    { inFlight: 6, replicas: 3 },
    { inFlight: 12, replicas: 5 },
  ];
  for (let run = 0; run < Math.max(runs, cases.length); run++) {
    const { inFlight, replicas } = cases[run % cases.length] ?? { inFlight: 5, replicas: 3 };
    const name = `run ${run + 1}: ${inFlight} in flight give exactly ${replicas} replicas, then 1`;
    await t.test(name, async () => {
      const { hey, counts } = await loaded(dunlin, hostname, inFlight, 12);
      assert.match(hey, /Status code distribution:\n {2}\[200\]\t\d+ responses\n/);
      assert.doesNotMatch(hey, /Error distribution/);
      assert.equal(Math.max(...counts), replicas, `overshoot: ${counts.join(" ")}`);
      const reached = counts.indexOf(replicas);
      const held = counts.slice(reached);
      assert.ok(
        held.every((count) => count === replicas),
        `not held: ${counts.join(" ")}`,
      );
      await eventually("back to one replica", async () =>
        (await runningPods(dunlin)) === 1 ? true : undefined,
      );
    });
  }

  await t.test("ACTIVE follows the load", async () => {
    const active = async () =>
      kubectl(
        `get scaledobject huggingface-qwen-predictor -o jsonpath={.status.conditions[?(@.type=="Active")].status}`,
      );
    const load = loaded(dunlin, hostname, 2, 4);
    await eventually("active", async () => ((await active()) === "True" ? true : undefined));
    await load;
    await eventually("inactive", async () => ((await active()) === "False" ? true : undefined));
  });

  await t.test("everyday commands show what is there", async () => {
    const listed = await kubectl("get deploy,svc,ingress");
    assert.match(listed, /deployment.apps\/huggingface-qwen-predictor +1\/1 +1 +1/);
    assert.match(listed, /service\/huggingface-qwen-predictor +ClusterIP/);
    assert.match(listed, /ingress.networking.k8s.io\/huggingface-qwen +istio/);
    const described = await kubectl("describe scaledobject huggingface-qwen-predictor");
    assert.match(described, /SuccessfulRescale.*in total \/ 2 per replica/);
    const selector = "-lserving.kserve.io/inferenceservice=huggingface-qwen";
    assert.match(await kubectl(`describe pods ${selector}`), /Node: +dunlin/);
    const logs = await kubectl(`logs ${selector} -c kserve-container --tail=-1`);
    assert.match(logs, /simulated engine/);
    assert.match(await kubectl("get events"), /SuccessfulRescale/);
    const watched = await dunlin.run("timeout", ["2", "kubectl", "get", "pods", "-w"]);
    assert.match(watched.stdout, /huggingface-qwen-predictor-.*1\/1 +Running/);
  });

  await t.test("deleting it removes every child and every process", async () => {
    assert.match(await kubectl(`delete -f ${service}`), /"huggingface-qwen" deleted/);
    await eventually("nothing is left", async () => {
      const left = await kubectl("get deploy,rs,pods,ingress,scaledobjects -o name");
      return left === "" ? true : undefined;
    });
    const children = await dunlin.run("ps", ["-o", "pid=,args=", "--ppid", String(dunlin.pid)]);
    assert.doesNotMatch(children.stdout, /modelserver/);
  });
});
