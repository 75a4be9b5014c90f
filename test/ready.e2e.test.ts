// What an InferenceService says of itself while it starts: not ready, then ready, and never back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { KubeClient } from "../src/kube/client.ts";
import { readKubeconfig } from "../src/kube/kubeconfig.ts";
import { httpTransport } from "../src/kube/transport.ts";
import { deploymentKind } from "../src/resources/deployment.ts";
import { inferenceServiceKind, type InferenceService } from "../src/resources/inference-service.ts";
import type { Condition } from "../src/resources/object.ts";
import { scaledObjectKind } from "../src/resources/scaled-object.ts";
import { eventually, example, startDunlin } from "./dunlin.ts";

type WithConditions = { readonly status?: { readonly conditions?: readonly Condition[] } };

const readiness = (object: WithConditions | undefined): string =>
  object?.status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "none";

/** The example, with a minimum of three. */
function threeReplicas(): InferenceService {
  const service: InferenceService = parse(readFileSync(example("huggingface-qwen.yaml"), "utf8"));
  const { metadata, spec } = service;
  return {
    ...service,
    metadata: { ...metadata, namespace: "default" },
    spec: { ...spec, predictor: { ...spec.predictor, minReplicas: 3 } },
  };
}

test("an InferenceService of three replicas becomes Ready once, with all three", async (t) => {
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const { transport, close } = httpTransport(readKubeconfig(dunlin.env["KUBECONFIG"] ?? ""));
  t.after(close);
  const client = new KubeClient(transport);
  const predictor = { namespace: "default", name: "huggingface-qwen-predictor" };

  const stop = new AbortController();
  t.after(() => stop.abort());
  const { resourceVersion } = await client.list(inferenceServiceKind);
  /** Each change of the Ready condition, in order: the watch skips none. */
  const said: string[] = [];
  const watching = (async () => {
    const events = client.watch(inferenceServiceKind, { resourceVersion, signal: stop.signal });
    for await (const { type, object } of events)
      if (type !== "BOOKMARK" && readiness(object) !== said.at(-1)) said.push(readiness(object));
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });

  await client.create(inferenceServiceKind, threeReplicas());
  await eventually("it says that it is Ready", () => (said.includes("True") ? true : undefined));
  const deployment = await client.get(deploymentKind, predictor);
  assert.equal(deployment?.status?.readyReplicas, 3, "ready replicas when it first said Ready");
  // Only then have the first decisions been made, which must not take anything back.
  await eventually("its autoscaling works", async () =>
    readiness(await client.get(scaledObjectKind, predictor)) === "True" ? true : undefined,
  );
  await eventually("it is Ready", () => (said.at(-1) === "True" ? true : undefined));
  stop.abort();
  await watching;
  const once = said.indexOf("True") === said.length - 1;
  assert.ok(once, `Ready was, one after the other: ${said.join(", ")}`);
});
