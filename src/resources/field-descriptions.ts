// What the fields of built-in kinds are for, in one sentence each: `kubectl explain` prints them. By
// kind and path; lists and maps are passed through, so `spec.containers.image` is one container's.

type Descriptions = Readonly<Record<string, string>>;

const metadata: Descriptions = {
  annotations: "Free text by key, for tools and people; nothing is selected by it.",
  creationTimestamp: "When the object was stored. Set by the server.",
  deletionGracePeriodSeconds: "How long the object may take to go. Set by the server.",
  deletionTimestamp:
    "When the object will be gone; set by the server when a deletion is asked for.",
  finalizers: "Who still has to do something before the object may go.",
  generateName: "The beginning of a name that the server completes, used when there is no name.",
  generation: "Counts the changes of what is wanted. Set by the server.",
  labels: "Short values by key, by which objects are selected.",
  managedFields: "Who set which field last, for server-side apply. Set by the server.",
  name: "Tells the object from others of its kind in its namespace. It never changes.",
  namespace: "The scope of the name; empty for kinds that belong to the whole cluster.",
  ownerReferences: "The objects that this one depends on; it goes when they are all gone.",
  "ownerReferences.blockOwnerDeletion":
    "Whether a foreground deletion of the owner waits for this object.",
  "ownerReferences.controller": "Whether this owner is the one that manages the object.",
  resourceVersion: "The revision of the object. A write that names an older one is refused.",
  uid: "Tells the object from all others, now and ever. Set by the server.",
};

const pod: Descriptions = {
  spec: "What is to run, and how.",
  "spec.activeDeadlineSeconds": "After this time the pod is ended and counts as failed.",
  "spec.affinity": "Which nodes and which neighbours the pod wants or must have.",
  "spec.containers.env": "Variables of the environment, in order; later ones may use earlier ones.",
  "spec.containers.env.name": "The name of the variable.",
  "spec.containers.env.value": "Its text. $(OTHER) stands for another variable's value.",
  "spec.containers.env.valueFrom": "Where its value comes from in place of `value`.",
  "spec.containers.env.valueFrom.configMapKeyRef": "A key of a ConfigMap.",
  "spec.containers.env.valueFrom.fieldRef": "A field of the pod itself, such as status.podIP.",
  "spec.containers.env.valueFrom.resourceFieldRef": "A request or a limit of a container.",
  "spec.containers.env.valueFrom.secretKeyRef": "A key of a Secret.",
  "spec.containers.envFrom": "ConfigMaps and Secrets of which every key becomes a variable.",
  "spec.containers.imagePullPolicy": "When the image is fetched: Always, IfNotPresent or Never.",
  "spec.containers.lifecycle": "What is done right after the start and before the end.",
  "spec.containers.lifecycle.postStart": "Runs once the container has started.",
  "spec.containers.lifecycle.preStop": "Runs before the container is asked to end.",
  "spec.containers.livenessProbe": "How to tell that the program hangs; it is then started anew.",
  "spec.containers.ports":
    "The ports at which the program listens; Services may refer to their names.",
  "spec.containers.ports.containerPort": "The port number, 1 to 65535.",
  "spec.containers.ports.name": "A name by which Services and probes find the port.",
  "spec.containers.ports.protocol": "TCP, UDP or SCTP; TCP when not set.",
  "spec.containers.readinessProbe": "How to tell that the program can take requests.",
  "spec.containers.resources": "What the container needs, and what it may use at most.",
  "spec.containers.resources.limits":
    "The most that it may use; above the memory limit it is ended.",
  "spec.containers.resources.requests": "What the node must have free for it.",
  "spec.containers.securityContext": "Under which user and with which rights the program runs.",
  "spec.containers.startupProbe": "How to tell that the program is up; other probes wait for it.",
  "spec.containers.terminationMessagePath": "The file in which the program says why it ended.",
  "spec.containers.volumeMounts": "Where the pod's volumes appear for this container.",
  "spec.containers.volumeMounts.mountPath": "The path at which the program finds the volume.",
  "spec.containers.volumeMounts.name": "The volume, by its name in spec.volumes.",
  "spec.containers.volumeMounts.readOnly": "Whether it can be read only.",
  "spec.containers.volumeMounts.subPath": "A path within the volume to show in place of its root.",
  "spec.containers.workingDir": "The folder in which the program starts.",
  "spec.dnsPolicy": "Where names are looked up: ClusterFirst, Default or None.",
  "spec.hostAliases": "Names and their addresses, as lines of /etc/hosts.",
  "spec.hostname": "The pod's name for itself; its own name when not set.",
  "spec.imagePullSecrets": "Secrets with which images are fetched.",
  "spec.nodeName": "The node that runs the pod; the scheduler sets it.",
  "spec.nodeSelector": "Labels that the node must have.",
  "spec.priorityClassName": "How important the pod is, by the name of a class.",
  "spec.restartPolicy": "Whether ended containers are started anew: Always, OnFailure or Never.",
  "spec.schedulerName": "Who chooses the node.",
  "spec.securityContext": "Rights that hold for all containers.",
  "spec.serviceAccountName": "The identity with which the pod asks the API.",
  "spec.subdomain": "The headless Service under whose name the pod is found.",
  "spec.tolerations": "Taints of nodes that the pod puts up with.",
  "spec.volumes": "Folders and files that containers may mount.",
  "spec.volumes.configMap": "The keys of a ConfigMap as files.",
  "spec.volumes.downwardAPI": "Fields of the pod itself as files.",
  "spec.volumes.emptyDir": "A folder that is empty at first and goes with the pod.",
  "spec.volumes.hostPath": "A folder or file of the machine.",
  "spec.volumes.name": "The name by which containers mount it.",
  "spec.volumes.persistentVolumeClaim": "Storage that outlives the pod, by the name of its claim.",
  "spec.volumes.projected": "Several sources in one folder.",
  "spec.volumes.secret": "The keys of a Secret as files.",
  status: "What is the case, as the node sees it.",
  "status.conditions": "What holds for the pod: PodScheduled, Initialized, ContainersReady, Ready.",
  "status.containerStatuses": "How each container is doing.",
  "status.containerStatuses.lastState": "How the container ended the last time.",
  "status.containerStatuses.ready": "Whether it can take requests.",
  "status.containerStatuses.restartCount": "How often it was started anew.",
  "status.containerStatuses.state": "Whether it is waiting, running or terminated, and why.",
  "status.hostIP": "The address of the node.",
  "status.phase": "Pending, Running, Succeeded, Failed or Unknown.",
  "status.podIP": "The address of the pod.",
  "status.qosClass": "Guaranteed, Burstable or BestEffort, as requests and limits make it.",
  "status.reason": "Why the pod is in this state, in a word.",
  "status.startTime": "When the node took the pod on.",
};

