// From a container's specification to the command line, environment and folder of its process.
import { statSync } from "node:fs";
import { constants } from "node:os";
import type { Container } from "../../resources/pod.ts";
import {
  environmentOf,
  expandVariables,
  type Environment,
  type EnvironmentOptions,
} from "./container-env.ts";
import type { ImageResolution } from "./images.ts";
import { ConfigError } from "./config-error.ts";
import { inTerminal } from "./terminal.ts";
import { mountsOf, translatePath, volumeVariables, type Mount } from "./pod-volumes.ts";

export type Launch = {
  readonly command: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** Where paths of the container are on this machine. */
  readonly mounts: readonly Mount[];
};

export type LaunchOptions = Omit<EnvironmentOptions, "imageEnv"> & {
  readonly image: Extract<ImageResolution, { kind: "found" }>;
  /** Beneath everything: the machine's PATH and HOME. */
  readonly base: Environment;
  readonly podFolder: string;
  /** What the pod has besides its volumes. */
  readonly clusterMounts: readonly Mount[];
  /** The file that stands for the container's terminationMessagePath. */
  readonly terminationLog: string;
  readonly gpus: readonly number[];
};

/** Where KServe mounts a model. */
const modelPath = "/mnt/models";

/** Throws a ConfigError for what keeps the container from being started. */
export async function planLaunch(options: LaunchOptions): Promise<Launch> {
  const { pod, container, image, podFolder, terminationLog, gpus } = options;
  if (image.workingDir !== undefined && !isFolder(image.workingDir))
    throw new ConfigError(
      `workingDir ${image.workingDir} of the image mapping is no folder of this machine`,
    );
  const { stopSignal = "SIGTERM" } = container.lifecycle ?? {};
  if (!(stopSignal in constants.signals))
    throw new ConfigError(`stopSignal "${stopSignal}" is not supported on this machine`);
  const own = await environmentOf({ ...options, imageEnv: image.env });
  const volumes = mountsOf(pod, container, podFolder, own);
  const termination = { path: terminationPath(container), target: terminationLog };
  const mounts = [...volumes, ...options.clusterMounts, termination];
  const translated = Object.entries(own).map(([name, value]) => [
    name,
    translatePath(value, mounts),
  ]);
  const model = volumes.find(({ path }) => path === modelPath);
  const env: Environment = {
    ...options.base,
    ...volumeVariables(volumes),
    ...Object.fromEntries(translated),
    DUNLIN_TERMINATION_LOG: terminationLog,
    ...(model && { DUNLIN_MODEL_DIR: model.target }),
    ...(gpus.length > 0 && { CUDA_VISIBLE_DEVICES: gpus.join(",") }),
  };
  const command = image.command.map((word) => translatePath(expandVariables(word, env), mounts));
  const launch = {
    command,
    env,
    cwd: workingFolder(container.workingDir, podFolder, mounts) ?? image.workingDir ?? podFolder,
    mounts,
  };
  return container.tty === true ? { ...launch, ...inTerminal(launch) } : launch;
}

const terminationPath = ({ terminationMessagePath }: Container): string =>
  terminationMessagePath ?? "/dev/termination-log";

/** A manifest may name a folder of its image that this machine has not: then the pod's own. */
function workingFolder(
  workingDir: string | undefined,
  podFolder: string,
  mounts: readonly Mount[],
): string | undefined {
  if (!workingDir) return undefined;
  const wanted = translatePath(workingDir, mounts);
  return isFolder(wanted) ? wanted : podFolder;
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
