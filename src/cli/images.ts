// Which images of the embedded cluster are Dunlin's own programs. Pods are local processes: an image
// names a command.
import { fileURLToPath } from "node:url";
import type { ImageMapping } from "../cluster/kubelet/images.ts";

/** `compileCache` is the folder in which Node keeps compiled code, if it is to keep any. */
export function ownImages(compileCache: string | undefined): readonly ImageMapping[] {
  const env = compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache };
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const dunlin = (command: string): readonly string[] => [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    main,
    command,
  ];
  return [
    { image: "kserve/huggingfaceserver*", command: dunlin("modelserver"), env },
    {
      image: "kserve/storage-initializer*",
      command: dunlin("storage-initializer"),
      // Here a model that cannot be reached must not stop anyone from trying Dunlin out.
      env: { ...env, DUNLIN_SIMULATED_ENGINE: "1" },
    },
  ];
}
