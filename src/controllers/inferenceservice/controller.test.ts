// The loop against a real API server: an InferenceService goes in, children and a status come out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { parse } from "yaml";
import { openControlPlane } from "../../../test/control-plane.ts";
import { eventually, example } from "../../../test/dunlin.ts";
import { wallClock } from "../../lib/wall-clock.ts";
import { configMapKind } from "../../resources/config-map.ts";
import { deploymentKind } from "../../resources/deployment.ts";
import { inferenceServiceKind, type InferenceService } from "../../resources/inference-service.ts";
import { ingressKind } from "../../resources/ingress.ts";
import { conditionOf, controllerOf, type Condition } from "../../resources/object.ts";
import { scaledObjectKind } from "../../resources/scaled-object.ts";
import { serviceKind } from "../../resources/service.ts";
import { startInferenceServiceController } from "./controller.ts";

const key = { namespace: "default", name: "huggingface-qwen" };
const child = { namespace: "default", name: "huggingface-qwen-predictor" };

async function setUp(t: TestContext) {
  const plane = await openControlPlane(t);
  const { client } = plane;
  const log = (line: string): void => void plane.lines.push(line);
  startInferenceServiceController({ ...plane, clock: wallClock, log }, plane.signal);
  return {
    ...plane,
    apply: () => client.create(inferenceServiceKind, manifest()),
    /** Plays the workload loops: so many replicas are available. */
    available: async (availableReplicas: number, replicas = availableReplicas): Promise<void> => {
      const deployment = await eventually("there is a Deployment", () =>
        client.get(deploymentKind, child),
      );
      await client.patch(
        deploymentKind,
        deployment.metadata,
        { spec: { replicas } },
        { subresource: "scale" },
      );
      const status = {
        availableReplicas,
        conditions: [
          {
            type: "Available",
            status: availableReplicas >= replicas ? "True" : "False",
            reason: "Test",
          },
        ],
      };
      await client.patch(deploymentKind, child, { status }, { subresource: "status" });
    },
    until: (type: string, holds: (condition: Condition) => boolean) =>
      eventually(`the condition ${type}`, async () => {
        const service = await client.get(inferenceServiceKind, key);
        const condition = conditionOf(service?.status?.conditions, type);
        return condition && holds(condition) ? condition : undefined;
      }),
  };
}

function manifest(): InferenceService {
  const service: InferenceService = parse(readFileSync(example("huggingface-qwen.yaml"), "utf8"));
  return { ...service, metadata: { ...service.metadata, namespace: "default" } };
}

const isTrue = ({ status }: Condition): boolean => status === "True";

test("a service gets its children, and its way in once it has been ready", async (t) => {
  const { client, apply, available, until } = await setUp(t);
  const service = await apply();
  await available(0, 1);
  await until("PredictorReady", ({ status }) => status === "False");
  assert.equal(await client.get(ingressKind, key), undefined);
  await available(1);
  await until("Ready", isTrue);
  const children = await Promise.all([
    client.get(deploymentKind, child),
    client.get(serviceKind, child),
    client.get(scaledObjectKind, child),
    client.get(ingressKind, key),
  ]);
  for (const found of children)
    assert.equal(found && controllerOf(found)?.uid, service.metadata.uid, found?.kind);
  const status = (await client.get(inferenceServiceKind, key))?.status;
  assert.equal(status?.url, "http://huggingface-qwen-default.example.com");
  assert.equal(status?.address?.url, "http://huggingface-qwen-predictor.default.svc.cluster.local");
});

test("what was understood of the metrics is a condition", async (t) => {
  const { apply, until } = await setUp(t);
  await apply();
  const { message } = await until("dunlin.dev/MetricsUnderstood", isTrue);
  assert.match(message ?? "", /vllm:num_requests_running.*2 per replica/);
});

test("growing leaves a ready service Ready; losing its last replica does not", async (t) => {
  const { apply, available, until, client } = await setUp(t);
  await apply();
  await available(1);
  await until("Ready", isTrue);
  await available(1, 3);
  await eventually("the step is seen", async () => {
    const deployment = await client.get(deploymentKind, child);
    return deployment?.spec.replicas === 3 ? true : undefined;
  });
  assert.ok(isTrue(await until("Ready", () => true)));
  await available(0, 3);
  await until("Ready", ({ status }) => status === "False");
});

