// Volumes of a pod whose containers are local processes: folders below the pod's own, or, for
// hostPath, the machine's. A process sees the machine's file system, so the path that a container
// mounts a volume at is translated wherever it stands alone in an argument or a variable; inside a
// longer text, a shell script say, it is not, and DUNLIN_VOLUME_NAME takes its place.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, Volume, VolumeMount } from "../../resources/pod.ts";
import { expandVariables, type Environment } from "./container-env.ts";
import { ConfigError } from "./config-error.ts";

/** Where a container's mount path really is. Longest path first, so that the closest mount wins. */
export type Mount = { readonly volume?: string; readonly path: string; readonly target: string };

const supportedTypes = ["emptyDir", "configMap", "secret", "downwardAPI", "projected", "hostPath"];
const supportedSources = ["configMap", "secret", "downwardAPI", "serviceAccountToken"];

/** The first volume that cannot be had here, in words; undefined when all can. */
export function unsupportedVolume({ spec }: Pod): string | undefined {
  for (const volume of spec.volumes ?? []) {
    const type = Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";
    if (!supportedTypes.includes(type))
      return `volume "${volume.name}": ${type} volumes are not supported in this cluster; use one of ${supportedTypes.join(", ")}`;
    for (const source of volume.projected?.sources ?? [])
      for (const key of Object.keys(source))
        if (!supportedSources.includes(key))
          return `volume "${volume.name}": projected sources of the kind ${key} are not supported in this cluster; use one of ${supportedSources.join(", ")}`;
  }
  return undefined;
}

/** The folder that holds a volume, or, for hostPath, whatever is at that path. */
export function volumeTarget(volume: Volume, podFolder: string): string {
  return volume.hostPath?.path ?? join(podFolder, "volumes", volume.name);
}

/** Throws a ConfigError for a mount of a volume that the pod does not have, or a path that leaves it. */
export function mountsOf(
  pod: Pod,
  container: Container,
  podFolder: string,
  env: Environment,
): readonly Mount[] {
  const mounts = (container.volumeMounts ?? []).map((mount) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    if (!volume)
      throw new ConfigError(`volume "${mount.name}" of container "${container.name}" not found`);
    const subPath = subPathOf(mount, env);
    const target = join(volumeTarget(volume, podFolder), subPath);
    if (subPath !== "" && !existsSync(target)) mkdirSync(target, { recursive: true });
    return { volume: mount.name, path: mount.mountPath.replace(/(?<=.)\/+$/, ""), target };
  });
  return mounts.sort((left, right) => right.path.length - left.path.length);
}

function subPathOf({ name, subPath = "", subPathExpr }: VolumeMount, env: Environment): string {
  const expanded = subPathExpr === undefined ? subPath : expandVariables(subPathExpr, env);
  if (subPathExpr !== undefined && /\$\(/.test(expanded))
    throw new ConfigError(`missing value for subPathExpr "${subPathExpr}" of volume "${name}"`);
  if (expanded.startsWith("/"))
    throw new ConfigError(`subPath "${expanded}" of volume "${name}" must be a relative path`);
  if (expanded.split("/").includes(".."))
    throw new ConfigError(`subPath "${expanded}" of volume "${name}" must not contain '..'`);
  return expanded;
}

/** `DUNLIN_VOLUME_NAME` for each volume that a container mounts, in capitals, `_` for other characters. */
export function volumeVariables(mounts: readonly Mount[]): Environment {
  const variables = mounts.flatMap(({ volume, target }) =>
    volume === undefined
      ? []
      : [[`DUNLIN_VOLUME_${volume.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`, target] as const],
  );
  return Object.fromEntries(variables);
}

/** Translates a value that is a path at or below a mount, alone or after `--flag=`. */
export function translatePath(value: string, mounts: readonly Mount[]): string {
  const [, flag, path = ""] = /^(-[^=\s]*=)(.*)$/s.exec(value) ?? [];
  if (flag !== undefined) return flag + translatePath(path, mounts);
  const mount = mounts.find((one) => value === one.path || value.startsWith(`${one.path}/`));
  return mount ? mount.target + value.slice(mount.path.length) : value;
}
