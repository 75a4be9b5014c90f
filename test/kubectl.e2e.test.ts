// The API server as kubectl sees it: the real program over HTTPS, and what it prints.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { seededRandom } from "../src/lib/random.ts";
import { wallClock } from "../src/lib/wall-clock.ts";
import { builtinKinds } from "../src/resources/builtin-kinds.ts";
import { customKinds } from "../src/resources/custom-kinds.ts";
import { ControlPlane } from "../src/cluster/apiserver/api-handler.ts";
import { serveApi } from "../src/cluster/apiserver/api-server.ts";
import type { ServedApi } from "../src/cluster/apiserver/api-server.ts";
import { makeCertificates } from "../src/cluster/apiserver/certificates.ts";
import { kubeconfigText } from "../src/cluster/apiserver/kubeconfig.ts";
import { nodeThat } from "../src/cluster/apiserver/plane-fixture.ts";
import { hasTools } from "./tools.ts";

const directory = mkdtempSync(join(tmpdir(), "dunlin-kubectl-"));
// kubectl keeps discovery under HOME; a folder of our own keeps runs apart.
const env = { ...process.env, KUBECONFIG: join(directory, "kubeconfig"), HOME: directory };
let plane: ControlPlane;
let served: ServedApi;

before(async () => {
  plane = ControlPlane.open({
    clock: wallClock,
    random: seededRandom(1),
    kinds: builtinKinds,
    customKinds,
    admission: [],
    log: (line) => assert.fail(line),
    newUid: randomUUID,
  });
  plane.setNode(
    nodeThat({
      readLog: (pod) => Promise.resolve(new Blob([`log of ${pod.metadata.name}\n`]).stream()),
    }),
  );
  const tls = await makeCertificates(Date.now());
  const token = randomUUID();
  served = await serveApi({ plane, port: 0, tls, token, log: () => {} });
  const text = kubeconfigText({ url: served.url, authority: tls.authority, token });
  writeFileSync(env.KUBECONFIG, text);
  for (const [name, manifest] of Object.entries(manifests))
    writeFileSync(join(directory, name), manifest);
});

after(async () => {
  await served.close();
  await plane.close();
  rmSync(directory, { recursive: true, force: true });
});

const deployment = (replicas: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: nginx, ports: [{containerPort: 80}]}
`;

const service = (maxReplicas: string): string => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: qwen}
spec:
  predictor:
    model:
      modelFormat: {name: huggingface}
      storageUri: hf://Qwen/Qwen2.5-0.5B-Instruct
    minReplicas: 1
    maxReplicas: ${maxReplicas}
`;

const manifests = {
  "web.yaml": deployment("2"),
  "web3.yaml": deployment("3"),
  "web-typo.yaml": deployment("2").replace("replicas:", "replicaz:").replace(/web/g, "typo"),
  "web-text.yaml": deployment("two").replace(/web/g, "text"),
  "qwen.yaml": service("5"),
  "qwen4.yaml": service("4"),
  "qwen-typo.yaml": service("5").replace("maxReplicas:", "maxReplicaz:").replace(/qwen}/, "typo}"),
  "qwen-text.yaml": service("five"),
  "malformed.yaml": "apiVersion: v1\nkind: [\n",
  "unknown-kind.yaml": "apiVersion: nowhere.dev/v1\nkind: Thing\nmetadata: {name: a}\n",
  "pod.yaml":
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec: {containers: [{name: c, image: i}]}\n",
};

type Outcome = { readonly out: string; readonly err: string };

/** One line as typed; words in single quotes stay together. */
function kubectl(line: string): Promise<Outcome> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? "",
  );
  return new Promise((resolve) => {
    execFile("kubectl", words, { env, cwd: directory, timeout: 30_000 }, (_error, out, err) => {
      resolve({ out, err });
    });
  });
}

type Step = {
  readonly run: string;
  readonly out?: string | RegExp;
  readonly err?: RegExp;
};

