// The commands of the autoscaler document, as a reader types them, with the real kubectl and hey.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  eventually,
  example,
  listChildren,
  processesOf,
  startDunlin,
  words,
  type RunningDunlin,
} from "./dunlin.ts";
import { hasTools } from "./tools.ts";

const service = example("huggingface-qwen.yaml");
const storage = example("huggingface-storage.yaml");
/** Character for character what the document has its reader type. */
const documentedLoad = `SERVICE_HOSTNAME=$(kubectl get inferenceservice huggingface-qwen -o jsonpath='{.status.url}' | cut -d "/" -f 3)

hey -z 30s -c 5 -m POST -host \${SERVICE_HOSTNAME} \\
-H "Content-Type: application/json" \\
-d '{"model": "qwen", "messages": [{"role": "system", "content": "You are a helpful assistant that speaks like Shakespeare."},{"role": "user", "content": "Write a poem about colors"}], "stream": false, "max_tokens": 100}' \\
http://\${INGRESS_HOST}:\${INGRESS_PORT}/openai/v1/chat/completions
`;
/** How often the load is repeated; CI asks for ten runs in a row. */
const runs = Number(process.env["DUNLIN_SEED_RUNS"] ?? "2");

type PodCounts = {
  readonly ready: number;
  /** All that are not on their way out, in whatever state. */
  readonly present: number;
};

async function countPods(dunlin: RunningDunlin): Promise<PodCounts> {
  const pods = await dunlin.kubectl(
    "get pods -lserving.kserve.io/inferenceservice=huggingface-qwen --no-headers",
  );
  const present = pods.split("\n").filter((line) => line !== "" && !/ Terminating /.test(line));
  const ready = present.filter((line) => / 1\/1 +Running /.test(line));
  return { ready: ready.length, present: present.length };
}

/** Sends the document's load, for as long and with as many requests as told, and counts the pods. */
async function loaded(
  dunlin: RunningDunlin,
  inFlight: number,
  seconds: number,
): Promise<{ readonly hey: string; readonly counts: readonly PodCounts[] }> {
  const script = documentedLoad.replace("-z 30s -c 5", `-z ${seconds}s -c ${inFlight}`);
  const endMs = Date.now() + seconds * 1000;
  const sending = dunlin.run("bash", ["-euo", "pipefail", "-c", script]);
  let sent = false;
  void sending.then(() => (sent = true));
  const counts: PodCounts[] = [];
  // After that hey sends nothing new and only waits for answers.
  while (!sent && Date.now() < endMs) counts.push(await countPods(dunlin));
  const { code, stdout, stderr } = await sending;
  assert.equal(code, 0, stderr);
  return { hey: stdout, counts };
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

  const cases = [
    { inFlight: 5, replicas: 3 },
    { inFlight: 6, replicas: 3 },
    { inFlight: 12, replicas: 5 },
  ];
  for (let run = 0; run < Math.max(runs, cases.length); run++) {
    const { inFlight, replicas } = cases[run % cases.length] ?? { inFlight: 5, replicas: 3 };
    const name = `run ${run + 1}: ${inFlight} in flight give exactly ${replicas} replicas, then 1`;
    // Once, where nobody waits, the document's command runs unchanged.
    const seconds = run === 0 && process.env["CI"] ? 30 : 12;
    await t.test(name, async () => {
      const { hey, counts } = await loaded(dunlin, inFlight, seconds);
      assert.match(hey, /Status code distribution:\n {2}\[200\]\t\d+ responses\n/);
      assert.doesNotMatch(hey, /^ {2}\[(?!200\])\d+\]\t/m, "answers other than 200");
      assert.doesNotMatch(hey, /Error distribution/);
      const seen = `ready/present: ${counts.map(({ ready, present }) => `${ready}/${present}`).join(" ")}`;
      const most = Math.max(...counts.map(({ present }) => present));
      assert.equal(most, replicas, `overshoot or never reached; ${seen}`);
      const reached = counts.findIndex(({ ready }) => ready === replicas);
      assert.notEqual(reached, -1, `never all ready; ${seen}`);
      const held = counts.slice(reached).every(({ ready }) => ready === replicas);
      assert.ok(held, `not held; ${seen}`);
      await eventually("back to one replica", async () => {
        const { ready, present } = await countPods(dunlin);
        return ready === 1 && present === 1 ? true : undefined;
      });
    });
  }

  await t.test("ACTIVE follows the load", async () => {
    const active = async () =>
      kubectl(
        `get scaledobject huggingface-qwen-predictor -o jsonpath={.status.conditions[?(@.type=="Active")].status}`,
      );
    const load = loaded(dunlin, 2, 4);
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
      const left = await kubectl(listChildren);
      return left === "" ? true : undefined;
    });
    assert.deepEqual(processesOf(dunlin.dataDir), []);
  });
});
