// Helm 3 and 4 with a small chart: install, upgrade, rollback and uninstall, each waiting for what
// runs; a release that fails; and templates that kubectl applies.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openDunlinTerminal } from "./dunlin-terminal.ts";
import { hasClients } from "./programs.ts";
import { tell, type Story } from "./story.ts";

const chart: Readonly<Record<string, string>> = {
  "chart/Chart.yaml": "apiVersion: v2\nname: greeter\nversion: 1.2.3\nappVersion: '4'\n",
  "chart/values.yaml": "replicas: 1\nimage: any\ncommand: [sleep, '1000']\ngreeting: hello\n",
  "chart/templates/NOTES.txt": "Greets with {{ .Values.greeting }}.\n",
  "chart/templates/all.yaml": `
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {greeting: {{ .Values.greeting }}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: {greeting: {{ .Values.greeting }}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {{ .Values.image }}
        {{- with .Values.command }}
        command: {{ toJson . }}
        {{- end }}
        ports: [{name: http, containerPort: 8080}]
`,
  "chart/templates/check.yaml": `
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-check, annotations: {helm.sh/hook: test}}
spec:
  restartPolicy: Never
  containers: [{name: check, image: any, command: [sh, -c, "echo checked"]}]
`,
  "hooked/Chart.yaml": "apiVersion: v2\nname: hooked\nversion: 0.1.0\n",
  "hooked/templates/job.yaml": `
apiVersion: batch/v1
kind: Job
metadata: {name: before, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: any}]}}}
`,
};

const kubectl = { program: "1.32/kubectl" } as const;

const story: Story = {
  name: "a release from install to uninstall",
  steps: [
    {
      run: "install web chart --wait --timeout 60s",
      out: /^NAME: web\n[^]*STATUS: deployed\nREVISION: 1\n[^]*Greets with hello\.\n/,
    },
    { ...kubectl, run: "get deploy web", out: /web +1\/1 +1 +1 / },
    { run: "install web chart", err: /cannot re-?use a name that is still in use/ },
    {
      run: "list",
      out: /^NAME *\tNAMESPACE\tREVISION\t[^]*web *\tdefault *\t1 *\t.*\tdeployed\tgreeter-1\.2\.3\t4 *\n$/,
    },
    { run: "status web", out: /STATUS: deployed\n/ },
    { run: "get values web --all", out: /greeting: hello\n/ },
    { run: "get manifest web", out: /kind: Deployment\n/ },
    {
      run: "upgrade web chart --set replicas=2,greeting=hi --wait --timeout 60s",
      out: /^Release "web" has been upgraded\. Happy Helming!\n[^]*REVISION: 2\n/,
    },
    { ...kubectl, run: "get deploy web", out: /web +2\/2 +2 +2 / },
    { ...kubectl, run: "get cm web -o jsonpath={.data.greeting}", out: "hi" },
    {
      run: "upgrade web chart --set image=nobody/knows --set command=null --wait --timeout 4s",
      err: /UPGRADE FAILED:[^]*(timed out|deadline exceeded|not ready)/,
    },
    { run: "list --failed -q", out: "web\n" },
    {
      run: "history web",
      out: /\n1 +\t.*\tsuperseded\t[^]*\n2 +\t.*\tdeployed +\t[^]*\n3 +\t.*\tfailed +\t/,
    },
    {
      run: "rollback web 1 --wait --timeout 60s",
      out: /^Rollback was a success! Happy Helming!\n$/,
    },
    { ...kubectl, run: "get deploy web", out: /web +1\/1 +1 +1 / },
    { ...kubectl, run: "get cm web -o jsonpath={.data.greeting}", out: "hello" },
    {
      run: "test web --timeout 60s --logs",
      out: /TEST SUITE: +web-check\n[^]*Phase: +Succeeded\n[^]*POD LOGS: web-check\nchecked\n/,
    },
    { run: "uninstall web --wait --timeout 60s", out: 'release "web" uninstalled\n' },
    {
      ...kubectl,
      run: "get deploy,svc,cm,sa,rs -l app=web",
      out: "",
      err: /No resources found/,
      code: 0,
    },
    { run: "list -q", out: "" },
    { run: "status web", err: /release: not found/ },
  ],
};

const others: Story = {
  name: "what never becomes a release",
  steps: [
    {
      run: "install dry chart --dry-run=server",
      out: /STATUS: pending-install\n[^]*MANIFEST:\n/,
      err: /^(.*[Ww](arning|ARN).*\n)?$/,
      code: 0,
    },
    { run: "install hooked hooked", err: /no matches for kind "Job" in version "batch\/v1"/ },
    {
      run: "install broken chart --set replicas=many",
      err: /cannot (be handled as|unmarshal)|expected numeric|Invalid|invalid/,
    },
    {
      run: "template piped chart --output-dir made",
      out: /wrote made\/greeter\/templates\/all.yaml\n/,
    },
    {
      ...kubectl,
      run: "apply -f made/greeter/templates/all.yaml",
      out: /^(\S+\/piped created\n){4}$/,
    },
    {
      ...kubectl,
      run: "rollout status deploy/piped --timeout=50s",
      out: /successfully rolled out\n$/,
    },
    {
      ...kubectl,
      run: "delete -f made/greeter/templates/all.yaml",
      out: /deployment.apps "piped" deleted/,
    },
    { run: "uninstall hooked broken", err: /.*/, out: /.*/, code: 0 },
  ],
};

for (const version of ["3", "4"])
  test(`Helm ${version}`, async (t) => {
    if (!hasClients(t)) return;
    const terminal = await openDunlinTerminal(t, `${version}/helm`);
    for (const [file, text] of Object.entries(chart)) {
      const path = join(terminal.directory, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    await tell(t, terminal, [story, others]);
  });
