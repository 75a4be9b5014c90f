// kubectl's commands about what runs, against `dunlin up` as a user starts it: logs, exec, attach, cp,
// port-forward, top, rollouts, waiting, events and the node.
import { openDunlinTerminal } from "./dunlin-terminal.ts";
import { deleted, from132, testStories, type Story } from "./story.ts";

/** Any image will do where the container brings a command of its own. */
const shell = (script: string): string => `command: [sh, -c, ${JSON.stringify(script)}]`;
const server = `const s = require("node:http").createServer((q, r) => r.end("hello from " + process.env.POD_NAME)); s.listen(8080, process.env.POD_IP)`;

const pod = (name: string, containers: string, more = ""): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {run: ${name}}}
spec:
  terminationGracePeriodSeconds: 1
  ${more}
  containers:
  ${containers}
`;

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: any
        command: [node, -e, ${JSON.stringify(server)}]
        env:
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

const stories: readonly Story[] = [
  {
    name: "what runs",
    files: {
      "talk.yaml": pod(
        "talk",
        `- {name: main, image: any, ${shell("echo out; echo err >&2; n=0; while :; do n=$((n+1)); echo line $n; sleep 1; done")}}
  - {name: side, image: any, ${shell("echo aside; exec sleep 1000")}, volumeMounts: [{name: scratch, mountPath: /scratch}]}`,
        "volumes: [{name: scratch, emptyDir: {}}]",
      ),
      "listen.yaml": pod(
        "listen",
        `- {name: main, image: any, stdin: true, ${shell("while read line; do echo heard $line; done; sleep 1000")}}`,
      ),
      "once.yaml": pod(
        "once",
        `- {name: main, image: any, ${shell("echo done")}}`,
        "restartPolicy: Never",
      ),
      "fail.yaml": pod("fail", `- {name: main, image: any, ${shell("echo failing; exit 3")}}`),
      "unknown.yaml": pod("unknown", `- {name: main, image: nobody/knows}`),
      "big.yaml": pod(
        "big",
        `- {name: main, image: any, ${shell("sleep 1000")}, resources: {requests: {nvidia.com/gpu: 99}, limits: {nvidia.com/gpu: 99}}}`,
      ),
      "web.yaml": deployment,
    },
    steps: [
      {
        run: "apply -f talk.yaml -f once.yaml -f fail.yaml -f unknown.yaml -f big.yaml -f web.yaml -f listen.yaml",
        out: /^(\S+ created\n){8}$/,
      },
      { run: "wait pod/talk --for=condition=Ready --timeout=30s", out: "pod/talk condition met\n" },
      {
        run: "wait pod/once --for=jsonpath={.status.phase}=Succeeded --timeout=30s",
        out: "pod/once condition met\n",
      },
      {
        run: "rollout status deploy/web --timeout=50s",
        out: /deployment "web" successfully rolled out\n$/,
      },
      {
        run: "wait pod -l app=web --for=condition=Ready --timeout=30s",
        out: /^(pod\/web-\S+ condition met\n){2}$/,
      },
      { run: "get deploy web", out: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 / },
      {
        run: "get pod talk once",
        out: /^NAME +READY +STATUS +RESTARTS +AGE\ntalk +2\/2 +Running +0 .*\nonce +0\/1 +Completed +0 /,
      },
      {
        run: "get pod fail unknown big",
        out: /fail +0\/1 +(Error|CrashLoopBackOff) [^]*unknown +0\/1 +(ErrImagePull|ImagePullBackOff) [^]*big +0\/1 +Pending /,
      },
      {
        run: "get pod talk -o wide",
        out: /NODE +NOMINATED NODE +READINESS GATES\ntalk .* 127\.\S+ +dunlin +<none> +<none>\n$/,
      },
      { run: "get pods --field-selector=status.phase=Succeeded -o name", out: "pod/once\n" },
      {
        run: "get pods --field-selector=spec.nodeName=dunlin,status.phase=Running -o name",
        out: /pod\/talk\n/,
      },
      {
        run: "get endpointslices -l kubernetes.io/service-name=web",
        out: /IPv4 +8080 +127\.[\d.]+,127\.[\d.]+ /,
      },
      {
        run: "get endpoints web",
        out: /web +127\.[\d.]+:8080,127\.[\d.]+:8080 /,
        err: /^(Warning: v1 Endpoints is deprecated.*\n)?$/,
        code: 0,
      },
      {
        run: "get all",
        out: /pod\/talk [^]*service\/web [^]*deployment.apps\/web [^]*replicaset.apps\/web-/,
      },
    ],
  },
  {
    name: "describe",
    steps: [
      {
        run: "describe pod talk",
        out: /^Name: +talk\n[^]*Node: +dunlin\/127\.[^]*Status: +Running\nIP: +127\.[^]*State: +Running\n[^]*Conditions:\n[^]*Ready +True[^]*Events:\n[^]*Scheduled[^]*Started/,
      },
      {
        run: "describe pod big",
        out: /FailedScheduling +.*0\/1 nodes are available: 1 Insufficient nvidia.com\/gpu/,
      },
      {
        run: "describe pod unknown",
        out: /Reason: +(ErrImagePull|ImagePullBackOff)\n[^]*nobody\/knows/,
      },
      {
        run: "describe pod fail",
        out: /Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3\n|State: +Terminated\n +Reason: +Error\n +Exit Code: +3\n/,
      },
      {
        run: "describe deploy web",
        out: /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable\n[^]*Available +True +MinimumReplicasAvailable\n[^]*NewReplicaSet: +web-\w+ \(2\/2 replicas created\)\n[^]*ScalingReplicaSet/,
      },
      {
        run: "describe rs -l app=web",
        out: /Controlled By: +Deployment\/web\n[^]*Replicas: +2 current \/ 2 desired\nPods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/,
      },
      {
        run: "describe svc web",
        out: /Type: +ClusterIP\n[^]*IP: +127\.\S+\n[^]*TargetPort: +8080\/TCP\nEndpoints: +127\.[\d.]+:8080,127\.[\d.]+:8080\n/,
      },
      { run: "describe endpointslice -l kubernetes.io/service-name=web", out: /Ready: +true\n/ },
      {
        run: "describe node dunlin",
        out: /^Name: +dunlin\n[^]*Taints: +<none>\nUnschedulable: +false\n[^]*Ready +True[^]*Capacity:\n[^]*nvidia.com\/gpu: +8\n[^]*Allocated resources:\n/,
      },
      {
        run: "get nodes",
        out: /^NAME +STATUS +ROLES +AGE +VERSION\ndunlin +Ready +\S+ +\S+ +v1\.32/,
      },
      {
        run: "get nodes -o wide",
        out: /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\ndunlin .* 127\.\S+ /,
      },
      {
        run: "events --for pod/talk",
        out: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^]*Scheduled +Pod\/talk /,
      },
      { run: "get events --field-selector involvedObject.name=fail", out: /BackOff|Started/ },
      {
        run: "get events --sort-by=.lastTimestamp",
        out: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/,
      },
      { run: "events -w --for pod/talk", until: /Scheduled +Pod\/talk/ },
    ],
  },
  {
    name: "logs",
    steps: [
      { run: "logs talk -c main", out: /^(?=[^]*^err$)(?=[^]*^out$)[^]*^line 1\n/m },
      {
        run: "logs talk",
        out: /^(?=[^]*^err$)(?=[^]*^out$)[^]*^line 1\n/m,
        err: /^Defaulted container "main" out of: main, side\n$/,
        code: 0,
      },
      { run: "logs talk -c side", out: "aside\n" },
      {
        run: "logs talk --all-containers --prefix",
        out: /^(?=[^]*^\[pod\/talk\/main\] line 1$)(?=[^]*^\[pod\/talk\/side\] aside$)(\[pod\/talk\/\w+\] .*\n)+$/m,
      },
      { run: "logs talk -c main --tail=1", out: /^line \d+\n$/ },
      { run: "logs talk -c main --limit-bytes=6", out: /^[^]{6}$/ },
      { run: "logs talk -c main --timestamps --tail=1", out: /^20\d\d-\d\d-\d\dT\S+Z line \d+\n$/ },
      { run: "logs talk -c main --since=1h", out: /line 1\n/ },
      { run: "logs talk -c main --since-time=2099-01-01T00:00:00Z", out: "" },
      { run: "logs talk -c main -f --tail=1", until: /line \d+\nline \d+\n/ },
      { run: "logs once", out: "done\n" },
      { run: "logs -f once", out: "done\n" },
      { run: "logs fail --previous", out: "failing\n" },
      { run: "logs -l run=once", out: "done\n" },
      { run: "logs -l run=talk -c side --prefix", out: "[pod/talk/side] aside\n" },
      {
        run: "logs deploy/web --tail=1",
        out: "",
        err: /^Found 2 pods, using pod\/web-\S+\n$/,
        code: 0,
      },
      { run: "logs talk -c other", err: /container other is not valid for pod talk/ },
      {
        run: "logs talk -c main --previous",
        err: /previous terminated container "main" in pod "talk" not found/,
      },
      {
        run: "logs big",
        err: /pod big does not have a host assigned/,
      },
      {
        run: "logs unknown",
        err: /container "main" in pod "unknown" is waiting to start: (trying and failing to pull image|image can't be pulled)/,
      },
      { run: "logs deploy/web --all-pods --tail=1", on: from132, out: "" },
      { run: "logs job/none", err: /the server doesn't have a resource type "job"/ },
      { run: "logs none", err: /pods "none" not found/ },
    ],
  },
  {
    name: "exec, attach, cp",
    files: { "up.txt": "carried\n" },
    steps: [
      { run: "exec talk -c side -- echo hello", out: "hello\n" },
      {
        run: "exec talk -- echo hello",
        out: "hello\n",
        err: /^Defaulted container "main" out of: main, side\n$/,
        code: 0,
      },
      { run: "exec -i talk -c side -- cat", input: "through\n", out: "through\n" },
      { run: "exec talk -c side -- sh -c 'echo to-err >&2'", out: "", err: /^to-err\n$/, code: 0 },
      {
        run: "exec talk -c side -- sh -c 'exit 7'",
        err: /^command terminated with exit code 7\n$/,
        code: 7,
      },
      {
        run: "exec talk -c side -- no-such-program",
        err: /exec: "no-such-program": executable file not found in \$PATH/,
      },
      { run: "exec deploy/web -- sh -c 'echo $POD_NAME'", out: /^web-\S+\n$/ },
      {
        run: "exec once -- ls",
        err: /cannot exec into a container in a completed pod; current phase is Succeeded/,
      },
      { run: "exec talk -c other -- ls", err: /container other is not valid for pod talk/ },
      { run: "exec none -- ls", err: /pods "none" not found/ },
      {
        run: `exec -it talk -c side -- sh -c 'test -t 0 && echo "at a terminal"'`,
        atTerminal: true,
        out: /^at a terminal\r\n$/,
      },
      {
        run: "attach talk -c main",
        until: /line \d+\n/,
        err: /^(All commands .*\n)?If you don't see a command prompt, try pressing enter.\n$/,
      },
      {
        run: "attach -i listen",
        input: "words\n",
        until: /^heard words\n$/,
        err: /^(All commands .*\n)?If you don't see a command prompt, try pressing enter.\n$/,
      },
      { run: "cp up.txt talk:/scratch/carried.txt -c side", out: "" },
      { run: "exec talk -c side -- cat /scratch/carried.txt", out: "carried\n" },
      {
        run: "cp talk:/scratch/carried.txt down.txt -c side",
        out: /^(\S*tar: Removing leading .*\n)?$/,
        err: /^(\S*tar: Removing leading .*\n)?$/,
        code: 0,
      },
      {
        run: "create cm down --from-file=down.txt --dry-run=client -o jsonpath={.data}",
        out: '{"down.txt":"carried\\n"}',
      },
    ],
  },
  {
    name: "port-forward",
    steps: [
      {
        run: "port-forward deploy/web :8080",
        until: /Forwarding from 127.0.0.1:\d+ -> 8080\n/,
        serves: { path: "/", text: /^hello from web-/ },
      },
      {
        run: "port-forward svc/web :80",
        until: /Forwarding from 127.0.0.1:\d+ -> 8080\n/,
        serves: { path: "/", text: /^hello from web-/ },
      },
      { run: "port-forward pod/none :80", err: /pods "none" not found/ },
      { run: "port-forward svc/web :81", err: /Service web does not have a service port 81/ },
    ],
  },
  {
    name: "top",
    steps: [
      {
        run: "top node",
        out: /^NAME +CPU\(cores\) +CPU\(?%\)? +MEMORY\(bytes\) +MEMORY\(?%\)? *\ndunlin +\d+m /,
      },
      {
        run: "top pod talk",
        out: /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\ntalk +\d+m +\d+Mi *\n$/,
      },
      { run: "top pod --containers -l run=talk", out: /talk +main +\d+m +\d+Mi *\ntalk +side / },
      { run: "top pod -A --sort-by=memory", out: /^NAMESPACE +NAME / },
      { run: "top pod none", err: /"?none"? not found/ },
    ],
  },
  {
    name: "rollouts",
    steps: [
      {
        run: "annotate deploy web kubernetes.io/change-cause=first",
        out: "deployment.apps/web annotated\n",
      },
      { run: "set env deploy/web COLOUR=blue", out: "deployment.apps/web env updated\n" },
      { run: "rollout status deploy/web --timeout=50s", out: /successfully rolled out\n$/ },
      {
        run: "rollout history deploy/web",
        out: /^deployment.apps\/web \nREVISION +CHANGE-CAUSE\n1 +first\n2 +first\n\n$/,
      },
      {
        run: "rollout history deploy/web --revision=2",
        out: /with revision #2\n[^]*COLOUR:\tblue\n/,
      },
      { run: "rollout undo deploy/web", out: "deployment.apps/web rolled back\n" },
      { run: "rollout status deploy/web --timeout=50s", out: /successfully rolled out\n$/ },
      { run: "get deploy web -o jsonpath={..env[*].name}", out: "POD_NAME POD_IP" },
      { run: "rollout undo deploy/web --to-revision=2", out: "deployment.apps/web rolled back\n" },
      {
        run: "rollout undo deploy/web --to-revision=77",
        err: /unable to find specified revision 77 in history/,
      },
      { run: "rollout pause deploy/web", out: "deployment.apps/web paused\n" },
      { run: "set env deploy/web COLOUR=red", out: "deployment.apps/web env updated\n" },
      {
        run: "rollout status deploy/web --timeout=1s",
        err: /timed out/,
        out: /Waiting for deployment "web" rollout to finish/,
      },
      {
        run: "rollout undo deploy/web",
        err: /you cannot rollback a paused deployment; resume it first/,
      },
      { run: "rollout resume deploy/web", out: "deployment.apps/web resumed\n" },
      { run: "rollout restart deploy/web", out: "deployment.apps/web restarted\n" },
      { run: "rollout status deploy/web --timeout=50s", out: /successfully rolled out\n$/ },
      {
        run: "get rs -l app=web",
        out: /^NAME +DESIRED +CURRENT +READY +AGE\n(web-\S+ +\d +\d +\d .*\n){4}/,
      },
      { run: "scale deploy web --replicas=1 --timeout=30s", out: "deployment.apps/web scaled\n" },
      {
        run: "wait deploy/web --for=jsonpath={.status.replicas}=1 --timeout=30s",
        out: "deployment.apps/web condition met\n",
      },
    ],
  },
  {
    name: "waiting and deleting",
    steps: [
      {
        run: "wait pod/talk --for=condition=Ready=false --timeout=1s",
        err: /^error: timed out waiting for the condition on pods\/talk\n$/,
      },
      { run: "wait pod/none --for=delete --timeout=1s", out: "" },
      { run: "delete pod once --wait=false", out: deleted("pod", "once") },
      {
        run: "wait pod/once --for=delete --timeout=30s",
        out: /^(pod\/once condition met\n)?$/,
      },
      { run: "delete pod talk --grace-period=1", out: deleted("pod", "talk") },
      { run: "get pod talk", err: /pods "talk" not found/ },
      {
        run: "delete pod fail --force --grace-period=0",
        out: /^pod "fail" force deleted( from default namespace)?\n$/,
        err: /Warning: Immediate deletion does not wait/i,
        code: 0,
      },
      {
        run: "delete pod unknown big --now",
        out: /^pod "unknown" deleted.*\npod "big" deleted.*\n$/,
      },
      {
        run: "delete -f web.yaml --cascade=foreground",
        out: /^deployment.apps "web" deleted.*\nservice "web" deleted.*\n$/,
      },
      { run: "get rs -l app=web", err: /No resources found/, code: 0 },
    ],
  },
  {
    name: "the node",
    files: {
      "free.yaml": pod("free", `- {name: main, image: any, ${shell("sleep 1000")}}`),
      "tolerant.yaml": pod(
        "tolerant",
        `- {name: main, image: any, ${shell("sleep 1000")}}`,
        "tolerations: [{key: reserved, operator: Exists}]",
      ),
    },
    steps: [
      { run: "cordon dunlin", out: "node/dunlin cordoned\n" },
      { run: "get node dunlin", out: /dunlin +Ready,SchedulingDisabled / },
      { run: "apply -f free.yaml", out: "pod/free created\n" },
      {
        run: "wait pod/free --for=condition=PodScheduled=false --timeout=20s",
        out: "pod/free condition met\n",
      },
      { run: "describe pod free", out: /0\/1 nodes are available: 1 node\(s\) were unschedulable/ },
      { run: "uncordon dunlin", out: "node/dunlin uncordoned\n" },
      { run: "wait pod/free --for=condition=Ready --timeout=20s", out: "pod/free condition met\n" },
      { run: "taint node dunlin reserved=yes:NoSchedule", out: "node/dunlin tainted\n" },
      { run: "apply -f tolerant.yaml", out: "pod/tolerant created\n" },
      {
        run: "wait pod/tolerant --for=condition=Ready --timeout=20s",
        out: "pod/tolerant condition met\n",
      },
      { run: "taint node dunlin reserved-", out: "node/dunlin untainted\n" },
      { run: "label node dunlin rack=one", out: "node/dunlin labeled\n" },
      {
        run: "drain dunlin --force --delete-emptydir-data --pod-selector=run=free --timeout=50s",
        out: /node\/dunlin cordoned\n[^]*evicting pod default\/free\npod\/free evicted\nnode\/dunlin drained\n$/,
        err: /Warning: deleting Pods that declare no controller: default\/free/,
        code: 0,
      },
      { run: "uncordon dunlin", out: /node\/dunlin (already )?uncordoned\n/ },
      {
        run: "debug tolerant --image=x",
        err: /ephemeral containers are disabled for this cluster \(error from server: .*pods\/ephemeralcontainers/,
      },
      {
        run: "run -i --rm --restart=Never --image=any asked --command -- cat",
        input: "answer\n",
        out: /answer\n/,
        err: /^(All commands .*\n)?(If you don't see.*\n)?$/,
        code: 0,
      },
    ],
  },
];

testStories("kubectl's commands about what runs", openDunlinTerminal, stories);
