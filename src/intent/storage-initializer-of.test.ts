// Which ClusterStorageContainer fetches a model, and what becomes of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import { defaultInferenceServiceConfig } from "./inference-service-config.ts";
import { storageContainerFor, storageInitializerOf } from "./storage-initializer-of.ts";

type Format = ClusterStorageContainer["spec"]["supportedUriFormats"][number];

function container(
  name: string,
  format: Format,
  more: Partial<ClusterStorageContainer> = {},
): ClusterStorageContainer {
  return {
    apiVersion: "serving.kserve.io/v1alpha1",
    kind: "ClusterStorageContainer",
    metadata: { name },
    spec: { container: { name, image: `${name}:1` }, supportedUriFormats: [format] },
    ...more,
  };
}

describe("the container for hf://Qwen/Qwen2.5", () => {
  const shipped = container("default", { prefix: "hf://" });
  const job = container("job", { prefix: "hf://" });
  const cases: readonly {
    readonly name: string;
    readonly given: readonly ClusterStorageContainer[];
    readonly chosen: string | undefined;
  }[] = [
    { name: "none", given: [], chosen: undefined },
    { name: "other schemes", given: [container("s3", { prefix: "s3://" })], chosen: undefined },
    { name: "the only one", given: [shipped], chosen: "default" },
    {
      name: "the user's before the shipped one",
      given: [shipped, container("hf-hub", { prefix: "hf://" })],
      chosen: "hf-hub",
    },
    {
      name: "the longest prefix",
      given: [container("a", { prefix: "hf://" }), container("b", { prefix: "hf://Qwen/" })],
      chosen: "b",
    },
    {
      name: "a prefix before a regular expression",
      given: [container("a", { regex: "hf://Qwen/.*" }), container("b", { prefix: "hf://" })],
      chosen: "b",
    },
    {
      name: "equals by name, in whatever order they come",
      given: [container("b", { prefix: "hf://" }), container("a", { prefix: "hf://" })],
      chosen: "a",
    },
    { name: "disabled ones never", given: [{ ...shipped, disabled: true }], chosen: undefined },
    {
      name: "those for other work never",
      given: [{ ...job, spec: { ...job.spec, workloadType: "localModelDownloadJob" } }],
      chosen: undefined,
    },
    {
      name: "a broken expression never",
      given: [container("x", { regex: "(" })],
      chosen: undefined,
    },
  ];
  for (const { name, given, chosen } of cases)
    test(name, () => {
      for (const order of [given, given.toReversed()])
        assert.equal(storageContainerFor("hf://Qwen/Qwen2.5", order)?.metadata.name, chosen);
    });
});

describe("the init container", () => {
  const of = (containers: readonly ClusterStorageContainer[], readOnly = true) => {
    const { storageInitializer } = defaultInferenceServiceConfig;
    const result = storageInitializerOf("hf://a/b", containers, storageInitializer, readOnly);
    assert.equal(result.kind, "initializer");
    return result;
  };

  test("comes from the configuration where no ClusterStorageContainer fits", () => {
    const { container: made, from, mount } = of([]);
    assert.equal(from, undefined);
    assert.equal(made.image, "kserve/storage-initializer:latest");
    assert.deepEqual(made.resources, {
      requests: { cpu: "100m", memory: "100Mi" },
      limits: { cpu: "1", memory: "1Gi" },
    });
    assert.equal(mount.readOnly, true);
  });

  test("keeps its name and arguments, whatever the ClusterStorageContainer says", () => {
    const { container: made, from } = of([container("hub", { prefix: "hf://" })]);
    assert.equal(from, "hub");
    assert.equal(made.name, "storage-initializer");
    assert.equal(made.image, "hub:1");
    assert.deepEqual(made.args, ["hf://a/b", "/mnt/models"]);
  });

  test("does not overrule an environment that the user set", () => {
    const hub = container("hub", { prefix: "hf://" });
    const env = [{ name: "HF_XET_HIGH_PERFORMANCE", value: "0" }];
    const spec = { ...hub.spec, container: { ...hub.spec.container, env } };
    const { container: made } = of([{ ...hub, spec }]);
    const values = made.env?.filter(({ name }) => name === "HF_XET_HIGH_PERFORMANCE");
    assert.deepEqual(values, env);
  });

  test("may leave the model writable", () => assert.equal(of([], false).mount.readOnly, false));
});