test("a new maximum reaches the ScaledObject; a scaler's count stays", async (t) => {
  const { apply, available, until, client } = await setUp(t);
  await apply();
  await available(3);
  await until("Ready", isTrue);
  await client.patch(inferenceServiceKind, key, {
    spec: {
      predictor: { maxReplicas: 7, model: { args: ["--model_name=qwen", "--max-num-seqs=8"] } },
    },
  });
  await eventually("the children follow", async () => {
    const [scaled, deployment] = await Promise.all([
      client.get(scaledObjectKind, child),
      client.get(deploymentKind, child),
    ]);
    const args = deployment?.spec.template.spec.containers[0]?.args ?? [];
    return scaled?.spec.maxReplicaCount === 7 && args.includes("--max-num-seqs=8")
      ? true
      : undefined;
  });
  assert.equal((await client.get(deploymentKind, child))?.spec.replicas, 3);
});

test("a child that somebody changed is brought back", async (t) => {
  const { apply, client } = await setUp(t);
  await apply();
  await eventually("there is a ScaledObject", () => client.get(scaledObjectKind, child));
  await client.patch(scaledObjectKind, child, { spec: { maxReplicaCount: 50 } });
  await eventually("it is brought back", async () =>
    (await client.get(scaledObjectKind, child))?.spec.maxReplicaCount === 5 ? true : undefined,
  );
});

test("a Service that somebody changed is brought back, though Services have no generation", async (t) => {
  const { apply, client } = await setUp(t);
  await apply();
  const selector = async () => (await client.get(serviceKind, child))?.spec.selector?.["app"];
  const app = await eventually("there is a Service", selector);
  await client.patch(serviceKind, child, { spec: { selector: { app: "nobody" } } });
  await eventually("it is brought back", async () =>
    (await selector()) === app ? true : undefined,
  );
});

test("a new service starts with its minimum, and is not Ready before it has it", async (t) => {
  const { client, until, available } = await setUp(t);
  const service = manifest();
  await client.create(inferenceServiceKind, {
    ...service,
    spec: { predictor: { ...service.spec.predictor, minReplicas: 3 } },
  });
  await eventually("three replicas are wanted", async () =>
    (await client.get(deploymentKind, child))?.spec.replicas === 3 ? true : undefined,
  );
  await available(2, 3);
  await until("PredictorReady", ({ status }) => status === "False");
  await available(3, 3);
  await until("Ready", isTrue);
});

test("a child's name that is taken is told, and the stranger is left alone", async (t) => {
  const { apply, client, until } = await setUp(t);
  await client.create(serviceKind, {
    apiVersion: "v1",
    kind: "Service",
    metadata: child,
    spec: { ports: [{ port: 1234 }] },
  });
  await apply();
  const ready = await until("Ready", ({ status }) => status === "False");
  assert.equal(ready.reason, "ForeignChild");
  assert.match(ready.message ?? "", /Service default\/huggingface-qwen-predictor exists already/);
  assert.equal((await client.get(serviceKind, child))?.spec.ports?.[0]?.port, 1234);
});

test("KServe's ConfigMap sets the window of scaling down, and its change reaches services", async (t) => {
  const { apply, client } = await setUp(t);
  const metadata = { namespace: "kserve", name: "inferenceservice-config" };
  const autoscaler = (seconds: number): { autoscaler: string } => ({
    autoscaler: JSON.stringify({ scaleDownStabilizationWindowSeconds: String(seconds) }),
  });
  await client.create(configMapKind, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata,
    data: autoscaler(10),
  });
  await apply();
  const window = (seconds: number) =>
    eventually(`the window is ${seconds} s`, async () => {
      const scaled = await client.get(scaledObjectKind, child);
      const rules = scaled?.spec.advanced?.horizontalPodAutoscalerConfig?.behavior?.scaleDown;
      return rules?.stabilizationWindowSeconds === seconds ? true : undefined;
    });
  await window(10);
  await client.patch(configMapKind, metadata, { data: autoscaler(20) });
  await window(20);
});

test("a service that cannot be served says why, and gets no children", async (t) => {
  const { client, until } = await setUp(t);
  const service = manifest();
  const { predictor } = service.spec;
  await client.create(inferenceServiceKind, {
    ...service,
    spec: {
      predictor: {
        ...predictor,
        ...(predictor.model && { model: { ...predictor.model, modelFormat: { name: "onnx" } } }),
      },
    },
  });
  const ready = await until("Ready", ({ status }) => status === "False");
  assert.equal(ready.reason, "InvalidSpec");
  assert.match(ready.message ?? "", /modelFormat.*"onnx".*"huggingface"/);
  assert.equal(await client.get(deploymentKind, child), undefined);
});
