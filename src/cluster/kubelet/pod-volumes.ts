// Volumes of a pod whose containers are local processes: folders below the pod's own. A process sees
// the machine's file system, so the path that a container mounts a volume at is translated wherever
// it stands alone in an argument or a variable; inside a longer text, a shell script say, it is not.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod } from "../../resources/pod.ts";

/** Where a container's mount path really is. Longest path first, so that the closest mount wins. */
export type Mount = { readonly path: string; readonly target: string };

/** The container's specification cannot be carried out as it stands; kubelets word it the same. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

/** Makes the folders. Throws a ConfigError for kinds of volume that do not exist here. */
export function makeVolumes(pod: Pod, podFolder: string): void {
  for (const volume of pod.spec.volumes ?? []) {
    const other = Object.keys(volume).find((key) => key !== "name" && key !== "emptyDir");
    if (other !== undefined)
      throw new ConfigError(
        `volume "${volume.name}": ${other} volumes are not supported in this cluster, emptyDir is`,
      );
    mkdirSync(volumeFolder(podFolder, volume.name), { recursive: true });
  }
}

/** Throws a ConfigError for a mount of a volume that the pod does not have. */
export function mountsOf(pod: Pod, container: Container, podFolder: string): readonly Mount[] {
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, subPath = "" }) => {
    if (!pod.spec.volumes?.some((volume) => volume.name === name))
      throw new ConfigError(`volume "${name}" of container "${container.name}" not found`);
    if (subPath.split("/").includes(".."))
      throw new ConfigError(`subPath "${subPath}" of volume "${name}" must not contain '..'`);
    const target = join(volumeFolder(podFolder, name), subPath);
    mkdirSync(target, { recursive: true });
    return { path: mountPath.replace(/(?<=.)\/+$/, ""), target };
  });
  return mounts.sort((left, right) => right.path.length - left.path.length);
}

/** Translates a value that is a path at or below a mount, alone or after `--flag=`. */
export function translatePath(value: string, mounts: readonly Mount[]): string {
  const [, flag, path = ""] = /^(-[^=\s]*=)(.*)$/s.exec(value) ?? [];
  if (flag !== undefined) return flag + translatePath(path, mounts);
  const mount = mounts.find((one) => value === one.path || value.startsWith(`${one.path}/`));
  return mount ? mount.target + value.slice(mount.path.length) : value;
}

const volumeFolder = (podFolder: string, name: string): string => join(podFolder, "volumes", name);
