// What is wrong with the hooks of a container's lifecycle, and with what makes an init container a
// sidecar, in Kubernetes' words.
import { forbidden, invalid, notSupported, required, type Cause } from "./cause.ts";
import { portNameProblems, portProblems } from "./label-syntax.ts";
import type { Container, LifecycleHandler } from "./pod.ts";

/** `graceSeconds` is the pod's: a pause before the end must fit into it. */
export function validateLifecycle(
  { lifecycle }: Container,
  graceSeconds: number,
  field: string,
): readonly Cause[] {
  return (["postStart", "preStop"] as const).flatMap((name) => {
    const handler = lifecycle?.[name];
    return handler ? validateHook(handler, graceSeconds, `${field}.lifecycle.${name}`) : [];
  });
}

/** Probes and hooks belong to what keeps running; `restartPolicy` makes an init container do so. */
export function validateInitContainer(container: Container, field: string): readonly Cause[] {
  const { restartPolicy, lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (restartPolicy === "Always") return [];
  if (restartPolicy !== undefined)
    return [notSupported(`${field}.restartPolicy`, restartPolicy, ["Always"])];
  const fields = { lifecycle, livenessProbe, readinessProbe, startupProbe };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name]) =>
      forbidden(
        `${field}.${name}`,
        "may not be set for init containers without restartPolicy=Always",
      ),
    );
}

export function validateAppContainer(
  { restartPolicy }: Container,
  field: string,
): readonly Cause[] {
  return restartPolicy === undefined
    ? []
    : [forbidden(`${field}.restartPolicy`, "may not be set for non-init containers")];
}

function validateHook(
  { exec, httpGet, tcpSocket, sleep }: LifecycleHandler,
  graceSeconds: number,
  field: string,
): readonly Cause[] {
  const handlers = [exec, httpGet, tcpSocket, sleep].filter((handler) => handler !== undefined);
  if (handlers.length === 0) return [required(field, "must specify a handler type")];
  if (handlers.length > 1) return [forbidden(field, "may not specify more than 1 handler type")];
  if (exec && (exec.command ?? []).length === 0) return [required(`${field}.exec.command`)];
  if (sleep && (sleep.seconds <= 0 || sleep.seconds > graceSeconds))
    return [
      invalid(
        `${field}.sleep`,
        sleep.seconds,
        `must be greater than 0 and less than terminationGracePeriodSeconds (${graceSeconds})`,
      ),
    ];
  const [branch, port] = httpGet ? ["httpGet", httpGet.port] : ["tcpSocket", tcpSocket?.port];
  if (port === undefined) return [];
  return (typeof port === "number" ? portProblems(port) : portNameProblems(port)).map((problem) =>
    invalid(`${field}.${branch}.port`, port, problem),
  );
}
