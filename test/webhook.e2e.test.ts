// An admission webhook as operators bring one: a Deployment behind a Service, its certificate in a
// Secret, and a configuration that names the Service. All of it made with kubectl.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCertificates } from "../src/cluster/apiserver/certificates.ts";
import { eventually, startDunlin } from "./dunlin.ts";
import { hasTools } from "./tools.ts";

/** Labels what it sees, and refuses what carries the label `forbidden`. */
const program = `
const { createServer } = require("node:https");
const { readFileSync } = require("node:fs");
const [, folder] = process.argv;
const tls = { key: readFileSync(folder + "/tls.key"), cert: readFileSync(folder + "/tls.crt") };
createServer(tls, async (incoming, outgoing) => {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  if (text === "") return outgoing.end("ok");
  const { request } = JSON.parse(text);
  const labels = request.object.metadata.labels ?? {};
  const patch = [{ op: "add", path: "/metadata/labels", value: { ...labels, seen: "yes" } }];
  const response = labels.forbidden
    ? { uid: request.uid, allowed: false, status: { code: 403, reason: "Forbidden", message: "forbidden by label" } }
    : {
        uid: request.uid,
        allowed: true,
        patchType: "JSONPatch",
        patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
      };
  outgoing.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response }));
}).listen(8443, process.env.POD_IP);
`;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function manifests(): Promise<readonly object[]> {
  const { authority, cert, key } = await makeCertificates(Date.now(), ["hook.default.svc"]);
  const labels = { app: "hook" };
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "hook-tls", namespace: "default" },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(cert), "tls.key": base64(key) },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "hook", namespace: "default" },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: "hook",
                image: "example.dev/hook:1",
                command: ["node", "-e", program, "/certs"],
                ports: [{ name: "https", containerPort: 8443 }],
                volumeMounts: [{ name: "certs", mountPath: "/certs", readOnly: true }],
                readinessProbe: {
                  httpGet: { port: "https", scheme: "HTTPS" },
                  periodSeconds: 1,
                },
              },
            ],
            volumes: [{ name: "certs", secret: { secretName: "hook-tls" } }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook", namespace: "default" },
      spec: { selector: labels, ports: [{ port: 443, targetPort: "https" }] },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "hook" },
      webhooks: [
        {
          name: "hook.example.dev",
          clientConfig: {
            service: { name: "hook", namespace: "default", path: "/admit" },
            caBundle: base64(authority),
          },
          rules: [
            {
              apiGroups: [""],
              apiVersions: ["v1"],
              resources: ["configmaps"],
              operations: ["CREATE"],
            },
          ],
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          timeoutSeconds: 2,
        },
      ],
    },
  ];
}

test("a webhook that runs in the cluster changes and refuses what kubectl creates", async (t) => {
  if (!hasTools(t, "kubectl")) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const [secret, deployment, service, configuration] = await manifests();
  for (const manifest of [secret, deployment, service])
    await dunlin.kubectl("apply -f -", JSON.stringify(manifest));
  await dunlin.kubectl("rollout status deployment/hook --timeout=60s");
  await dunlin.kubectl("apply -f -", JSON.stringify(configuration));

  const config = { apiVersion: "v1", kind: "ConfigMap" };
  const create = (name: string, labels: object) =>
    dunlin.run(
      "kubectl",
      ["create", "-f", "-"],
      JSON.stringify({ ...config, metadata: { name, labels } }),
    );
  // The endpoint of the ready pod reaches the API server a moment after the rollout.
  await eventually("the webhook is asked", async () => {
    const { code } = await create("first", { mine: "1" });
    return code === 0 ? true : undefined;
  });
  assert.equal(
    await dunlin.kubectl("get cm first --no-headers -o custom-columns=L:.metadata.labels"),
    "map[mine:1 seen:yes]\n",
  );
  const refused = await create("second", { forbidden: "1" });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^Error from server \(Forbidden\): .*admission webhook "hook.example.dev" denied the request: forbidden by label\n$/,
  );

  await dunlin.kubectl("scale deployment hook --replicas=0");
  await dunlin.kubectl("wait --for=delete pod -l app=hook --timeout=30s");
  const failed = await create("third", {});
  assert.match(
    failed.stderr,
    /failed calling webhook "hook.example.dev": failed to call webhook: Post "https:\/\/hook.default.svc\/admit\?timeout=2s": no endpoints available for service "hook"/,
  );
  await dunlin.kubectl("delete mutatingwebhookconfiguration hook");
  assert.equal((await create("third", {})).code, 0);
});
