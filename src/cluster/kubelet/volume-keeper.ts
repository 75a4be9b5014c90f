// The volumes of one pod over its life: made before anything starts, as often as it takes, and kept
// up to date and within their limits until the pod is over.
import { sleep, type Clock } from "../../lib/clock.ts";
import type { Pod } from "../../resources/pod.ts";
import type { VolumeSources } from "./volume-files.ts";
import { mountVolumes, overfullVolume, wantsCare } from "./volume-mounts.ts";

export type VolumeKeeperOptions = {
  readonly clock: Clock;
  /** The pod as it is now. */
  readonly pod: () => Pod;
  readonly podFolder: string;
  readonly sources: () => VolumeSources;
  /** A volume could not be made, or brought up to date; in the words of an event. */
  readonly onFailure: (message: string) => void;
  /** A volume is larger than it may be; in the words of an eviction. */
  readonly onOverfull: (message: string) => void;
};

const firstRetryMs = 1_000;
const longestRetryMs = 10_000;
/** How soon a change of a ConfigMap or Secret reaches the files. */
const checkMs = 10_000;

export class VolumeKeeper {
  readonly #options: VolumeKeeperOptions;

  constructor(options: VolumeKeeperOptions) {
    this.#options = options;
  }

  /** Whether the volumes are made, rather than the pod having been stopped before. */
  async untilMade(stop: AbortSignal): Promise<boolean> {
    let retryMs = firstRetryMs;
    while (!stop.aborted) {
      if (await this.#make()) return true;
      await sleep(this.#options.clock, retryMs, stop);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
    return false;
  }

  /** Runs until the signal aborts, where there is anything to look after. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, pod, podFolder, onOverfull } = this.#options;
    if (!pod().spec.volumes?.some(wantsCare)) return;
    for (;;) {
      await sleep(clock, checkMs, signal);
      if (signal.aborted) return;
      await this.#make();
      const overfull = await overfullVolume(pod(), podFolder);
      if (overfull !== undefined) onOverfull(overfull);
    }
  }

  async #make(): Promise<boolean> {
    const { pod, podFolder, sources, onFailure } = this.#options;
    try {
      await mountVolumes(pod(), podFolder, sources());
      return true;
    } catch (error) {
      onFailure(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
