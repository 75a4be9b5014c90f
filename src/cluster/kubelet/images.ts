// What an image stands for. Nothing is pulled: an image's name leads to a local command, and an image
// that leads nowhere runs only when its container brings a command of its own, which is then an
// ordinary program of this machine.
import type { Container } from "../../resources/pod.ts";

export type ImageMapping = {
  /** A glob over repository and tag, `kserve/huggingfaceserver*`; without a tag it means every tag. */
  readonly image: string;
  /** The program and its first arguments, as an image's entry point has them. */
  readonly command: readonly string[];
  /** What follows where the container says no `args` and no `command`, as an image's CMD. */
  readonly args?: readonly string[];
  /** Variables that the image sets; the container's own win. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs, unless the container names a folder. Without it: the pod's own. */
  readonly workingDir?: string;
};

export type ImageResolution =
  | {
      readonly kind: "found";
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly workingDir?: string;
      /** For `imageID`, which clients require to be there. */
      readonly imageId: string;
    }
  | { readonly kind: "unknown"; readonly message: string };

/**
 * The command line of a container, before variables are expanded. As in Kubernetes, `command` takes
 * the place of all that the image says, `args` that of its `args` alone.
 */
export function resolveImage(
  container: Pick<Container, "image" | "command" | "args">,
  mappings: readonly ImageMapping[],
): ImageResolution {
  const { image = "", command = [], args = [] } = container;
  const mapping = mappings.find((candidate) => imageMatches(candidate.image, image));
  const words =
    command.length > 0
      ? [...command, ...args]
      : mapping && [...mapping.command, ...(args.length > 0 ? args : (mapping.args ?? []))];
  if (!words) return { kind: "unknown", message: unknownImage(image, mappings) };
  return {
    kind: "found",
    command: words,
    env: mapping?.env ?? {},
    ...(mapping?.workingDir !== undefined && { workingDir: mapping.workingDir }),
    imageId: `dunlin-process://${normalizeImage(image)}`,
  };
}

/** Whether a glob means an image, once the names of Docker's own registry are taken off both. */
export function imageMatches(glob: string, image: string): boolean {
  const pattern = globPattern(normalizeImage(glob));
  const name = normalizeImage(image);
  return pattern.test(name) || pattern.test(withoutTag(name));
}

/** `docker.io/library/redis:7`, `index.docker.io/redis:7` and `redis:7` are one image. */
function normalizeImage(image: string): string {
  return image.replace(/^(?:index\.|registry-1\.)?docker\.io\//, "").replace(/^library\//, "");
}

/** The repository: a colon before the last slash belongs to a registry's port. */
function withoutTag(image: string): string {
  return image.replace(/@[^/]*$/, "").replace(/:[^/:]*$/, "");
}

function globPattern(glob: string): RegExp {
  const literal = glob.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`);
}

function unknownImage(image: string, mappings: readonly ImageMapping[]): string {
  const known = mappings.map((mapping) => mapping.image).join(", ") || "none";
  return (
    `failed to resolve image "${image}": pods of this cluster are local processes, and no image ` +
    `mapping leads from this image to a command; mapped images: ${known}. Map it to a local command ` +
    "in a file and start the cluster with --images FILE, or give the container a command of its own"
  );
}
