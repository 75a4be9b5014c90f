// kubectl get: every form of output, every selector, and watching.
import { openPlaneTerminal } from "./plane-terminal.ts";
import { testStories, type Story } from "./story.ts";

const stories: readonly Story[] = [
  {
    name: "what is there",
    files: {
      "web.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, tier: front}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx, ports: [{containerPort: 80}]}]}
`,
      "maps.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: {app: web, tier: front, size: "10"}}
data: {k: v}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, labels: {app: web, tier: back}, annotations: {note: "two words"}}
data: {k: v, l: w}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {app: db}}
`,
      "path.txt": "{range .items[*]}{.metadata.name}={.metadata.labels.app}{'\\n'}{end}",
      "names.tmpl": "{{range .items}}{{.metadata.name}};{{end}}",
      "columns.txt": "NAME           APP\n.metadata.name .metadata.labels.app\n",
    },
    steps: [
      { run: "apply -f web.yaml", out: "deployment.apps/web created\n" },
      {
        run: "create -f maps.yaml",
        out: "configmap/a created\nconfigmap/b created\nconfigmap/c created\n",
      },
      { run: "create ns other", out: "namespace/other created\n" },
      { run: "create cm far -n other", out: "configmap/far created\n" },
    ],
  },
  {
    name: "forms of output",
    steps: [
      {
        run: "get deploy",
        out: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +0 +0 +\d+s\n$/,
      },
      {
        run: "get deploy -o wide",
        out: /^NAME .* AGE +CONTAINERS +IMAGES +SELECTOR\nweb .* main +nginx +app=web\n$/,
      },
      { run: "get cm", out: /^NAME +DATA +AGE\na +1 +\d+s\nb +2 +\d+s\nc +0 +\d+s\n$/ },
      { run: "get cm --no-headers", out: /^a +1 +\d+s\nb / },
      {
        run: "get cm a -o yaml",
        out: /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\nmetadata:\n/,
      },
      { run: "get cm a -o json", out: /^\{\n {4}"apiVersion": "v1",\n {4}"data": \{/ },
      {
        run: "get cm -o yaml",
        out: /^apiVersion: v1\nitems:\n- apiVersion: v1\n[^]*kind: List\nmetadata:\n {2}resourceVersion: ""\n$/,
      },
      { run: "get cm -o json", out: /"kind": "List"/ },
      { run: "get cm -o name", out: "configmap/a\nconfigmap/b\nconfigmap/c\n" },
      { run: "get cm/a deploy/web -o name", out: "configmap/a\ndeployment.apps/web\n" },
      {
        run: "get cm,deploy -o name",
        out: "configmap/a\nconfigmap/b\nconfigmap/c\ndeployment.apps/web\n",
      },
      { run: "get cm a c", out: /^NAME +DATA +AGE\na +1 .*\nc +0 .*\n$/ },
      { run: "get -f maps.yaml -o name", out: "configmap/a\nconfigmap/b\nconfigmap/c\n" },
      { run: "get cm -o jsonpath={.items[*].metadata.name}", out: "a b c" },
      { run: "get cm -o jsonpath-file=path.txt", out: "a=web\nb=web\nc=db\n" },
      { run: "get cm b -o jsonpath={.metadata.annotations.note}", out: "two words" },
      { run: "get cm -o jsonpath-as-json={.items[0].metadata.name}", out: '[\n    "a"\n]\n' },
      {
        run: `get cm -o 'jsonpath={.items[?(@.metadata.labels.app=="db")].metadata.name}'`,
        out: "c",
      },
      { run: "get cm -o go-template-file=names.tmpl", out: "a;b;c;" },
      { run: "get cm a -o go-template={{.data.k}}", out: "v" },
      { run: "get cm -o template --template={{len(.items)}}", err: /error parsing template/ },
      {
        run: "get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas,X:.spec.none",
        out: /^N +R +X\nweb +2 +<none>\n$/,
      },
      {
        run: "get cm -o custom-columns-file=columns.txt",
        out: /^NAME +APP\na +web\nb +web\nc +db\n$/,
      },
      {
        run: "get cm --show-labels",
        out: /LABELS\na .* app=web,size=10,tier=front\nb .* app=web,tier=back\n/,
      },
      {
        run: "get cm -L app,tier",
        out: /^NAME +DATA +AGE +APP +TIER\na +1 +\d+s +web +front\nb .* web +back\nc .* db +\n$/,
      },
      { run: "get cm --show-kind", out: /^NAME +DATA +AGE\nconfigmap\/a / },
      { run: "get all", out: /^NAME .*\ndeployment.apps\/web +0\/2 / },
      {
        run: "get cm a -o yaml --show-managed-fields",
        out: /managedFields:\n {2}- apiVersion: v1\n/,
      },
      { run: "get cm a -o yaml", out: /^(?![^]*managedFields)/ },
      {
        run: "get cm -o wrong",
        err: /unable to match a printer suitable for the output format "wrong"/,
      },
    ],
  },
  {
    name: "selectors",
    steps: [
      { run: "get cm -l app=web -o name", out: "configmap/a\nconfigmap/b\n" },
      { run: "get cm -l app==web,tier!=front -o name", out: "configmap/b\n" },
      { run: "get cm -l app!=web -o name", out: "configmap/c\n" },
      {
        run: "get cm -l 'app in (web, db),tier notin (back)' -o name",
        out: "configmap/a\nconfigmap/c\n",
      },
      { run: "get cm -l tier -o name", out: "configmap/a\nconfigmap/b\n" },
      { run: "get cm -l '!tier' -o name", out: "configmap/c\n" },
      { run: "get cm -l size>9 -o name", out: "configmap/a\n" },
      {
        run: "get cm -l size<9",
        out: "",
        err: /^No resources found in default namespace.\n$/,
        code: 0,
      },
      { run: "get cm -l 'app in web'", err: /unable to parse requirement/ },
      { run: "get cm --field-selector metadata.name=a -o name", out: "configmap/a\n" },
      {
        run: "get cm --field-selector metadata.name!=a -o name",
        out: "configmap/b\nconfigmap/c\n",
      },
      { run: "get ns --field-selector status.phase=Active -o name", out: /namespace\/default\n/ },
      {
        run: "get cm --field-selector data.k=v",
        err: /"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"/,
      },
      {
        run: "get cm -A -o name",
        out: /^configmap\/a\nconfigmap\/b\nconfigmap\/c\n(.*\n)*configmap\/far\n/,
      },
      { run: "get cm -A", out: /^NAMESPACE +NAME +DATA +AGE\ndefault +a +1 / },
      {
        run: "get cm -A --field-selector metadata.namespace=other -o name",
        out: /^(.*\n)*configmap\/far\n/,
      },
      { run: "get cm -n other -o name", out: /configmap\/far\n/ },
      { run: "get cm -n nowhere", err: /^No resources found in nowhere namespace.\n$/, code: 0 },
    ],
  },
  {
    name: "pages and order",
    steps: [
      { run: "get cm --chunk-size=1 -o name", out: "configmap/a\nconfigmap/b\nconfigmap/c\n" },
      { run: "get cm --chunk-size=2", out: /^NAME +DATA +AGE\na .*\nb .*\nc .*\n$/ },
      {
        run: "get cm --sort-by=.metadata.name -o name",
        out: "configmap/a\nconfigmap/b\nconfigmap/c\n",
      },
      {
        run: "get cm --sort-by=.metadata.labels.app",
        out: /^NAME +DATA +AGE\nc .*\n[ab] .*\n[ab] /,
      },
      { run: "get cm --sort-by={.metadata.creationTimestamp}", out: /^NAME +DATA +AGE\n/ },
      {
        run: "get --raw '/api/v1/namespaces/default/configmaps?limit=1'",
        out: /"continue":"[\w-]+","remainingItemCount":2/,
      },
    ],
  },
  {
    name: "subresources",
    steps: [
      { run: "get deploy web --subresource=status -o jsonpath={.kind}", out: "Deployment" },
      {
        run: "get deploy web --subresource=scale",
        out: /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +0 +\d+s\n$/,
      },
      { run: "get deploy web --subresource=scale -o jsonpath={.spec.replicas}", out: "2" },
      {
        run: "get cm a --subresource=status",
        err: /NotFound|could not find the requested resource/,
      },
    ],
  },
  {
    name: "what is absent",
    steps: [
      {
        run: "get cm none",
        err: /^Error from server \(NotFound\): configmaps "none" not found\n$/,
      },
      { run: "get cm none --ignore-not-found", out: "" },
      { run: "get cm a none -o name", out: "configmap/a\n", err: /configmaps "none" not found/ },
      { run: "get nothings", err: /^error: the server doesn't have a resource type "nothings"\n$/ },
      { run: "get statefulset", err: /the server doesn't have a resource type "statefulset"/ },
      { run: "get secrets", err: /^No resources found in default namespace.\n$/, code: 0 },
    ],
  },
  {
    name: "watching",
    files: {
      "event.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: made-}\n",
    },
    steps: [
      {
        run: "get cm -w --no-headers",
        until: /^new +0 +\d+s\nnew +1 +\d+s\nnew +1 +\d+s\n$/m,
        meanwhile: ["create cm new", `patch cm new -p '{"data":{"x":"y"}}'`, "delete cm new"],
      },
      {
        run: "get cm --watch-only --output-watch-events",
        again: "create -f event.yaml",
        until: /^EVENT +NAME +DATA +AGE\nADDED +made-\w+ +0 +0s\n/,
      },
      {
        run: "get cm -w --output-watch-events -l app=web",
        until: /^EVENT +NAME +DATA +AGE\nADDED +a .*\nADDED +b .*\nMODIFIED +a .*\nDELETED +a .*\n/,
        meanwhile: ["annotate cm a x=y", "label cm a app=other --overwrite"],
      },
      { run: "label cm a app=web --overwrite", out: "configmap/a labeled\n" },
      {
        run: "get cm a -w -o jsonpath={.metadata.annotations.x},",
        until: /^y,z,$/,
        meanwhile: ["annotate cm a x=z --overwrite"],
      },
      {
        run: "get cm -w -A -o name",
        until: /configmap\/far\n(.*\n)*configmap\/far\n/,
        meanwhile: ["annotate cm far -n other x=y"],
      },
      { run: "get deploy -w --request-timeout=1s", out: /^NAME .*\nweb / },
    ],
  },
  {
    name: "kinds with columns of their own",
    steps: [
      { run: "get nodes", err: /^No resources found\n$/, code: 0 },
      { run: "get ns default", out: /^NAME +STATUS +AGE\ndefault +Active +\d+s\n$/ },
      { run: "create secret generic s --from-literal=a=b", out: "secret/s created\n" },
      { run: "get secret s", out: /^NAME +TYPE +DATA +AGE\ns +Opaque +1 +\d+s\n$/ },
      { run: "create service clusterip svc --tcp=80:8080", out: "service/svc created\n" },
      {
        run: "get svc svc",
        out: /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nsvc +ClusterIP +\S+ +<none> +80\/TCP +\d+s\n$/,
      },
      { run: "get svc svc -o wide", out: /SELECTOR\nsvc .* app=svc\n$/ },
      {
        run: "create ingress in --rule=a.b/c*=svc:80",
        out: "ingress.networking.k8s.io/in created\n",
      },
      {
        run: "get ingress in",
        out: /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nin +<none> +a.b +80 +\d+s\n$/,
      },
      { run: "create sa robot", out: "serviceaccount/robot created\n" },
      { run: "get sa robot", out: /^NAME +(SECRETS +)?AGE\nrobot +(0 +)?\d+s\n$/ },
      {
        run: "get crd",
        out: /^NAME +CREATED AT\n[^]*inferenceservices.serving.kserve.io +20\d\d-/,
      },
      { run: "get isvc", err: /^No resources found in default namespace.\n$/, code: 0 },
      { run: "get events", err: /^No resources found in default namespace.\n$/, code: 0 },
      { run: "get leases -A", err: /^No resources found\n$/, code: 0 },
      { run: "get endpointslices", err: /No resources found/, code: 0 },
      { run: "get mutatingwebhookconfigurations", err: /No resources found/, code: 0 },
    ],
  },
  {
    name: "by group and version",
    steps: [
      { run: "get deployments.apps -o name", out: "deployment.apps/web\n" },
      { run: "get deployments.v1.apps -o name", out: "deployment.apps/web\n" },
      {
        run: "get inferenceservices.v1beta1.serving.kserve.io",
        err: /No resources found/,
        code: 0,
      },
      { run: "get deployments.v2.apps", err: /the server doesn't have a resource type/ },
      {
        run: "get --raw /api/v1/namespaces/default/configmaps/b",
        out: /"data":\{"k":"v","l":"w"\}/,
      },
      { run: "get --raw /nowhere", err: /could not find the requested resource/ },
    ],
  },
];

testStories("kubectl get", openPlaneTerminal, stories);
