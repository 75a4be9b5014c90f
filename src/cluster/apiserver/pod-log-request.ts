// The log subresource of pods: what the query asks for, handed to whoever runs the pods.
import type { Pod } from "../../resources/pod.ts";
import type { PodLogReader } from "./api-handler.ts";
import { badRequest } from "../api-status.ts";
import { booleanParameter, numberParameter } from "./request-path.ts";

/** Text, as it comes. Throws 400 for a container that is not the pod's, or not named where it must be. */
export async function readPodLog(
  read: PodLogReader,
  pod: Pod,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const tailLines = numberParameter(query, "tailLines");
  const sinceSeconds = numberParameter(query, "sinceSeconds");
  const limitBytes = numberParameter(query, "limitBytes");
  const options = {
    container: containerOf(pod, query.get("container")),
    follow: booleanParameter(query, "follow"),
    previous: booleanParameter(query, "previous"),
    timestamps: booleanParameter(query, "timestamps"),
    ...(tailLines !== undefined && { tailLines }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(limitBytes !== undefined && { limitBytes }),
  };
  const body = await read(pod, options, signal);
  return new Response(body, {
    headers: { "content-type": "text/plain", "transfer-encoding": "chunked" },
  });
}

function containerOf(pod: Pod, asked: string | null): string {
  const { name } = pod.metadata;
  const containers = pod.spec.containers.map((container) => container.name);
  const all = [...containers, ...(pod.spec.initContainers ?? []).map((init) => init.name)];
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [first = ""] = containers;
  if (containers.length <= 1) return first;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${all.join(" ")}]`,
  );
}
