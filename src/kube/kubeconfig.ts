// Reads a kubeconfig as kubectl does: current context, inline data or files beside it.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import type { ServerAccess } from "./transport.ts";

type Named<Name extends string, T> = { readonly name: string } & { readonly [key in Name]?: T };
type KubeconfigFile = {
  readonly "current-context"?: string;
  readonly contexts?: readonly Named<
    "context",
    { readonly cluster?: string; readonly user?: string }
  >[];
  readonly clusters?: readonly Named<"cluster", Readonly<Record<string, string | boolean>>>[];
  readonly users?: readonly Named<"user", Readonly<Record<string, string>>>[];
};

/** Throws an Error that names the file and the missing part when no server can be read from it. */
export function readKubeconfig(file: string): ServerAccess {
  // The file is the user's; every part that is used below is checked.
  const config = (parse(readFileSync(file, "utf8")) ?? {}) as KubeconfigFile;
  const contextName = config["current-context"] ?? "";
  const context = config.contexts?.find(({ name }) => name === contextName)?.context;
  if (!context)
    throw new Error(
      `kubeconfig ${file}: current-context "${contextName}" is not among its contexts`,
    );
  const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster;
  if (typeof cluster?.["server"] !== "string")
    throw new Error(`kubeconfig ${file}: cluster "${context.cluster}" has no server`);
  const user = config.users?.find(({ name }) => name === context.user)?.user ?? {};

  const pem = (part: Readonly<Record<string, unknown>>, key: string): string | undefined => {
    const inline = part[`${key}-data`];
    if (typeof inline === "string") return Buffer.from(inline, "base64").toString("utf8");
    const path = part[key];
    return typeof path === "string"
      ? readFileSync(resolve(dirname(file), path), "utf8")
      : undefined;
  };
  const certificateAuthority = pem(cluster, "certificate-authority");
  const clientCertificate = pem(user, "client-certificate");
  const clientKey = pem(user, "client-key");
  const token = user["token"];
  return {
    server: cluster["server"],
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
    ...(token !== undefined && { token }),
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
  };
}
