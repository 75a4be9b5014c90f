// What stands in the files of a volume that is made from the API's objects: ConfigMaps, Secrets,
// fields of the pod itself, or several of these together. Reads them; writes nothing.
import { posix } from "node:path";
import { ownValue } from "../../lib/json.ts";
import type { ConfigMap } from "../../resources/config-map.ts";
import type { DownwardFile, KeyToPath, Pod, ProjectedSource, Volume } from "../../resources/pod.ts";
import type { Secret } from "../../resources/secret.ts";
import { ConfigError } from "./config-error.ts";
import { fieldValue, resourceValue, type PodFacts } from "./downward-api.ts";

export type VolumeFile = { readonly data: Buffer; readonly mode: number };
/** By path below the volume. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

export type VolumeSources = Omit<PodFacts, "container"> & {
  readonly secret: (name: string) => Promise<Secret | undefined>;
  readonly configMap: (name: string) => Promise<ConfigMap | undefined>;
  /** What lets a process into the API. Undefined where nobody gave the node one. */
  readonly token: string | undefined;
};

/** rw-r--r-- */
const defaultFileMode = 0o644;

/**
 * Undefined for a volume of another kind. Throws a ConfigError, worded as a kubelet words it, for an
 * object or key that is not there and not optional.
 */
export async function volumeFiles(
  volume: Volume,
  sources: VolumeSources,
): Promise<VolumeFiles | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return new Map(await projectionOf({ configMap }, sources, configMap.defaultMode));
  if (secret) {
    const { secretName: name = "", defaultMode, ...rest } = secret;
    return new Map(await projectionOf({ secret: { name, ...rest } }, sources, defaultMode));
  }
  if (downwardAPI)
    return new Map(await projectionOf({ downwardAPI }, sources, downwardAPI.defaultMode));
  if (!projected) return undefined;
  const files = new Map<string, VolumeFile>();
  for (const source of projected.sources ?? [])
    for (const [path, file] of await projectionOf(source, sources, projected.defaultMode))
      files.set(path, file);
  return files;
}

type Entries = readonly (readonly [path: string, file: VolumeFile])[];

async function projectionOf(
  source: ProjectedSource,
  sources: VolumeSources,
  defaultMode = defaultFileMode,
): Promise<Entries> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) {
    const { name = "" } = configMap;
    const found = await sources.configMap(name);
    if (!found && configMap.optional !== true)
      throw new ConfigError(`configmap "${name}" not found`);
    const data = {
      ...encoded(found?.data ?? {}, "utf8"),
      ...encoded(found?.binaryData ?? {}, "base64"),
    };
    return chosen(data, configMap, "config", defaultMode);
  }
  if (secret) {
    const { name = "" } = secret;
    const found = await sources.secret(name);
    if (!found && secret.optional !== true) throw new ConfigError(`secret "${name}" not found`);
    return chosen(encoded(found?.data ?? {}, "base64"), secret, "secret", defaultMode);
  }
  if (downwardAPI)
    return (downwardAPI.items ?? []).map((item) => [
      checkedPath(item.path),
      { data: Buffer.from(downwardText(item, sources)), mode: item.mode ?? defaultMode },
    ]);
  if (serviceAccountToken) {
    if (sources.token === undefined) throw new ConfigError("this node has no token to hand out");
    // Nobody but the container's user may read it, whatever the others' mode is.
    const file = { data: Buffer.from(sources.token), mode: 0o600 };
    return [[checkedPath(serviceAccountToken.path), file]];
  }
  return [];
}

function encoded(
  values: Readonly<Record<string, string>>,
  encoding: "utf8" | "base64",
): Readonly<Record<string, Buffer>> {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, encoding)]));
}

function chosen(
  data: Readonly<Record<string, Buffer>>,
  { items, optional }: { readonly items?: readonly KeyToPath[]; readonly optional?: boolean },
  kind: "config" | "secret",
  defaultMode: number,
): Entries {
  if (!items)
    return Object.entries(data).map(([key, bytes]) => [key, { data: bytes, mode: defaultMode }]);
  return items.flatMap(({ key, path, mode = defaultMode }) => {
    const bytes = ownValue(data, key);
    if (bytes) return [[checkedPath(path), { data: bytes, mode }] as const];
    if (optional === true) return [];
    throw new ConfigError(`references non-existent ${kind} key: ${key}`);
  });
}

function checkedPath(path: string): string {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || parts.includes("..") || path.startsWith(".."))
    throw new ConfigError(
      `path "${path}" must be relative and must not contain or start with '..'`,
    );
  return posix.normalize(path);
}

function downwardText(
  { fieldRef, resourceFieldRef }: DownwardFile,
  sources: VolumeSources,
): string {
  const [container = { name: "" }] = sources.pod.spec.containers;
  if (fieldRef)
    return (
      mapText(fieldRef.fieldPath, sources.pod) ??
      fieldValue(fieldRef.fieldPath, { ...sources, container })
    );
  return resourceFieldRef ? resourceValue(resourceFieldRef, { ...sources, container }) : "";
}

/** All labels or annotations, a line each: `key="value"`. Files may have them, variables may not. */
function mapText(path: string, { metadata }: Pod): string | undefined {
  if (path !== "metadata.labels" && path !== "metadata.annotations") return undefined;
  const values = (path === "metadata.labels" ? metadata.labels : metadata.annotations) ?? {};
  return Object.keys(values)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(values[key])}`)
    .join("\n");
}
