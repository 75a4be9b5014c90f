// Pods that reach each other, and the API, as in any cluster: ordinary programs in Node by name, others
// by the documented means.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { eventually, startDunlin, type RunningDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

/** Listens at all addresses, as most servers do by default. */
const greeter = `
  require("node:http")
    .createServer((request, response) => response.end(process.env.HOSTNAME))
    .listen(8080);
`;

/** Prints what it finds under each URL. */
const asker = `
  const ca = require("node:fs").readFileSync(process.env.CA);
  const https = (url) => new Promise((done, fail) => {
    require("node:https").get(url, { ca, headers: { authorization: "Bearer none" } }, (answer) => done(String(answer.resume().statusCode)))
      .on("error", fail);
  });
  const ask = async (url) => {
    try {
      return url.startsWith("https:") ? await https(url) : await (await fetch(url)).text();
    } catch (error) {
      return String(error.cause?.code ?? error.code ?? error);
    }
  };
  (async () => {
    for (const url of process.argv.slice(1)) console.log(url, await ask(url));
  })();
`;

const pythonAsker = `
import os, urllib.request
proxies = urllib.request.ProxyHandler({"http": os.environ["DUNLIN_HTTP_PROXY"]})
print(urllib.request.build_opener(proxies).open("http://hello.default.svc/").read().decode())
link = "http://%s:%s/" % (os.environ["HELLO_SERVICE_HOST"], os.environ["HELLO_SERVICE_PORT"])
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(link).read().decode())
`;

const shellAsker = `curl -sS -x "$DUNLIN_HTTP_PROXY" http://hello.default.svc/`;

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "hello" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "hello" } },
    template: {
      metadata: { labels: { app: "hello" } },
      spec: {
        containers: [
          {
            name: "main",
            image: "node",
            command: ["node", "-e", greeter],
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};

const service = (name: string, spec: object) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: {
    selector: { app: "hello" },
    ports: [{ name: "http", port: 80, targetPort: 8080 }],
    ...spec,
  },
});

const pod = (name: string, command: readonly string[], spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    restartPolicy: "Never",
    containers: [
      {
        name: "main",
        image: "asker",
        command,
        env: [{ name: "CA", value: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt" }],
      },
    ],
    ...spec,
  },
});

/** Runs a pod to its end; resolves with the lines that it printed. */
async function linesOf(dunlin: RunningDunlin, object: ReturnType<typeof pod>): Promise<string[]> {
  await dunlin.kubectl("apply -f -", JSON.stringify(object));
  const { name } = object.metadata;
  const phase = await eventually(`pod ${name} ends`, async () => {
    const seen = await dunlin.kubectl(`get pod ${name} -o jsonpath={.status.phase}`);
    return seen === "Succeeded" || seen === "Failed" ? seen : undefined;
  });
  const log = await dunlin.kubectl(`logs ${name}`);
  assert.equal(phase, "Succeeded", log);
  return log.trim().split("\n");
}

test("pods reach each other by name", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const items = [
    deployment,
    service("hello", {}),
    service("hello-pods", { clusterIP: "None" }),
    service("elsewhere", {
      type: "ExternalName",
      externalName: "hello.default.svc.cluster.local",
      selector: undefined,
      ports: undefined,
    }),
  ];
  await dunlin.kubectl("apply -f -", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await dunlin.kubectl("rollout status deployment hello --timeout=60s");
  const pods = (await dunlin.kubectl("get pods -l app=hello -o jsonpath={.items[*].metadata.name}"))
    .split(" ")
    .toSorted();
  assert.equal(pods.length, 2, "both listen at port 8080 of all addresses");

  await t.test("programs in Node, as they are", async () => {
    const urls = [
      "http://hello/",
      "http://hello.default/",
      "http://hello.default.svc/",
      "http://hello.default.svc.cluster.local/",
      "http://hello-pods:8080/",
      "http://elsewhere/",
      "http://aliased/",
      "https://kubernetes.default.svc/version",
      "http://nobody.default.svc/",
    ];
    const { stdout } = await dunlin.run("kubectl", [
      "get",
      "service",
      "hello",
      "-o=jsonpath={.spec.clusterIP}",
    ]);
    const aliases = [{ ip: stdout, hostnames: ["aliased"] }];
    const lines = await linesOf(
      dunlin,
      pod("node-asker", ["node", "-e", asker, ...urls], { hostAliases: aliases }),
    );
    const answers = new Map(lines.map((line) => line.split(" ") as [string, string]));
    for (const url of urls.slice(0, 7))
      assert.ok(pods.includes(answers.get(url) ?? ""), `${url}: ${answers.get(url)}`);
    assert.equal(answers.get("https://kubernetes.default.svc/version"), "401");
    assert.equal(answers.get("http://nobody.default.svc/"), "ENOTFOUND");
  });

  await t.test("programs in Python by the proxy and the Service's variables", async (t) => {
    if (!runs("python3", "--version")) return t.skip("python3 is not on the PATH");
    const lines = await linesOf(dunlin, pod("python-asker", ["python3", "-c", pythonAsker]));
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(pods.includes(line), line);
  });

  await t.test("scripts by the proxy", async (t) => {
    if (!runs("curl", "--version")) return t.skip("curl is not on the PATH");
    const [line = ""] = await linesOf(dunlin, pod("shell-asker", ["sh", "-c", shellAsker]));
    assert.ok(pods.includes(line), line);
  });

  await t.test("a node port is reached at the node's address", async () => {
    await dunlin.kubectl('patch service hello -p {"spec":{"type":"NodePort"}}');
    const port = await dunlin.kubectl("get service hello -o jsonpath={.spec.ports[0].nodePort}");
    const node = await dunlin.kubectl("get node dunlin -o jsonpath={.status.addresses[0].address}");
    const answer = await eventually("it answers", async () =>
      fetch(`http://${node}:${port}/`).then(
        (response) => response.text(),
        () => undefined,
      ),
    );
    assert.ok(pods.includes(answer));
  });

  await t.test("a Service that lost its pods refuses at once", async () => {
    await dunlin.kubectl("scale deployment hello --replicas=0");
    await dunlin.kubectl("wait --for=delete pod -l app=hello --timeout=30s");
    const lines = await linesOf(dunlin, pod("late", ["node", "-e", asker, "http://hello/"]));
    assert.deepEqual(lines, ["http://hello/ ECONNRESET"]);
  });
});

function runs(program: string, argument: string): boolean {
  try {
    execFileSync(program, [argument], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
