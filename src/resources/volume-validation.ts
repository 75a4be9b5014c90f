// What is wrong with the volumes of a pod that fits its schema, in Kubernetes' words.
import { parseQuantity } from "../lib/quantity.ts";
import { duplicates, forbidden, invalid, notSupported, required, type Cause } from "./cause.ts";
import { validateDownwardFile } from "./env-validation.ts";
import { dnsLabelProblems } from "./label-syntax.ts";
import type { DownwardFile, KeyToPath, ProjectedSource, Volume } from "./pod.ts";

export function validateVolumes(volumes: readonly Volume[], field: string): readonly Cause[] {
  const each = volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`;
    return [...validateName(volume.name, `${at}.name`), ...validateSource(volume, at)];
  });
  const names = duplicates(
    volumes,
    ({ name }) => name,
    (index) => `${field}[${index}].name`,
  );
  return [...each, ...names];
}

function validateName(name: string, field: string): readonly Cause[] {
  if (name === "") return [required(field)];
  return dnsLabelProblems(name).map((problem) => invalid(field, name, problem));
}

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

function validateSource(volume: Volume, field: string): readonly Cause[] {
  const types = Object.keys(volume).filter((key) => key !== "name");
  const { emptyDir, hostPath, secret, configMap, downwardAPI, projected } = volume;
  const causes = types
    .slice(1)
    .map((type) => forbidden(`${field}.${type}`, "may not specify more than 1 volume type"));
  if (emptyDir?.sizeLimit !== undefined && !isAmount(emptyDir.sizeLimit))
    causes.push(
      forbidden(`${field}.emptyDir.sizeLimit`, "SizeLimit field must be a valid resource quantity"),
    );
  if (hostPath) {
    const { path, type = "" } = hostPath;
    if (path === "") causes.push(required(`${field}.hostPath.path`));
    if (path.split("/").includes(".."))
      causes.push(invalid(`${field}.hostPath.path`, path, "must not contain '..'"));
    if (!hostPathTypes.includes(type))
      causes.push(notSupported(`${field}.hostPath.type`, type, hostPathTypes));
  }
  if (volume.persistentVolumeClaim?.claimName === "")
    causes.push(required(`${field}.persistentVolumeClaim.claimName`));
  return [
    ...causes,
    ...(secret ? validateFiles(secret.secretName, "secretName", secret, `${field}.secret`) : []),
    ...(configMap ? validateFiles(configMap.name, "name", configMap, `${field}.configMap`) : []),
    ...(downwardAPI ? validateTold(downwardAPI, `${field}.downwardAPI`) : []),
    ...(projected
      ? [
          ...validateMode(projected.defaultMode, `${field}.projected.defaultMode`),
          ...(projected.sources ?? []).flatMap((source, index) =>
            validateProjected(source, `${field}.projected.sources[${index}]`),
          ),
        ]
      : []),
  ];
}

function validateProjected(source: ProjectedSource, field: string): readonly Cause[] {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  const { path, expirationSeconds = 3600 } = serviceAccountToken ?? { path: "-" };
  return [
    ...Object.keys(source)
      .slice(1)
      .map((type) => forbidden(`${field}.${type}`, "may not specify more than 1 volume type")),
    ...(secret ? validateFiles(secret.name, "name", secret, `${field}.secret`) : []),
    ...(configMap ? validateFiles(configMap.name, "name", configMap, `${field}.configMap`) : []),
    ...(downwardAPI ? validateTold(downwardAPI, `${field}.downwardAPI`) : []),
    ...(path === "" ? [required(`${field}.serviceAccountToken.path`)] : []),
    ...(expirationSeconds < 600
      ? [
          invalid(
            `${field}.serviceAccountToken.expirationSeconds`,
            expirationSeconds,
            "may not specify a duration less than 10 minutes",
          ),
        ]
      : []),
  ];
}

type Files = { readonly items?: readonly KeyToPath[]; readonly defaultMode?: number };

/** A ConfigMap or Secret by name, and where its keys go. */
function validateFiles(
  name: string | undefined,
  nameField: string,
  { items = [], defaultMode }: Files,
  field: string,
): readonly Cause[] {
  return [
    ...(name ? [] : [required(`${field}.${nameField}`)]),
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...items.flatMap(({ key, path, mode }, index) => [
      ...(key === "" ? [required(`${field}.items[${index}].key`)] : []),
      ...validatePath(path, `${field}.items[${index}].path`),
      ...validateMode(mode, `${field}.items[${index}].mode`),
    ]),
  ];
}

function validateTold(
  { items = [], defaultMode }: { items?: readonly DownwardFile[]; defaultMode?: number },
  field: string,
): readonly Cause[] {
  return [
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...items.flatMap((file, index) => [
      ...validatePath(file.path, `${field}[${index}].path`),
      ...validateDownwardFile(file, `${field}[${index}]`),
      ...validateMode(file.mode, `${field}[${index}].mode`),
    ]),
  ];
}

/** A file inside of a volume must stay inside of it, and apart from what the kubelet keeps there. */
function validatePath(path: string, field: string): readonly Cause[] {
  if (path === "") return [required(field)];
  const causes: Cause[] = [];
  if (path.startsWith("/")) causes.push(invalid(field, path, "must be a relative path"));
  if (path.split("/").includes("..")) causes.push(invalid(field, path, "must not contain '..'"));
  else if (path.startsWith("..")) causes.push(invalid(field, path, "must not start with '..'"));
  return causes;
}

function validateMode(mode: number | undefined, field: string): readonly Cause[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(field, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

function isAmount(text: string): boolean {
  const quantity = parseQuantity(text);
  return quantity !== undefined && quantity.nano >= 0n;
}
