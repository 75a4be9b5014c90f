// The schema of a container: image, command, environment, ports, resources, probes and hooks.
import {
  atomic,
  boolean,
  defaulted,
  described,
  int32,
  int64,
  intOrString,
  keyedList,
  list,
  map,
  mapList,
  object,
  quantity,
  set,
  string,
  type Schema,
} from "./schema.ts";

const keySelector = atomic(object({ name: string, key: string, optional: boolean }, "key"));

export const fieldReferenceSchema: Schema = atomic(
  object({ apiVersion: string, fieldPath: string }, "fieldPath"),
);

export const resourceFieldReferenceSchema: Schema = atomic(
  object({ containerName: string, resource: string, divisor: quantity }, "resource"),
);

const envVar = object(
  {
    name: string,
    value: string,
    valueFrom: object({
      configMapKeyRef: keySelector,
      secretKeyRef: keySelector,
      fieldRef: fieldReferenceSchema,
      resourceFieldRef: resourceFieldReferenceSchema,
      fileKeyRef: atomic(
        object(
          { volumeName: string, path: string, key: string, optional: boolean },
          "volumeName",
          "path",
          "key",
        ),
      ),
    }),
  },
  "name",
);

const envSource = object({ name: string, optional: boolean });

const envFrom = object({ prefix: string, configMapRef: envSource, secretRef: envSource });

const containerPortSchema: Schema = object(
  {
    name: string,
    containerPort: int32,
    // Both are keys of the list for server-side apply, so the protocol must never be absent.
    protocol: defaulted("TCP", string),
    hostIP: string,
    hostPort: int32,
  },
  "containerPort",
);

export const resourceRequirementsSchema: Schema = object({
  limits: map(quantity),
  requests: map(quantity),
  claims: keyedList(object({ name: string, request: string }, "name"), "name"),
});

const volumeMount = object(
  {
    name: string,
    mountPath: string,
    subPath: string,
    subPathExpr: string,
    readOnly: boolean,
    recursiveReadOnly: string,
    mountPropagation: string,
  },
  "name",
  "mountPath",
);

const httpGet = object(
  {
    path: string,
    port: intOrString,
    host: string,
    scheme: string,
    httpHeaders: list(object({ name: string, value: string }, "name", "value")),
  },
  "port",
);

const exec = object({ command: list(string) });
const tcpSocket = object({ port: intOrString, host: string }, "port");

const probeSchema: Schema = object({
  httpGet,
  tcpSocket,
  exec,
  grpc: object({ port: int32, service: string }, "port"),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});

const hook = object({ exec, httpGet, tcpSocket, sleep: object({ seconds: int64 }, "seconds") });

export const seLinuxSchema: Schema = object({
  user: string,
  role: string,
  type: string,
  level: string,
});

/** Seccomp and AppArmor profiles look alike. */
export const localhostProfileSchema: Schema = object(
  { type: string, localhostProfile: string },
  "type",
);

export const windowsOptionsSchema: Schema = object({
  gmsaCredentialSpecName: string,
  gmsaCredentialSpec: string,
  runAsUserName: string,
  hostProcess: boolean,
});

const securityContext = object({
  capabilities: object({ add: list(string), drop: list(string) }),
  privileged: boolean,
  allowPrivilegeEscalation: boolean,
  readOnlyRootFilesystem: boolean,
  procMount: string,
  runAsUser: int64,
  runAsGroup: int64,
  runAsNonRoot: boolean,
  seLinuxOptions: seLinuxSchema,
  seccompProfile: localhostProfileSchema,
  appArmorProfile: localhostProfileSchema,
  windowsOptions: windowsOptionsSchema,
});

/** The fields of a container, by name, so that KServe's `model` block can carry them inline. */
export const containerFields = {
  name: described("The container's name, a DNS label, unique within its pod.", string),
  image: described("Which image to run; it decides the local command too.", string),
  imagePullPolicy: string,
  command: described("Replaces the image's entry point.", list(string)),
  args: described("Arguments of the entry point; $(VAR) is expanded.", list(string)),
  workingDir: string,
  env: mapList(envVar, "name"),
  envFrom: list(envFrom),
  ports: mapList(containerPortSchema, "containerPort", "protocol"),
  resources: resourceRequirementsSchema,
  resizePolicy: list(
    object({ resourceName: string, restartPolicy: string }, "resourceName", "restartPolicy"),
  ),
  restartPolicy: string,
  restartPolicyRules: list(
    object(
      { action: string, exitCodes: object({ operator: string, values: set(int32) }, "operator") },
      "action",
    ),
  ),
  volumeMounts: mapList(volumeMount, "mountPath"),
  volumeDevices: mapList(
    object({ name: string, devicePath: string }, "name", "devicePath"),
    "devicePath",
  ),
  livenessProbe: probeSchema,
  readinessProbe: probeSchema,
  startupProbe: probeSchema,
  lifecycle: object({ postStart: hook, preStop: hook, stopSignal: string }),
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  securityContext,
  stdin: boolean,
  stdinOnce: boolean,
  tty: boolean,
} as const;

export const containerSchema: Schema = object(containerFields, "name");
