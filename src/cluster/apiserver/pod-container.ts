// Which container of a pod a request means: logs, exec and attach choose it alike.
import type { Pod } from "../../resources/pod.ts";
import { badRequest } from "../api-status.ts";

/** Throws 400 for a container that is not the pod's, or not named where it must be. */
export function containerOf({ metadata, spec }: Pod, asked: string | null): string {
  const all = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  }
  const [first, ...others] = spec.containers;
  if (first && others.length === 0) return first.name;
  throw badRequest(
    `a container name must be specified for pod ${metadata.name}, choose one of: [${all.join(" ")}]`,
  );
}
