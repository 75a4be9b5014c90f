// kubectl's commands that write objects: create, apply on both sides, replace, edit, patch, label,
// annotate, set, scale, diff and delete.
import { openPlaneTerminal } from "./plane-terminal.ts";
import { deleted, testStories, type Story } from "./story.ts";

const deployment = (name: string, replicas: string, image = "nginx"): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - {name: main, image: ${image}, ports: [{containerPort: 80}]}
`;

const service = (name: string, maxReplicas: string): string => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: ${name}}
spec:
  predictor:
    model:
      modelFormat: {name: huggingface}
      storageUri: hf://Qwen/Qwen2.5-0.5B-Instruct
    minReplicas: 1
    maxReplicas: ${maxReplicas}
`;

const configMap = (name: string, value: string, extra = ""): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}${extra}}
data: {key: ${value}}
`;

const stories: readonly Story[] = [
  {
    name: "create, each generator",
    files: { "key.txt": "content", "env.txt": "A=1\nB=2\n" },
    steps: [
      { run: "create namespace mine", out: "namespace/mine created\n" },
      {
        run: "create configmap c1 --from-literal=a=b --from-file=key.txt",
        out: "configmap/c1 created\n",
      },
      { run: "get cm c1 -o jsonpath={.data}", out: '{"a":"b","key.txt":"content"}' },
      { run: "create cm c2 --from-env-file=env.txt", out: "configmap/c2 created\n" },
      { run: "get cm c2 -o jsonpath={.data.A}{.data.B}", out: "12" },
      {
        run: "create cm c1",
        err: /^error: failed to create configmap: configmaps "c1" already exists\n$/,
      },
      { run: "create secret generic s1 --from-literal=TOKEN=abc", out: "secret/s1 created\n" },
      { run: "get secret s1 -o jsonpath={.data.TOKEN}/{.type}", out: "YWJj/Opaque" },
      {
        run: "create secret docker-registry s2 --docker-server=r.example --docker-username=u --docker-password=p",
        out: "secret/s2 created\n",
      },
      { run: "get secret s2 -o jsonpath={.type}", out: "kubernetes.io/dockerconfigjson" },
      { run: "create sa robot", out: "serviceaccount/robot created\n" },
      {
        run: "create deployment d1 --image=x --replicas=0 --port=80",
        out: "deployment.apps/d1 created\n",
      },
      {
        run: "get deploy d1 -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].ports[0]}",
        out: '0/{"containerPort":80,"protocol":"TCP"}',
      },
      { run: "create deployment d2 --image=x -- run me", out: "deployment.apps/d2 created\n" },
      {
        run: "get deploy d2 -o jsonpath={.spec.template.spec.containers[0].command}",
        out: '["run","me"]',
      },
      { run: "create service clusterip v1 --tcp=80:8080 --tcp=443", out: "service/v1 created\n" },
      { run: "create service clusterip v2 --clusterip=None", out: "service/v2 created\n" },
      { run: "get svc v2 -o jsonpath={.spec.clusterIP}", out: "None" },
      {
        run: "create service externalname v3 --external-name=example.com",
        out: "service/v3 created\n",
      },
      { run: "get svc v3", out: /ExternalName +<none> +example.com +<none>/ },
      { run: "create service nodeport v4 --tcp=80", out: "service/v4 created\n" },
      { run: "create service loadbalancer v5 --tcp=80", out: "service/v5 created\n" },
      {
        run: "create ingress i1 --class=own --rule=a.b/=v1:80 --rule=c.d/p*=v1:443 --default-backend=v1:80",
        out: "ingress.networking.k8s.io/i1 created\n",
      },
      {
        run: "get ingress i1 -o jsonpath={.spec.rules[*].http.paths[*].pathType}",
        out: "Exact Prefix",
      },
      { run: "run p1 --image=x --labels=a=b --env=K=V --port=80", out: "pod/p1 created\n" },
      {
        run: "get pod p1 -o jsonpath={.metadata.labels.a}/{.spec.containers[0].env[0].value}",
        out: "b/V",
      },
      {
        run: "expose deploy d1 --port=80 --target-port=8080 --name=v6",
        out: "service/v6 exposed\n",
      },
      {
        run: "get svc v6 -o jsonpath={.spec.ports[0].targetPort}/{.spec.selector.app}",
        out: "8080/d1",
      },
      { run: "expose pod p1 --port=80", out: "service/p1 exposed\n" },
      {
        run: "create cm c3 --dry-run=client -o yaml",
        out: /^apiVersion: v1\nkind: ConfigMap\nmetadata:\n(.*\n)* {2}name: c3\n/,
      },
      { run: "create cm c3 --dry-run=server", out: "configmap/c3 created (server dry run)\n" },
      { run: "get cm c3 --ignore-not-found", out: "" },
      {
        run: "create cm Bad_Name",
        err: /^error: failed to create configmap: ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/,
      },
      { run: "create cm c4 -n nowhere", err: /namespaces "nowhere" not found/ },
      { run: "create cm c4 --validate=strict -o name", out: "configmap/c4\n" },
    ],
  },
  {
    name: "kinds that are not served are refused by name",
    steps: [
      { run: "create job j --image=x", err: /could not find the requested resource/ },
      {
        run: "create cronjob j --image=x --schedule=*/1****",
        err: /could not find the requested resource|invalid/,
      },
      {
        run: "create role r --verb=get --resource=pods",
        err: /could not find the requested resource/,
      },
      { run: "create quota q", err: /could not find the requested resource/ },
      {
        run: "create pdb b --selector=a=b --min-available=1",
        err: /could not find the requested resource/,
      },
      { run: "create token robot", err: /the token subresource of serviceaccounts is not served/ },
      {
        run: "autoscale deploy d1 --max=3",
        err: /could not find the requested resource|failed to create autoscaling/,
      },
    ],
  },
  {
    name: "create -f",
    files: {
      "web.yaml": deployment("web", "2"),
      "two.yaml": `${configMap("one", "a")}---${configMap("two", "b")}`,
      "list.json": `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"listed"}}]}`,
      "generated.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: gen-}\n",
      "typo.yaml": deployment("typo", "2").replace("replicas:", "replicaz:"),
      "text.yaml": deployment("text", "two"),
      "malformed.yaml": "apiVersion: v1\nkind: [\n",
      "unknown.yaml": "apiVersion: nowhere.dev/v1\nkind: Thing\nmetadata: {name: a}\n",
      "kindless.yaml": "apiVersion: v1\nmetadata: {name: a}\n",
      "nameless.yaml": "apiVersion: v1\nkind: ConfigMap\n",
    },
    steps: [
      { run: "create -f web.yaml", out: "deployment.apps/web created\n" },
      {
        run: "create -f web.yaml",
        err: /^Error from server \(AlreadyExists\): error when creating "web.yaml": deployments.apps "web" already exists\n$/,
      },
      { run: "create -f two.yaml", out: "configmap/one created\nconfigmap/two created\n" },
      { run: "create -f list.json", out: "configmap/listed created\n" },
      { run: "create -f generated.yaml -o name", out: /^configmap\/gen-[a-z0-9]{5}\n$/ },
      { run: "create -f -", input: configMap("piped", "x"), out: "configmap/piped created\n" },
      { run: "create -f typo.yaml", err: /strict decoding error: unknown field "spec.replicaz"/ },
      {
        run: "create -f typo.yaml --validate=warn",
        out: "deployment.apps/typo created\n",
        err: /^Warning: unknown field "spec.replicaz"\n$/,
        code: 0,
      },
      {
        run: "create -f text.yaml",
        err: /Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32/,
      },
      { run: "create -f malformed.yaml", err: /error parsing malformed.yaml/ },
      {
        run: "create -f unknown.yaml",
        err: /no matches for kind "Thing" in version "nowhere.dev\/v1"\s+ensure CRDs are installed first/,
      },
      { run: "create -f kindless.yaml", err: /error validating data: kind not set/ },
      { run: "create -f nameless.yaml", err: /name or generateName is required/ },
      {
        run: `create --raw /api/v1/namespaces/default/configmaps -f -`,
        input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"raw"}}',
        out: /"name":"raw"/,
      },
    ],
  },
  {
    name: "apply on the client's side",
    files: {
      "app.yaml": deployment("app", "2"),
      "app3.yaml": deployment("app", "3"),
      "qwen.yaml": service("qwen", "5"),
      "qwen4.yaml": service("qwen", "4"),
      "qwen-typo.yaml": service("typo", "5").replace("maxReplicas:", "maxReplicaz:"),
      "qwen-text.yaml": service("text", "five"),
      "pruned.yaml": `${configMap("keep", "x", ", labels: {set: p}")}---${configMap("drop", "x", ", labels: {set: p}")}`,
      "pruned2.yaml": configMap("keep", "z", ", labels: {set: p}"),
      "plain.yaml": configMap("plain", "x"),
      "plain2.yaml": configMap("plain", "x").replace("key: x", "other: z"),
    },
    steps: [
      { run: "apply -f app.yaml", out: "deployment.apps/app created\n" },
      { run: "apply -f app.yaml", out: "deployment.apps/app unchanged\n" },
      { run: "diff -f app.yaml", out: "" },
      { run: "diff -f app3.yaml", out: /-  replicas: 2\n\+  replicas: 3/, code: 1 },
      {
        run: "apply -f app3.yaml --dry-run=server",
        out: "deployment.apps/app configured (server dry run)\n",
      },
      { run: "get deploy app -o jsonpath={.spec.replicas}", out: "2" },
      { run: "apply -f app3.yaml", out: "deployment.apps/app configured\n" },
      { run: "get deploy app -o jsonpath={.spec.replicas}", out: "3" },
      { run: "apply view-last-applied deploy app", out: /replicas: 3/ },
      { run: "apply set-last-applied -f app.yaml", out: "deployment.apps/app configured\n" },
      { run: "apply -f plain.yaml", out: "configmap/plain created\n" },
      { run: "apply -f plain2.yaml", out: "configmap/plain configured\n" },
      { run: "get cm plain -o jsonpath={.data}", out: '{"other":"z"}' },
      { run: "apply -f qwen.yaml", out: "inferenceservice.serving.kserve.io/qwen created\n" },
      { run: "apply -f qwen.yaml", out: "inferenceservice.serving.kserve.io/qwen unchanged\n" },
      { run: "apply -f qwen4.yaml", out: "inferenceservice.serving.kserve.io/qwen configured\n" },
      { run: "get isvc qwen -o jsonpath={.spec.predictor.maxReplicas}", out: "4" },
      {
        run: "apply -f qwen-typo.yaml",
        err: /strict decoding error: unknown field "spec.predictor.maxReplicaz"/,
      },
      {
        run: "apply -f qwen-text.yaml",
        err: /^The InferenceService "text" is invalid: spec.predictor.maxReplicas: Invalid value: "string": spec.predictor.maxReplicas in body must be of type integer: "string"\n$/,
      },
      {
        run: "apply -f unknown.yaml",
        err: /no matches for kind "Thing" in version "nowhere.dev\/v1"\s+ensure CRDs are installed first/,
      },
      { run: "apply -f pruned.yaml", out: "configmap/keep created\nconfigmap/drop created\n" },
      {
        run: "apply -f pruned2.yaml --prune -l set=p --prune-allowlist=core/v1/ConfigMap",
        out: /^configmap\/keep configured\nconfigmap\/drop pruned\n$/,
      },
      { run: "create cm made --from-literal=key=x", out: "configmap/made created\n" },
      {
        run: "apply -f -",
        input: configMap("made", "z"),
        out: "configmap/made configured\n",
        err: /^Warning: resource configmaps\/made is missing the kubectl.kubernetes.io\/last-applied-configuration annotation/,
        code: 0,
      },
    ],
  },
  {
    name: "apply on the server's side",
    files: {
      "ssa.yaml": deployment("ssa", "2"),
      "ssa3.yaml": deployment("ssa", "3"),
      "part.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: parts}\ndata: {a: a}\n",
      "part2.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: parts}\ndata: {b: b}\n",
      "moved.yaml": configMap("moved", "x"),
      "moved2.yaml": configMap("moved", "z"),
    },
    steps: [
      { run: "apply --server-side -f ssa.yaml", out: "deployment.apps/ssa serverside-applied\n" },
      { run: "apply --server-side -f ssa.yaml", out: "deployment.apps/ssa serverside-applied\n" },
      { run: "diff --server-side -f ssa3.yaml", out: /-  replicas: 2\n\+  replicas: 3/, code: 1 },
      { run: "scale deploy ssa --replicas=5", out: "deployment.apps/ssa scaled\n" },
      {
        run: "apply --server-side -f ssa3.yaml",
        err: /Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/,
      },
      {
        run: "apply --server-side -f ssa3.yaml --force-conflicts",
        out: "deployment.apps/ssa serverside-applied\n",
      },
      { run: "get deploy ssa -o jsonpath={.spec.replicas}", out: "3" },
      {
        run: "apply --server-side -f ssa.yaml --dry-run=server",
        out: "deployment.apps/ssa serverside-applied (server dry run)\n",
      },
      { run: "get deploy ssa -o jsonpath={.spec.replicas}", out: "3" },
      {
        run: "apply --server-side --field-manager=one -f part.yaml",
        out: "configmap/parts serverside-applied\n",
      },
      {
        run: "apply --server-side --field-manager=two -f part2.yaml",
        out: "configmap/parts serverside-applied\n",
      },
      { run: "get cm parts -o jsonpath={.data}", out: '{"a":"a","b":"b"}' },
      {
        run: "apply --server-side --field-manager=one -f part2.yaml",
        out: "configmap/parts serverside-applied\n",
      },
      { run: "get cm parts -o jsonpath={.data}", out: '{"b":"b"}' },
      {
        run: "get cm parts -o jsonpath={.metadata.managedFields[*].manager} --show-managed-fields",
        out: /^(one two|two one)$/,
      },
      { run: "apply -f moved.yaml", out: "configmap/moved created\n" },
      { run: "apply --server-side -f moved2.yaml", out: "configmap/moved serverside-applied\n" },
      { run: "get cm moved -o jsonpath={.data.key}", out: "z" },
      {
        run: "get cm moved -o jsonpath={.metadata.managedFields[*].operation} --show-managed-fields",
        out: /^Apply( Apply)?$/,
      },
      {
        run: "apply --server-side -f typo.yaml",
        err: /unknown field "spec.replicaz"|field not declared in schema/,
      },
    ],
  },
  {
    name: "apply of sets",
    files: {
      "kustomization.yaml": `
