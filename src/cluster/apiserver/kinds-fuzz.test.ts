// Random objects of every kind, created, shown, patched and written back: each request is carried out
// or refused by name, and none ends in an internal error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../lib/random.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { customKinds } from "../../resources/custom-kinds.ts";
import { crdOf } from "../../resources/custom-resource-definition.ts";
import { apiVersionOf, type Kind } from "../../resources/kind.ts";
import { randomValue } from "../../resources/random-value-fixture.ts";
import { openTestPlane, widgetKind } from "./plane-fixture.ts";

const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const patches = [
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
] as const;

const gadgetKind: Kind = {
  ...widgetKind,
  kind: "Gadget",
  plural: "gadgets",
  singular: "gadget",
  shortNames: [],
};

const spec = { containers: [{ name: "a", image: "i:1" }] };
const selector = { matchLabels: { app: "x" } };
const template = { metadata: { labels: { app: "x" } }, spec };

/** What is taken where random values hardly ever are. */
const plain: Readonly<Record<string, object>> = {
  Pod: { spec },
  Deployment: { spec: { selector, template } },
  ReplicaSet: { spec: { selector, template } },
  Service: { spec: { ports: [{ port: 80 }] } },
  EndpointSlice: { addressType: "IPv4", endpoints: [] },
  Event: { involvedObject: { kind: "Pod", namespace: "default", name: "a" } },
  InferenceService: {
    spec: {
      predictor: { model: { modelFormat: { name: "huggingface" }, storageUri: "hf://a/b" } },
    },
  },
  ScaledObject: {
    spec: {
      scaleTargetRef: { name: "a" },
      triggers: [{ type: "cpu", metricType: "Utilization", metadata: { value: "50" } }],
    },
  },
  ClusterStorageContainer: {
    spec: { container: { name: "a", image: "i:1" }, supportedUriFormats: [{ prefix: "hf://" }] },
  },
  CustomResourceDefinition: crdOf(gadgetKind),
  Ingress: { spec: { defaultBackend: { service: { name: "s", port: { number: 80 } } } } },
};

for (const kind of [...builtinKinds, ...customKinds])
  test(`any ${kind.kind} is taken or refused`, async () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
    const random = seededRandom(seed);
    const { call } = openTestPlane({ customKinds });
    const scope = kind.namespaced ? "/namespaces/default" : "";
    const root = kind.group === "" ? "/api/v1" : `/apis/${apiVersionOf(kind)}`;
    const path = `${root}${scope}/${kind.plural}`;
    const isDefinition = kind.kind === "CustomResourceDefinition";
    const sent = async (...request: Parameters<typeof call>): Promise<number> => {
      const { status, body: answer } = await call(...request);
      const [method, where, given] = request;
      const told = `seed ${seed}: ${method} ${where} ${JSON.stringify(given)}: ${answer.message}`;
      assert.ok(status < 500, told);
      return status;
    };
    for (let index = 0; index < 40; index++) {
      const options = { misfits: index % 3 === 0 ? 0.02 : 0, share: index % 2 === 0 ? 0.3 : 0.03 };
      const name = isDefinition ? "gadgets.example.dev" : `x${index}`;
      const identity = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name } };
      const body = (): object => ({
        ...(randomValue(kind.schema, random, options) as object),
        ...identity,
      });
      if ((await sent("POST", path, body())) !== 201) {
        const status = await sent("POST", path, { ...plain[kind.kind], ...identity });
        // The definition's name is always the same, and its removal takes a while.
        assert.equal(status, isDefinition && index > 0 ? 409 : 201);
      }
      await sent("GET", path, undefined, table);
      await sent("PUT", `${path}/${name}`, body());
      for (const type of patches)
        await sent("PATCH", `${path}/${name}?fieldManager=m&force=true`, body(), {
          "content-type": type,
        });
      await sent("PATCH", `${path}/${name}/status`, body(), { "content-type": patches[0] });
      await sent("GET", path, undefined, table);
      await sent("DELETE", `${path}/${name}`, { gracePeriodSeconds: 0 });
    }
  });