const replicas: Descriptions = {
  "spec.minReadySeconds": "How long a new pod must have been ready to count as available.",
  "status.availableReplicas": "Pods that have been ready long enough.",
  "status.conditions": "What holds for it, each with a reason.",
  "status.observedGeneration": "The generation that this status is about.",
  "status.readyReplicas": "Pods that can take requests.",
  "status.replicas": "Pods that there are.",
};

const kinds: Readonly<Record<string, Descriptions>> = {
  ConfigMap: {
    binaryData: "Bytes by key, in base64.",
    data: "Text by key.",
    immutable: "Whether the data may never change.",
  },
  CustomResourceDefinition: {
    spec: "The kind: its names, its scope and its versions.",
    "spec.conversion":
      "How objects become those of another version; None changes the apiVersion alone.",
    "spec.group": "The group of the kind, a domain name.",
    "spec.names": "What the kind is called in manifests, paths and commands.",
    "spec.scope": "Whether its objects stand in a namespace: Namespaced or Cluster.",
    "spec.versions": "Its versions; objects are stored in exactly one of them.",
    "spec.versions.additionalPrinterColumns": "What kubectl prints of an object.",
    "spec.versions.deprecated": "Whether each answer warns of the version.",
    "spec.versions.name": "The version, such as v1beta1.",
    "spec.versions.schema": "How objects of the version look.",
    "spec.versions.selectableFields": "Fields by which objects can be selected.",
    "spec.versions.served": "Whether the version can be asked for.",
    "spec.versions.storage": "Whether objects are stored in this version.",
    "spec.versions.subresources": "Whether status and scale are written on paths of their own.",
    status: "Whether the kind is served, and under which names.",
    "status.acceptedNames": "The names under which it is served.",
    "status.storedVersions": "Versions in which objects may be stored.",
  },
  Deployment: {
    spec: "What is wanted.",
    ...replicas,
    "spec.paused": "Whether changes of the template wait.",
    "spec.progressDeadlineSeconds":
      "How long a rollout may stand still before it counts as failed.",
    "spec.revisionHistoryLimit": "How many old ReplicaSets are kept to go back to.",
    "spec.strategy": "How new pods take the place of old ones.",
    "spec.strategy.rollingUpdate.maxSurge":
      "How many pods there may be above the wanted number, a count or a percentage.",
    "spec.strategy.rollingUpdate.maxUnavailable":
      "How many pods may be missing meanwhile, a count or a percentage.",
    "spec.strategy.type": "RollingUpdate, bit by bit, or Recreate, all at once.",
    status: "How far it has come.",
    "status.updatedReplicas": "Pods made from the present template.",
    "status.unavailableReplicas": "Pods that are still missing.",
  },
  Ingress: {
    spec: "Which requests lead where.",
    "spec.defaultBackend": "Where requests go that no rule is for.",
    "spec.ingressClassName": "Who serves the rules.",
    "spec.rules": "Paths by host.",
    "spec.rules.host": "The name that requests are for; all when not set.",
    "spec.rules.http.paths": "What leads to which Service.",
    "spec.rules.http.paths.backend": "The Service and its port.",
    "spec.rules.http.paths.path": "The beginning of the path, or the whole of it.",
    "spec.rules.http.paths.pathType": "Exact, Prefix or ImplementationSpecific.",
    "spec.tls": "Certificates by host.",
  },
  Namespace: {
    spec: "What holds the namespace.",
    status: "Whether it is there to stay.",
    "status.phase": "Active, or Terminating while what is in it goes.",
  },
  Node: {
    spec: "How the node may be used.",
    "spec.taints": "What keeps pods away that do not tolerate it.",
    "spec.unschedulable": "Whether no new pods come here.",
    status: "What the node has and how it is.",
    "status.allocatable": "What pods can have of it.",
    "status.capacity": "All that it has.",
    "status.conditions": "What holds for it, such as Ready.",
  },
  Pod: pod,
  ReplicaSet: {
    spec: "What is wanted.",
    ...replicas,
    "spec.replicas": "How many pods are wanted; 1 when not set.",
    "spec.selector":
      "Which pods belong to it. It must match the template's labels, and never changes.",
    "spec.template": "The pods to be made.",
    status: "What there is.",
  },
  Secret: {
    data: "Bytes by key, in base64.",
    immutable: "Whether the data may never change.",
    stringData: "Text by key; the server moves it into data.",
    type: "What the data is for, such as Opaque or kubernetes.io/tls.",
  },
  Service: {
    spec: "Which pods it stands for, and how they are reached.",
    "spec.clusterIP": "Its address; None for a headless Service, which has those of its pods.",
    "spec.externalName": "The name that a Service of type ExternalName stands for.",
    "spec.ports": "Its ports, and those of the pods that they lead to.",
    "spec.ports.name": "Tells several ports apart.",
    "spec.ports.nodePort": "A port of the node that leads to it as well.",
    "spec.ports.port": "The port of the Service.",
    "spec.ports.protocol": "TCP, UDP or SCTP; TCP when not set.",
    "spec.publishNotReadyAddresses": "Whether pods count that are not ready.",
    "spec.sessionAffinity": "Whether one client always gets the same pod: None or ClientIP.",
    "spec.type": "ClusterIP, NodePort, LoadBalancer or ExternalName.",
    status: "Where it is reached from outside.",
  },
};

/** All kinds and paths that are described; what every object has stands under no kind. */
export function describedFields(): readonly (readonly [kind: string, path: string])[] {
  return [
    ...Object.keys(metadata).map((path) => ["", `metadata.${path}`] as const),
    ...Object.entries(kinds).flatMap(([kind, descriptions]) =>
      Object.keys(descriptions).map((path) => [kind, path] as const),
    ),
  ];
}

/** Undefined where there is nothing to add to the field's name. */
export function fieldDescription(kind: string, path: string): string | undefined {
  if (path.startsWith("metadata.")) return metadata[path.slice("metadata.".length)];
  const own = kinds[kind]?.[path];
  if (own !== undefined) return own;
  const inTemplate = "spec.template.";
  if (path.startsWith(inTemplate)) return fieldDescription("Pod", path.slice(inTemplate.length));
  // Init containers have the fields of containers.
  if (path.startsWith("spec.initContainers."))
    return pod[path.replace("spec.initContainers.", "spec.containers.")];
  return undefined;
}
