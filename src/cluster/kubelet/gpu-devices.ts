// The accelerators that the node advertises, by index. They are simulated: what a container gets is
// a name for each in CUDA_VISIBLE_DEVICES, and that nobody else gets it at the same time.
import type { Container, Pod } from "../../resources/pod.ts";
import { isSidecar } from "../../resources/pod-state.ts";

export const gpuResource = "nvidia.com/gpu";

export class GpuDevices {
  readonly #count: number;
  /** Device index to the uid of the pod that has it. */
  readonly #owners = new Map<number, string>();

  constructor(count: number) {
    this.#count = count;
  }

  /**
   * Devices for each container of a pod, by container name; init containers run before the others and
   * use the same ones, unless they keep running beside them. Undefined when there are not enough, and then nothing is taken.
   */
  allocate(pod: Pod): ReadonlyMap<string, readonly number[]> | undefined {
    const { containers, initContainers = [] } = pod.spec;
    const free = Array.from({ length: this.#count }, (_, index) => index).filter(
      (index) => !this.#owners.has(index),
    );
    const assigned = new Map<string, readonly number[]>();
    let used = 0;
    const take = (container: Container) => {
      assigned.set(container.name, free.slice(used, used + gpusOf(container)));
      used += gpusOf(container);
    };
    initContainers.filter(isSidecar).forEach(take);
    const kept = used;
    containers.forEach(take);
    for (const container of initContainers.filter((one) => !isSidecar(one))) {
      assigned.set(container.name, free.slice(kept, kept + gpusOf(container)));
      used = Math.max(used, kept + gpusOf(container));
    }
    if (used > free.length) return undefined;
    for (const index of free.slice(0, used)) this.#owners.set(index, pod.metadata.uid ?? "");
    return assigned;
  }

  release(pod: Pod): void {
    for (const [index, uid] of this.#owners)
      if (uid === pod.metadata.uid) this.#owners.delete(index);
  }
}

function gpusOf({ resources }: Container): number {
  return Number(resources?.limits?.[gpuResource] ?? resources?.requests?.[gpuResource] ?? 0);
}
