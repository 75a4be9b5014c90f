// What a person sees who gets something wrong: one clear error that names the field and what to do,
// and everything else running on.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { readKubeconfig } from "../src/kube/kubeconfig.ts";
import {
  eventually,
  example,
  listChildren,
  repository,
  runProgram,
  startDunlin,
} from "./dunlin.ts";
import { hasTools } from "./tools.ts";

type Manifest = {
  metadata: { name: string; annotations: Record<string, string> };
  spec: {
    predictor: {
      minReplicas: unknown;
      maxReplicas: unknown;
      model: Record<string, unknown>;
      autoScaling: {
        metrics: { external: { metric: Record<string, string>; target: Record<string, string> } }[];
      };
    };
  };
};

/** The example's InferenceService with something changed in it. */
function manifest(change: (service: Manifest) => void): string {
  const service: Manifest = parse(readFileSync(example("huggingface-qwen.yaml"), "utf8"));
  change(service);
  return stringify(service);
}

const external = (service: Manifest) => {
  const [metric] = service.spec.predictor.autoScaling.metrics;
  assert.ok(metric);
  return metric.external;
};

const refused: readonly { name: string; input: string; expected: RegExp }[] = [
  { name: "malformed YAML", input: "spec: [1, 2", expected: /error converting YAML to JSON/ },
  {
    name: "an unknown field",
    input: manifest(({ spec }) => (spec.predictor.model["storageURI"] = "hf://a/b")),
    expected: /strict decoding error: unknown field "spec.predictor.model.storageURI"/,
  },
  {
    name: "a wrong type",
    input: manifest(({ spec }) => (spec.predictor.minReplicas = "one")),
    expected: /spec.predictor.minReplicas.*must be of type integer/,
  },
  {
    name: "a name that is no DNS label",
    input: manifest(({ metadata }) => (metadata.name = "Huggingface_Qwen")),
    expected: /metadata.name: Invalid value: "Huggingface_Qwen"/,
  },
  {
    name: "a minimum above the maximum",
    input: manifest(({ spec }) => (spec.predictor.minReplicas = 6)),
    expected: /spec.predictor.minReplicas: Invalid value: 6: .*maxReplicas/,
  },
  {
    name: "an unknown autoscaler class",
    input: manifest(
      ({ metadata }) => (metadata.annotations["serving.kserve.io/autoscalerClass"] = "kedda"),
    ),
    expected: /autoscalerClass.*Unsupported value: "kedda".*"keda"/,
  },
  {
    name: "a query that does not parse",
    input: manifest((service) => (external(service).metric["query"] = "sum(vllm:x")),
    expected: /metrics\[0\].external.metric.query: Invalid value: "sum\(vllm:x": 1:11: parse error/,
  },
  {
    name: "a target with a unit",
    input: manifest((service) => (external(service).target["value"] = "500m")),
    expected: /metrics\[0\].external.target.value: Invalid value: "500m"/,
  },
  {
    name: "an unknown model format",
    input: manifest(({ spec }) => (spec.predictor.model["modelFormat"] = { nam: "x" })),
    expected: /modelFormat/,
  },
];

