// From a container's specification to the command line, environment and folder of its process.
import { statSync } from "node:fs";
import { constants } from "node:os";
import type { Container } from "../../resources/pod.ts";
import { environmentOf, expandVariables, type EnvironmentOptions } from "./container-env.ts";
import type { ImageResolution } from "./images.ts";
import { ConfigError, mountsOf, translatePath, type Mount } from "./pod-volumes.ts";

export type Launch = {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where paths of the container are on this machine. */
  readonly mounts: readonly Mount[];
};

export type LaunchOptions = Omit<EnvironmentOptions, "mounts" | "imageEnv"> & {
  readonly image: Extract<ImageResolution, { kind: "found" }>;
  readonly podFolder: string;
  /** The file that stands for the container's terminationMessagePath. */
  readonly terminationLog: string;
  readonly gpus: readonly number[];
};

/** Where KServe mounts a model. */
const modelPath = "/mnt/models";

/** Throws a ConfigError for what keeps the container from being started. */
export async function planLaunch(options: LaunchOptions): Promise<Launch> {
  const { pod, container, image, podFolder, terminationLog, gpus } = options;
  const { stopSignal = "SIGTERM" } = container.lifecycle ?? {};
  if (!(stopSignal in constants.signals))
    throw new ConfigError(`stopSignal "${stopSignal}" is not supported on this machine`);
  const volumes = mountsOf(pod, container, podFolder);
  const mounts = [...volumes, { path: terminationPath(container), target: terminationLog }];
  const environment = await environmentOf({ ...options, mounts, imageEnv: image.env });
  const model = volumes.find(({ path }) => path === modelPath);
  const env = {
    ...environment,
    DUNLIN_TERMINATION_LOG: terminationLog,
    ...(model && { DUNLIN_MODEL_DIR: model.target }),
    ...(gpus.length > 0 && { CUDA_VISIBLE_DEVICES: gpus.join(",") }),
  };
  const command = image.command.map((word) => translatePath(expandVariables(word, env), mounts));
  return { command, env, cwd: workingFolder(container, podFolder, mounts), mounts };
}

const terminationPath = ({ terminationMessagePath }: Container): string =>
  terminationMessagePath ?? "/dev/termination-log";

/** The pod's own folder, unless the container names one that exists on this machine. */
function workingFolder(
  { workingDir }: Container,
  podFolder: string,
  mounts: readonly Mount[],
): string {
  if (workingDir === undefined || workingDir === "") return podFolder;
  const wanted = translatePath(workingDir, mounts);
  return statSync(wanted, { throwIfNoEntry: false })?.isDirectory() ? wanted : podFolder;
}
