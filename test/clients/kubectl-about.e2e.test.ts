// kubectl's commands that tell about the cluster and its kinds: describe, explain, discovery,
// permissions, configuration.
import { openPlaneTerminal } from "./plane-terminal.ts";
import { from132, only129, testStories, type Story } from "./story.ts";

const stories: readonly Story[] = [
  {
    name: "describe",
    files: {
      "things.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {note: x}}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: main
        image: nginx
        ports: [{containerPort: 80}]
        env: [{name: A, value: b}, {name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        resources: {limits: {memory: 64Mi}, requests: {cpu: 100m}}
        readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: a.b, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: map}
data: {key: value}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: qwen}
spec: {predictor: {model: {modelFormat: {name: huggingface}, storageUri: "hf://a/b"}, maxReplicas: 4}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lead}
spec: {holderIdentity: me, leaseDurationSeconds: 15}
---
apiVersion: v1
kind: Event
metadata: {name: e}
involvedObject: {apiVersion: v1, kind: Pod, name: p, namespace: default}
reason: Seen
message: something was seen
type: Normal
count: 3
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:10Z"
`,
    },
    steps: [
      { run: "create secret generic s --from-literal=k=v", out: "secret/s created\n" },
      { run: "create -f things.yaml", out: /^(\S+ created\n){8}$/ },
      {
        run: "describe deploy web",
        out: /^Name: +web\n[^]*Annotations: +note: x\n[^]*Replicas: +5 desired \| 0 updated \| 0 total \| 0 available \| 0 unavailable\nStrategyType: +RollingUpdate\n[^]*RollingUpdateStrategy: +25% max unavailable, 25% max surge\n[^]*Port: +80\/TCP\n[^]*memory: +64Mi\n[^]*Readiness: +http-get http:\/\/:80\/ delay=0s timeout=1s period=10s #success=1 #failure=3\n[^]*S: +<set to the key 'k' in secret 's'> +Optional: false\n/,
      },
      { run: "describe ingress web", out: /a.b +\n +\/ +web:80/ },
      { run: "describe cm map", out: /^Name: +map\n[^]*Data\n====\nkey:\n----\nvalue\n/ },
      { run: "describe secret s", out: /Type: +Opaque\n\nData\n====\nk: +1 bytes?\n/ },
      {
        run: "describe pod p",
        out: /^Name: +p\n[^]*Status: +Pending\n[^]*QoS Class: +BestEffort\n/,
      },
      { run: "describe isvc qwen", out: /Kind: +InferenceService\n[^]*Max Replicas: +4/ },
      {
        run: "describe ns default",
        out: /^Name: +default\n[^]*Status: +Active\n/,
      },
      { run: "describe sa default", out: /^Name: +default\n[^]*Image pull secrets: +<none>\n/ },
      { run: "describe lease lead", out: /Holder Identity: +me\n/ },
      {
        run: "describe crd scaledobjects.keda.sh",
        out: /Kind: +CustomResourceDefinition\n[^]*Plural: +scaledobjects\n/,
      },
      { run: "describe events e", out: /Reason: +Seen\n/ },
      { run: "describe scaledobjects", err: /No resources found/, code: 0 },
      { run: "describe mutatingwebhookconfigurations", err: /No resources found|^$/, code: 0 },
      { run: "describe cm -l none=here", err: /No resources found/, code: 0 },
      { run: "describe cm none", err: /configmaps "none" not found/ },
      {
        run: "events",
        out: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.*\(x3 over \d+d\) +Normal +Seen +Pod\/p +something was seen\n$/,
      },
      { run: "events --for pod/p --types=Normal", out: /something was seen/ },
      { run: "events --for pod/other", err: /No events found/, code: 0 },
    ],
  },
  {
    name: "explain",
    steps: [
      { run: "explain deploy", out: /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n/ },
      { run: "explain deploy.spec.replicas", out: /FIELD: replicas <integer>/ },
      { run: "explain svc.spec.ports", out: /targetPort\t<IntOrString>\n/ },
      { run: "explain pod.spec.containers.resources", out: /limits\t<map\[string\]Quantity>\n/ },
      { run: "explain pod.spec.containers.env", out: /valueFrom\t<\S+>/ },
      {
        run: "explain deploy.spec --recursive",
        out: /strategy\t<\S+>\n(.*\n)* {4,}maxSurge\t<(IntOrString|Object)>/,
      },
      {
        run: "explain isvc.spec.predictor",
        out: /KIND: +InferenceService\n[^]*maxReplicas\t<integer>/,
      },
      { run: "explain scaledobject.spec.triggers", out: /FIELD: triggers <\[\]Object>/ },
      {
        run: "explain isvc --api-version=serving.kserve.io/v1beta1",
        out: /KIND: +InferenceService/,
      },
      { run: "explain deploy.spec.nothing", err: /field "nothing" does not exist/ },
      {
        run: "explain nothings",
        err: /the server doesn't have a resource type "nothings"|Couldn't find resource/,
      },
      { run: "explain svc", out: /KIND: +Service\nVERSION: +v1\n/ },
    ],
  },
  {
    name: "discovery",
    steps: [
      {
        run: "api-resources",
        out: /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n[^]*deployments +deploy +apps\/v1 +true +Deployment\n[^]*inferenceservices +isvc +serving.kserve.io\/v1beta1 +true +InferenceService\n/,
      },
      {
        run: "api-resources -o wide",
        out: /VERBS +CATEGORIES\n[^]*pods +po +v1 +true +Pod +create,delete,deletecollection,get,list,patch,update,watch +all\n/,
      },
      {
        run: "api-resources --namespaced=false -o name",
        out: /^(?![^]*pods\n)[^]*namespaces\nnodes\n/,
      },
      {
        run: "api-resources --api-group=apps -o name",
        out: "deployments.apps\nreplicasets.apps\n",
        on: only129,
      },
      {
        run: "api-resources --api-group=apps -o name",
        out: /^deployments.apps\nreplicasets.apps\n$/,
        on: from132,
      },
      { run: "api-resources --verbs=create --sort-by=kind", out: /SelfSubjectAccessReview/ },
      {
        run: "api-resources --categories=all -o name",
        out: /^pods\n(.*\n)*services\n(.*\n)*deployments.apps\n/,
      },
      {
        run: "api-versions",
        out: /^(.*\n)*apps\/v1\n(.*\n)*keda.sh\/v1alpha1\n(.*\n)*serving.kserve.io\/v1beta1\n(.*\n)*v1\n$/,
      },
      {
        run: "version",
        out: /^Client Version: v1\.\d\d\.\d+\nKustomize Version: \S+\nServer Version: v1.32/,
        err: /^(warning: version difference[^\n]*\n)?$/i,
        code: 0,
      },
      {
        run: "cluster-info",
        out: /Kubernetes control plane.* is running at .*https:\/\/127.0.0.1:\d+/,
      },
      // It asks for kinds that are not served.
      {
        run: "cluster-info dump -o json",
        out: /"kind": "NodeList"/,
        err: /could not find the requested resource/,
      },
      { run: "get --raw /version", out: /"minor": ?"32"/ },
      { run: "get --raw /readyz", out: "ok" },
      { run: "get --raw /livez?verbose", out: /^\[\+\]ping ok\n[^]*livez check passed\n$/ },
      { run: "get --raw /healthz", out: "ok" },
      { run: "get --raw /api", out: /"versions":\["v1"\]/ },
      { run: "get --raw /apis/apps", out: /"preferredVersion":\{"groupVersion":"apps\/v1"/ },
    ],
  },
  {
    name: "permissions",
    steps: [
      { run: "auth can-i create pods", out: "yes\n" },
      { run: "auth can-i get pods/log", out: "yes\n" },
      { run: "auth can-i '*' '*' --all-namespaces", out: "yes\n" },
      { run: "auth can-i get /readyz", out: "yes\n" },
      {
        run: "auth can-i --list",
        out: /^Resources +Non-Resource URLs +Resource Names +Verbs\n[^]*\*\.\* +\[\] +\[\] +\[\*\]\n/,
      },
      {
        run: "auth whoami",
        out: /^ATTRIBUTE +VALUE\nUsername +dunlin-admin\nGroups +\[system:masters system:authenticated\]\n$/,
      },
      { run: "auth whoami -o jsonpath={.status.userInfo.username}", out: "dunlin-admin" },
      { run: "get pods --token=wrong", err: /You must be logged in to the server/ },
      { run: "get pods --as=somebody", err: /impersonat/ },
    ],
  },
  {
    name: "configuration",
    steps: [
      { run: "config current-context", out: "dunlin\n" },
      { run: "config view", out: /certificate-authority-data: DATA\+OMITTED\n/ },
      { run: "config view --minify -o jsonpath={.clusters[0].name}", out: "dunlin" },
      { run: "config get-contexts -o name", out: "dunlin\n" },
      { run: "config set-context --current --namespace=kube-system", out: /modified/ },
      { run: "get cm", err: /in kube-system namespace/, code: 0 },
      { run: "config set-context --current --namespace=default", out: /modified/ },
    ],
  },
  {
    name: "proxy",
    steps: [
      {
        run: "proxy --port=0",
        until: /^Starting to serve on 127.0.0.1:\d+\n$/,
        serves: { path: "/api/v1/namespaces/default", text: /"kind": ?"Namespace"/ },
      },
    ],
  },
];

testStories("kubectl's commands about the cluster", openPlaneTerminal, stories);