/** In order; each story starts from what the last one left. */
const stories: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: "create, in protobuf",
    steps: [
      {
        run: "create secret generic hf-secret --from-literal=HF_TOKEN=abc",
        out: "secret/hf-secret created\n",
      },
      { run: "get secret hf-secret -o jsonpath={.data.HF_TOKEN}", out: "YWJj" },
      { run: "create configmap c --from-literal=a=b", out: "configmap/c created\n" },
      { run: "create configmap c --from-literal=a=b", err: /configmaps? "c" already exists/ },
      { run: "create namespace mine", out: "namespace/mine created\n" },
      { run: "create sa robot -n mine", out: "serviceaccount/robot created\n" },
      {
        run: "create deployment none --image=x --replicas=0 -n mine",
        out: "deployment.apps/none created\n",
      },
      { run: "get deployment none -n mine -o jsonpath={.spec.replicas}", out: "0" },
      { run: "create job j --image=x", err: /could not find the requested resource/ },
    ],
  },
  {
    name: "apply: created, unchanged, configured",
    steps: [
      { run: "apply -f web.yaml", out: "deployment.apps/web created\n" },
      { run: "apply -f web.yaml", out: "deployment.apps/web unchanged\n" },
      { run: "apply -f web3.yaml", out: "deployment.apps/web configured\n" },
      { run: "get deploy web -o jsonpath={.spec.replicas}", out: "3" },
      { run: "apply -f qwen.yaml", out: "inferenceservice.serving.kserve.io/qwen created\n" },
      { run: "apply -f qwen.yaml", out: "inferenceservice.serving.kserve.io/qwen unchanged\n" },
      { run: "apply -f qwen4.yaml", out: "inferenceservice.serving.kserve.io/qwen configured\n" },
      { run: "get isvc qwen -o jsonpath={.spec.predictor.maxReplicas}", out: "4" },
      { run: "diff -f web.yaml", out: /-  replicas: 3\n\+  replicas: 2/ },
      { run: "replace -f web.yaml", out: "deployment.apps/web replaced\n" },
      { run: "create -f web.yaml", err: /deployments.apps "web" already exists/ },
    ],
  },
  {
    name: "mistakes in manifests are named",
    steps: [
      {
        run: "apply -f web-typo.yaml",
        err: /strict decoding error: unknown field "spec.replicaz"/,
      },
      {
        run: "apply -f web-text.yaml",
        err: /cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32/,
      },
      {
        run: "apply -f qwen-typo.yaml",
        err: /strict decoding error: unknown field "spec.predictor.maxReplicaz"/,
      },
      {
        run: "apply -f qwen-text.yaml",
        err: /^The InferenceService "qwen" is invalid: spec.predictor.maxReplicas: Invalid value: "string": spec.predictor.maxReplicas in body must be of type integer: "string"\n$/,
      },
      { run: "create -f malformed.yaml", err: /error parsing malformed.yaml/ },
      {
        run: "apply -f unknown-kind.yaml",
        err: /no matches for kind "Thing" in version "nowhere.dev\/v1"\s+ensure CRDs are installed first/,
      },
      { run: "create configmap Bad_Name", err: /ConfigMap "Bad_Name" is invalid: metadata.name/ },
      { run: "apply --server-side -f web.yaml", err: /server-side apply is not served/ },
      { run: "get nothings", err: /the server doesn't have a resource type "nothings"/ },
      { run: "get deploy nothing", err: /deployments.apps "nothing" not found/ },
    ],
  },
  {
    name: "get, in every form",
    steps: [
      { run: "get deploy", out: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 / },
      {
        run: "get deploy -o wide",
        out: /CONTAINERS +IMAGES +SELECTOR\n.* main +nginx +app=web\n$/,
      },
      { run: "get deploy web -o yaml", out: /^apiVersion: apps\/v1\nkind: Deployment\n/ },
      { run: "get deploy -o json", out: /"kind": "List"/ },
      { run: "get deploy -o name", out: "deployment.apps/web\n" },
      {
        run: "get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas",
        out: /^N +R\nweb +2\n$/,
      },
      { run: "get deploy --sort-by=.metadata.name", out: /\nweb / },
      { run: "get deploy -A -o name", out: "deployment.apps/web\ndeployment.apps/none\n" },
      { run: "get cm,secret -l nothing=here", err: /No resources found/ },
      { run: "get deploy -l app=web -o name", out: "deployment.apps/web\n" },
      { run: "get cm --field-selector metadata.name=c -o name", out: "configmap/c\n" },
      { run: "get cm --field-selector data.a=b", err: /field label not supported: data.a/ },
      {
        run: "get ns --chunk-size=1 -o name",
        out: /namespace\/default\n(.*\n)+namespace\/mine\n$/,
      },
      { run: "get all", out: /deployment.apps\/web/ },
      { run: "get isvc", out: /^NAME +URL +READY .*AGE\nqwen / },
    ],
  },
  {
    name: "change: patch, label, annotate, scale, set image",
    steps: [
      {
        run: `patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s"}]}}}}'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: "get deploy web -o 'jsonpath={.spec.template.spec.containers[*].name}'",
        out: "main side",
      },
      {
        run: `patch deploy web --type merge -p '{"spec":{"paused":true}}'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: `patch deploy web --type json -p '[{"op":"remove","path":"/spec/paused"}]'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: `patch deploy web -p '{"spec":{"foo":1}}'`,
        err: /Warning: unknown field "spec.foo"/,
      },
      { run: `patch isvc qwen -p '{"spec":{}}'`, err: /is not supported by serving.kserve.io/ },
      { run: "label deploy web tier=front", out: "deployment.apps/web labeled\n" },
      { run: "label deploy web 'tier=no label'", err: /a valid label must be/ },
      {
        run: "annotate isvc qwen a=b",
        out: "inferenceservice.serving.kserve.io/qwen annotated\n",
      },
      { run: "scale deploy web --replicas=5", out: "deployment.apps/web scaled\n" },
      { run: "get deploy web -o jsonpath={.spec.replicas}/{.metadata.generation}", out: "5/7" },
      { run: "set image deploy/web main=other", out: "deployment.apps/web image updated\n" },
      { run: "rollout restart deploy web", out: "deployment.apps/web restarted\n" },
    ],
  },
  {
    name: "read about it: describe, explain, api-resources, auth",
    steps: [
      { run: "describe deploy web", out: /^Name: +web\n[^]*Replicas: +5 desired/ },
      { run: "describe isvc qwen", out: /Max Replicas: +4/ },
      { run: "describe ns default", out: /Status: +Active/ },
      { run: "api-resources", out: /inferenceservices +isvc +serving.kserve.io\/v1beta1 +true/ },
      { run: "explain deploy.spec.replicas", out: /FIELD: replicas <integer>/ },
      { run: "explain isvc.spec.predictor", out: /maxReplicas\t<integer>/ },
      { run: "auth can-i create pods", out: "yes\n" },
      { run: "auth whoami", out: /dunlin-admin/ },
      { run: "version", out: /Server Version: v1.32/ },
      { run: "get --raw /readyz", out: "ok" },
    ],
  },
  {
    name: "pods",
    steps: [
      { run: "apply -f pod.yaml", out: "pod/p created\n" },
      { run: "get pods -lapp=p", out: /^NAME +READY +STATUS +RESTARTS +AGE\np +0\/1 +Pending +0 / },
      { run: "logs p", out: "log of p\n" },
      { run: "logs p -c other", err: /container other is not valid for pod p/ },
      { run: "exec p -- ls", err: /exec subresource of pods is not served/ },
      { run: "wait --for=jsonpath={.status.phase}=Pending pod/p", out: "pod/p condition met\n" },
      { run: "delete pod p", out: 'pod "p" deleted\n' },
    ],
  },
  {
    name: "delete",
    steps: [
      { run: "delete -f qwen.yaml", out: 'inferenceservice.serving.kserve.io "qwen" deleted\n' },
      { run: "delete deploy web --cascade=foreground", out: 'deployment.apps "web" deleted\n' },
      { run: "delete ns mine", out: 'namespace "mine" deleted\n' },
      { run: "get deploy -A", err: /No resources found/ },
      { run: "delete cm --all", out: 'configmap "c" deleted\n' },
      {
        run: "delete crd inferenceservices.serving.kserve.io",
        out: /customresourcedefinition.*"inferenceservices.serving.kserve.io" deleted\n/,
      },
      // kubectl knows the kind from its cache for a while, as on any cluster.
      {
        run: "get isvc",
        err: /could not find the requested resource|doesn't have a resource type/,
      },
    ],
  },
];

test("kubectl's commands", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  for (const { name, steps } of stories)
    await t.test(name, async () => {
      for (const { run, out, err } of steps) {
        const outcome = await kubectl(run);
        const shown = `kubectl ${run}\n${outcome.out}${outcome.err}`;
        if (typeof out === "string") assert.equal(outcome.out, out, shown);
        else if (out) assert.match(outcome.out, out, shown);
        if (err) assert.match(outcome.err, err, shown);
        else assert.equal(outcome.err, "", shown);
      }
    });
});

test("get -w prints what happens, from where the list ended", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  await kubectl("create configmap watched");
  const child = spawn("kubectl", ["get", "configmap", "-w", "--no-headers"], { env });
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  assert.match(await next(), /^watched +0 /);
  await kubectl("create configmap later --from-literal=a=b");
  assert.match(await next(), /^later +1 /);
  await kubectl("delete configmap watched");
  assert.match(await next(), /^watched +0 /);
  child.kill();
  await once(child, "exit");
});
