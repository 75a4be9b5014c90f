// The log of a container for the API's `log` subresource, which has chosen the container, and the
// answers when there is none yet, in Kubernetes' words.
import type { Pod } from "../../resources/pod.ts";
import { badRequest } from "../api-status.ts";
import type { PodLogOptions } from "../apiserver/node-access.ts";
import type { PodWorker } from "./pod-worker.ts";

/** `worker` is undefined for a pod that this node does not run, or not yet. */
export async function podLog(
  pod: Pod,
  worker: PodWorker | undefined,
  options: PodLogOptions,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const podName = pod.metadata.name;
  const { container } = options;
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