test("what cannot work is refused by kubectl with field and remedy", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const { kubectl, run } = dunlin;

  for (const { name, input, expected } of refused)
    await t.test(name, async () => {
      const { code, stderr } = await run("kubectl", ["apply", "-f", "-"], input);
      assert.notEqual(code, 0);
      assert.match(stderr, expected);
      assert.equal(await kubectl("get inferenceservices -o name"), "");
    });

  await t.test("malformed JSON in a request body", async () => {
    const raw = ["create", "--raw", "/api/v1/namespaces/default/configmaps", "-f", "-"];
    const { code, stderr } = await run("kubectl", raw, '{"kind": "ConfigMap", ');
    assert.notEqual(code, 0);
    assert.equal(
      stderr,
      "Error from server (BadRequest): couldn't get version/kind; json parse error: " +
        "Expected double-quoted property name in JSON at position 22 (line 1 column 23)\n",
    );
  });

  await t.test("a Prometheus that cannot be reached holds the replicas and says so", async () => {
    const input = manifest((service) => {
      external(service).metric["serverAddress"] = "http://127.0.0.1:59999";
      service.spec.predictor.minReplicas = 2;
    });
    await run("kubectl", ["apply", "-f", "-"], input);
    const message = await eventually("the ScaledObject says so", async () => {
      const text = await kubectl(
        `get scaledobject huggingface-qwen-predictor -o jsonpath={.status.conditions[?(@.type=="Ready")].message}`,
      ).catch(() => "");
      return text.includes("127.0.0.1:59999") ? text : undefined;
    });
    assert.match(message, /serverAddress.*http:\/\/127.0.0.1:59999.*ECONNREFUSED.*replicas hold/);
    const table = await kubectl("get scaledobject huggingface-qwen-predictor --no-headers");
    assert.match(table, / prometheus +False +Unknown +False +Unknown /);
    await eventually("the minimum still holds", async () =>
      (await kubectl("get deploy huggingface-qwen-predictor -o jsonpath={.spec.replicas}")) === "2"
        ? true
        : undefined,
    );
    await kubectl("delete inferenceservice huggingface-qwen");
    await eventually("nothing of it is left", async () =>
      (await kubectl(listChildren)) === "" ? true : undefined,
    );
  });

  await t.test("a command that does not exist and an image that nothing stands for", async () => {
    await run("kubectl", [
      "create",
      "deployment",
      "ghost",
      "--image=ghost",
      "--",
      "/no/such/program",
    ]);
    await run("kubectl", ["create", "deployment", "unmapped", "--image=nobody/knows:1"]);
    const described = async (name: string, pattern: RegExp) =>
      eventually(`${name} says ${pattern}`, async () => {
        const text = await kubectl(`describe pods -l app=${name}`);
        return pattern.test(text) ? true : undefined;
      });
    await described(
      "ghost",
      /Reason: +StartError\n +Message: +failed to start container "ghost": exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory\n/,
    );
    await described("unmapped", /kubelet +Error: ErrImagePull\n/);
    await described(
      "unmapped",
      /Failed to pull image "nobody\/knows:1": .* local processes, and no image mapping leads from this image to a command; mapped images: kserve\/huggingfaceserver\*.* Map it to a local command .* or give the container a command of its own\n/,
    );
    await kubectl("delete deployment ghost unmapped");
  });

  await t.test("after all that, a good manifest still works", async () => {
    await kubectl(`apply -f ${example("huggingface-qwen.yaml")}`);
    await kubectl("wait --for=condition=Ready inferenceservice/huggingface-qwen --timeout=60s");
  });
});

test("a start that cannot work ends with one sentence", async (t) => {
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "read-only"), { mode: 0o555 });
  const apiPort = new URL(readKubeconfig(dunlin.env["KUBECONFIG"] ?? "").server).port;
  const { INGRESS_PORT = "" } = dunlin.env;
  const free = ["--api-port", "0", "--ingress-port", "0"];
  const asRoot = process.getuid?.() === 0 && "root may write everywhere";
  const cases: readonly {
    name: string;
    args: readonly string[];
    expected: RegExp;
    skip?: string | false;
  }[] = [
    {
      name: "the API port is in use",
      args: ["--ephemeral", "--api-port", apiPort, "--ingress-port", "0"],
      expected: new RegExp(`port ${apiPort}.*--api-port`),
    },
    {
      name: "the ingress port is in use",
      args: ["--ephemeral", "--api-port", "0", "--ingress-port", INGRESS_PORT],
      expected: new RegExp(`port ${INGRESS_PORT}.*--ingress-port`),
    },
    {
      name: "the data directory is in use",
      args: ["--data-dir", dunlin.dataDir, ...free],
      expected: /in use.*--data-dir/,
    },
    {
      name: "the data directory cannot be made",
      args: ["--data-dir", join(folder, "file", "x"), ...free],
      expected: /cannot use the data directory.*ENOTDIR.*--data-dir/,
    },
    {
      name: "the data directory is not writable",
      args: ["--data-dir", join(folder, "read-only"), ...free],
      expected: /cannot use the data directory.*EACCES.*--data-dir/,
      skip: asRoot,
    },
    {
      name: "the data directory's parent is not writable",
      args: ["--data-dir", join(folder, "read-only", "x"), ...free],
      expected: /cannot use the data directory.*EACCES.*--data-dir/,
      skip: asRoot,
    },
    { name: "an unknown option", args: ["--gpu", "2"], expected: /Unknown option '--gpu'/ },
    { name: "no number", args: ["--gpus", "two"], expected: /--gpus takes a whole number/ },
  ];
  for (const { name, args, expected, skip = false } of cases)
    await t.test(name, { skip }, async () => {
      const { code, stdout, stderr } = await runProgram(
        join(repository, "dunlin"),
        ["up", ...args],
        {
          ...(process.env as Record<string, string>),
        },
      );
      assert.ok(code !== null && code > 0, `exit code ${code}: ${stdout}`);
      assert.match(stderr, expected);
      assert.equal(stderr.trimEnd().split("\n").length, 1, `more than a sentence: ${stderr}`);
    });
});
