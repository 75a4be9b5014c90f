// How the processes of a pod reach the API: a kubeconfig, and the variables that client libraries
// look for inside a cluster. The folder of files that these libraries read besides cannot be where
// they expect it, since a process has no file system of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "../../resources/pod.ts";
import { kubeconfigText, type KubeconfigOptions } from "../apiserver/kubeconfig.ts";
import type { Environment } from "./container-env.ts";
import type { Mount } from "./pod-volumes.ts";

export type ApiAccess = Pick<KubeconfigOptions, "url" | "authority" | "token">;

const serviceAccountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Writes the files; a path that a container names is translated as if they were mounted. A pod that
 * does not want them gets an empty kubeconfig, lest its programs find the user's own.
 */
export function giveApiAccess(
  { metadata, spec }: Pod,
  podFolder: string,
  { url, authority, token }: ApiAccess,
): { readonly env: Environment; readonly mounts: readonly Mount[] } {
  const { hostname, port } = new URL(url);
  const address = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  if (spec.automountServiceAccountToken === false)
    return { env: { ...address, KUBECONFIG: "/dev/null" }, mounts: [] };
  const { namespace = "default" } = metadata;
  const folder = join(podFolder, "serviceaccount");
  const kubeconfig = join(folder, "kubeconfig");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (path: string, text: string) => writeFileSync(path, text, { mode: 0o600 });
  write(join(folder, "token"), token);
  write(join(folder, "ca.crt"), authority);
  write(join(folder, "namespace"), namespace);
  write(kubeconfig, kubeconfigText({ url, authority, token, namespace }));
  return {
    env: { ...address, KUBECONFIG: kubeconfig },
    mounts: [{ path: serviceAccountPath, target: folder }],
  };
}