resources: [base.yaml]
namePrefix: made-
configMapGenerator: [{name: generated, literals: [a=b]}]
`,
      "base.yaml": configMap("base", "x"),
      "set.yaml": `${configMap("set-one", "x")}---${configMap("set-two", "x")}`,
      "set1.yaml": configMap("set-one", "x"),
    },
    steps: [
      {
        run: "apply -k .",
        out: /^configmap\/made-base created\nconfigmap\/made-generated-\w+ created\n$/,
      },
      { run: "diff -k .", out: "" },
      { run: "delete -k .", out: /^configmap "made-base" deleted.*\nconfigmap "made-generated-/ },
      {
        run: "apply --prune --applyset=set --namespace=default -f set.yaml",
        env: { KUBECTL_APPLYSET: "true" },
        out: "configmap/set-one created\nconfigmap/set-two created\n",
      },
      {
        run: "apply --prune --applyset=set --namespace=default -f set1.yaml",
        env: { KUBECTL_APPLYSET: "true" },
        out: "configmap/set-one unchanged\nconfigmap/set-two pruned\n",
      },
    ],
  },
  {
    name: "replace",
    steps: [
      { run: "replace -f web.yaml", out: "deployment.apps/web replaced\n" },
      {
        run: "replace --force -f two.yaml",
        out: /^configmap "one" deleted.*\nconfigmap "two" deleted.*\nconfigmap\/one replaced\nconfigmap\/two replaced\n$/,
      },
      {
        run: "replace -f -",
        input: configMap("never", "x"),
        err: /^Error from server \(NotFound\): error when replacing "STDIN": configmaps "never" not found\n$/,
      },
      {
        run: "replace -f -",
        input: configMap("one", "x", ', resourceVersion: "1"'),
        err: /^Error from server \(Conflict\): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again\n$/,
      },
      { run: "replace --subresource=status -f web.yaml", out: "deployment.apps/web replaced\n" },
    ],
  },
  {
    name: "edit",
    files: {
      "two.sh": `sed -i 's/replicas: .*/replicas: two/' "$1"
