// The log of a container as the API's `log` subresource gives it, and the answers when there is none
// yet, in Kubernetes' words.
import type { Pod } from "../resources/pod.ts";
import { badRequest } from "./api-status.ts";
import type { PodLogOptions } from "./api-handler.ts";
import type { PodWorker } from "./pod-worker.ts";

/** `worker` is undefined for a pod that this node does not run, or not yet. */
export async function podLog(
  pod: Pod,
  worker: PodWorker | undefined,
  options: PodLogOptions,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const podName = pod.metadata.name;
  const container = containerName(pod, options.container);
  if (pod.spec.nodeName === undefined || pod.spec.nodeName === "")
    throw badRequest(`pod ${podName} does not have a host assigned`);
  const runner = worker?.runner(container);
  const log = runner?.log(options.previous);
  if (log) return log.read(options, signal);
  if (options.previous)
    throw badRequest(`previous terminated container "${container}" in pod "${podName}" not found`);
  const reason = runner?.status.state.waiting?.reason ?? "ContainerCreating";
  const wait = /^(?:ErrImagePull|ImagePullBackOff)$/.test(reason)
    ? "trying and failing to pull image"
    : reason;
  throw badRequest(`container "${container}" in pod "${podName}" is waiting to start: ${wait}`);
}

function containerName({ metadata, spec }: Pod, wanted: string | undefined): string {
  const apps = spec.containers.map(({ name }) => name);
  const inits = (spec.initContainers ?? []).map(({ name }) => name);
  if (wanted !== undefined && wanted !== "") {
    if ([...apps, ...inits].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
  }
  const [only] = apps;
  if (only !== undefined && apps.length === 1 && inits.length === 0) return only;
  const rest = inits.length > 0 ? ` or one of the init containers: [${inits.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${metadata.name}, choose one of: ` +
      `[${apps.join(" ")}]${rest}`,
  );
}
