// Makes the volumes of a pod and keeps them up to date; both are the same work, done again.
import { lstatSync, mkdirSync, statSync, writeFileSync, type Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatQuantity, parseQuantity, quantityValue } from "../../lib/quantity.ts";
import type { Pod, Volume } from "../../resources/pod.ts";
import { writeFolder } from "./atomic-folder.ts";
import { ConfigError } from "./config-error.ts";
import { volumeTarget } from "./pod-volumes.ts";
import { volumeFiles, type VolumeSources } from "./volume-files.ts";

/** Whether a volume may change, or grow too large, while its pod runs. */
export function wantsCare({
  emptyDir,
  configMap,
  secret,
  downwardAPI,
  projected,
}: Volume): boolean {
  return Boolean(configMap ?? secret ?? downwardAPI ?? projected ?? emptyDir?.sizeLimit);
}

/** Throws a ConfigError for the first volume that cannot be made, in the words of a kubelet's event. */
export async function mountVolumes(
  pod: Pod,
  podFolder: string,
  sources: VolumeSources,
): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    try {
      await mountVolume(volume, volumeTarget(volume, podFolder), sources);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`MountVolume.SetUp failed for volume "${volume.name}" : ${reason}`);
    }
  }
}

async function mountVolume(volume: Volume, target: string, sources: VolumeSources): Promise<void> {
  if (volume.hostPath) return checkHostPath(target, volume.hostPath.type ?? "");
  const files = await volumeFiles(volume, sources);
  if (files) writeFolder(target, files);
  else mkdirSync(target, { recursive: true });
}

const hostPathChecks: Readonly<
  Record<string, readonly [kind: string, is: (stats: Stats) => boolean]>
> = {
  Directory: ["directory", (stats) => stats.isDirectory()],
  DirectoryOrCreate: ["directory", (stats) => stats.isDirectory()],
  File: ["file", (stats) => stats.isFile()],
  FileOrCreate: ["file", (stats) => stats.isFile()],
  Socket: ["socket file", (stats) => stats.isSocket()],
  CharDevice: ["character device", (stats) => stats.isCharacterDevice()],
  BlockDevice: ["block device", (stats) => stats.isBlockDevice()],
};

/** An empty type asks for nothing, not even that there is something. */
function checkHostPath(path: string, type: string): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there && type === "DirectoryOrCreate") mkdirSync(path, { recursive: true, mode: 0o755 });
  if (!there && type === "FileOrCreate") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "", { mode: 0o644 });
  }
  const [kind, is] = hostPathChecks[type] ?? [];
  const found = there ?? statSync(path, { throwIfNoEntry: false });
  if (is && !(found && is(found)))
    throw new ConfigError(`hostPath type check failed: ${path} is not a ${kind}`);
}

/** The first emptyDir that holds more than its sizeLimit, in the words of an eviction. */
export async function overfullVolume(pod: Pod, podFolder: string): Promise<string | undefined> {
  for (const volume of pod.spec.volumes ?? []) {
    const { sizeLimit } = volume.emptyDir ?? {};
    const limitBytes = sizeLimit === undefined ? undefined : quantityValue(sizeLimit);
    // Zero stands for no limit.
    if (!limitBytes) continue;
    const limit = parseQuantity(sizeLimit ?? "");
    if ((await bytesBelow(volumeTarget(volume, podFolder))) > limitBytes)
      return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${limit ? formatQuantity(limit) : sizeLimit}". `;
  }
  return undefined;
}

/** What the files take on the disk; those that go away meanwhile count for nothing. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile()) bytes += found.blocks * 512;
  }
  return bytes;
}