`,
    },
    steps: [
      {
        run: "edit deploy web",
        env: { KUBE_EDITOR: "sed -i s/nginx/httpd/" },
        out: "deployment.apps/web edited\n",
      },
      { run: "get deploy web -o jsonpath={..containers[0].image}", out: "httpd" },
      {
        run: "edit deploy web",
        env: { KUBE_EDITOR: "true" },
        err: /^Edit cancelled, no changes made.\n$/,
        code: 0,
      },
      {
        run: "edit isvc qwen -o json",
        env: { KUBE_EDITOR: "sed -i s/:.4,/:7,/" },
        out: /"maxReplicas": 7/,
      },
      { run: "get isvc qwen -o jsonpath={..maxReplicas}", out: "7" },
      {
        run: "edit deploy web",
        env: { KUBE_EDITOR: "sh two.sh" },
        err: /deployments.apps "web" is invalid[^]*no valid changes were saved/,
      },
      {
        run: "edit deploy web --subresource=status",
        env: { KUBE_EDITOR: "sed -i s/status:.{}/status:{}/" },
        err: /^Edit cancelled, no changes made.\n$/,
        code: 0,
      },
    ],
  },
  {
    name: "patch, four ways",
    steps: [
      {
        run: `patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s"}]}}}}'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: "get deploy web -o jsonpath={.spec.template.spec.containers[*].name}",
        out: "side main",
      },
      {
        run: `patch deploy web --type merge -p '{"spec":{"paused":true}}'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: `patch deploy web --type merge -p '{"spec":{"paused":true}}'`,
        out: "deployment.apps/web patched (no change)\n",
      },
      {
        run: `patch deploy web --type json -p '[{"op":"remove","path":"/spec/paused"}]'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: `patch deploy web --type json -p '[{"op":"remove","path":"/spec/paused"}]'`,
        err: /^The request is invalid: the server rejected our request due to an error in our request: \S/,
      },
      {
        run: `patch deploy web -p '{"spec":{"foo":1}}'`,
        out: "deployment.apps/web patched (no change)\n",
        err: /Warning: unknown field "spec.foo"/,
        code: 0,
      },
      { run: `patch isvc qwen -p '{"spec":{}}'`, err: /is not supported by serving.kserve.io/ },
      {
        run: `patch isvc qwen --type merge -p '{"spec":{"predictor":{"maxReplicas":6}}}'`,
        out: "inferenceservice.serving.kserve.io/qwen patched\n",
      },
      {
        run: `patch deploy web --subresource=status --type=merge -p '{"status":{"replicas":7},"spec":{"replicas":9}}'`,
        out: "deployment.apps/web patched\n",
      },
      { run: "get deploy web -o jsonpath={.status.replicas}/{.spec.replicas}", out: "7/2" },
      {
        run: `patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":4}}'`,
        out: "scale.autoscaling/web patched\n",
      },
      { run: "get deploy web -o jsonpath={.spec.replicas}", out: "4" },
      { run: "patch deploy web -p nonsense", err: /the patch is not a JSON object/ },
      {
        run: `patch -f web.yaml -p '{"metadata":{"labels":{"from":"file"}}}'`,
        out: "deployment.apps/web patched\n",
      },
      {
        run: `patch deploy web --type merge --dry-run=server -p '{"spec":{"replicas":8}}'`,
        out: "deployment.apps/web patched (server dry run)\n",
        on: [],
      },
      { run: `patch cm one -p '{"metadata":{"name":"else"}}'`, err: /metadata.name|name/ },
    ],
  },
  {
    name: "label, annotate, set",
    steps: [
      { run: "label deploy web tier=front", out: "deployment.apps/web labeled\n" },
      {
        run: "label deploy web tier=back",
        err: /'tier' already has a value \(front\), and --overwrite is false/,
      },
      { run: "label deploy web tier=back --overwrite", out: "deployment.apps/web labeled\n" },
      { run: "label deploy web tier-", out: "deployment.apps/web unlabeled\n" },
      { run: "label deploy web 'tier=no label'", err: /a valid label must be/ },
      { run: "label cm --all kept=yes", out: /configmap\/one labeled\n/ },
      { run: "label deploy web --list", out: /^app=web$/m },
      { run: "label deploy web x=y --resource-version=1", err: /the object has been modified/ },
      { run: "annotate isvc qwen a=b", out: "inferenceservice.serving.kserve.io/qwen annotated\n" },
      { run: "annotate isvc qwen a-", out: "inferenceservice.serving.kserve.io/qwen annotated\n" },
      { run: "annotate deploy -l app=web note=x", out: "deployment.apps/web annotated\n" },
      { run: "set image deploy/web main=other", out: "deployment.apps/web image updated\n" },
      { run: "set image deploy/web none=other", err: /unable to find container named "none"/ },
      { run: "set env deploy/web -c main KEY=value", out: "deployment.apps/web env updated\n" },
      { run: "set env deploy/web --list", out: /KEY=value/ },
      { run: "set env deploy/web -c main --from=cm/c2", out: "deployment.apps/web env updated\n" },
      { run: "set env deploy/web -c main KEY-", out: "deployment.apps/web env updated\n" },
      {
        run: "set resources deploy/web -c main --limits=cpu=1,memory=64Mi --requests=cpu=100m",
        out: "deployment.apps/web resource requirements updated\n",
      },
      { run: "get deploy web -o jsonpath={..limits.memory}/{..requests.cpu}", out: "64Mi/100m" },
      {
        run: "set serviceaccount deploy web robot",
        out: "deployment.apps/web serviceaccount updated\n",
      },
      { run: "set selector svc v1 a=b", out: "service/v1 selector updated\n" },
    ],
  },
  {
    name: "scale",
    steps: [
      { run: "scale deploy web --replicas=5", out: "deployment.apps/web scaled\n" },
      {
        run: "scale deploy web --replicas=6 --current-replicas=4",
        err: /Expected replicas to be 4, was 5/,
      },
      {
        run: "scale deploy web --replicas=6 --current-replicas=5",
        out: "deployment.apps/web scaled\n",
      },
      { run: "scale -f web.yaml --replicas=3", out: "deployment.apps/web scaled\n" },
      {
        run: "scale deploy web d1 --replicas=0",
        out: "deployment.apps/web scaled\ndeployment.apps/d1 scaled\n",
      },
      { run: "get deploy web -o jsonpath={.spec.replicas}", out: "0" },
      { run: "scale deploy web --replicas=-1", err: /--replicas=COUNT is required|must be/ },
      {
        run: "scale isvc qwen --replicas=2",
        err: /could not find the requested resource|not found/,
      },
      {
        run: "scale deploy none --replicas=2",
        err: /deployments.apps "none" not found|no objects passed to scale/,
      },
    ],
  },
  {
    name: "delete",
    files: {
      "held.yaml": configMap("held", "x", ", finalizers: [example.com/hold]"),
    },
    steps: [
      { run: "delete cm two", out: deleted("configmap", "two") },
      {
        run: "delete cm two",
        err: /^Error from server \(NotFound\): configmaps "two" not found\n$/,
      },
      { run: "delete cm two --ignore-not-found", out: "" },
      { run: "delete -f list.json", out: deleted("configmap", "listed") },
      { run: "delete cm/raw cm/piped -o name", out: "configmap/raw\nconfigmap/piped\n" },
      { run: "delete cm -l set=p", out: deleted("configmap", "keep") },
      {
        run: "delete cm plain --dry-run=server",
        out: /^configmap "plain" deleted.*\(server dry run\)/,
      },
      { run: "get cm plain -o name", out: "configmap/plain\n" },
      {
        run: "delete isvc qwen --cascade=foreground",
        out: deleted("inferenceservice.serving.kserve.io", "qwen"),
      },
      { run: "delete deploy d2 --cascade=orphan", out: deleted("deployment.apps", "d2") },
      { run: "delete pod p1 --now", out: deleted("pod", "p1") },
      { run: "create -f held.yaml", out: "configmap/held created\n" },
      { run: "delete cm held --wait=false", out: deleted("configmap", "held") },
      { run: "get cm held -o jsonpath={.metadata.deletionTimestamp}", out: /^20\d\d-/ },
      {
        run: "delete cm held --timeout=1s",
        out: deleted("configmap", "held"),
        err: /timed out waiting for the condition on configmaps\/held/,
      },
      {
        run: `patch cm held --type merge -p '{"metadata":{"finalizers":null}}'`,
        out: "configmap/held patched\n",
      },
      { run: "get cm held --ignore-not-found", out: "" },
      {
        run: "delete secret --all",
        out: /^secret "s1" deleted.*\nsecret "s2" deleted.*\n(secret .*\n)*$/,
      },
      { run: "delete --raw /api/v1/namespaces/default/configmaps/c2", out: /"status":"Success"/ },
      { run: "delete deploy,svc --all -n mine", out: "No resources found\n" },
      { run: "delete ns mine", out: /^namespace "mine" deleted\n$/ },
      { run: "get ns mine", err: /namespaces "mine" not found/ },
      { run: "delete cm", err: /resource\(s\) were provided, but no name was specified/ },
      { run: "delete ns kube-system", err: /forbidden/i, on: [] },
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

testStories("kubectl's commands that write", openPlaneTerminal, stories);
