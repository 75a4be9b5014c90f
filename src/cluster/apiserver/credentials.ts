// The keys of a cluster: its certificates and the token of its administrator. They are made once for a
// data directory and kept in it, so that a kubeconfig outlives a restart.
import { randomBytes, X509Certificate } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { isJsonObject } from "../../lib/json.ts";
import { apiServiceAddresses } from "../address-blocks.ts";
import type { ClusterCertificates } from "./certificates.ts";

export type Credentials = ClusterCertificates & { readonly token: string };

/**
 * Makes new ones where the file is absent, unreadable as such, or its certificate ends within a day or
 * does not hold for the addresses by which pods reach the server.
 */
export async function loadCredentials(file: string, nowMs: number): Promise<Credentials> {
  const kept = readCredentials(file);
  if (kept && isUsable(kept.cert, nowMs)) return kept;
  const token = randomBytes(24).toString("base64url");
  // Loaded only when needed, because loading it takes as long as all the rest of a start.
  const { makeCertificates } = await import("./certificates.ts");
  const credentials = { ...(await makeCertificates(nowMs)), token };
  // Renamed into place whole, so that a process that is killed leaves no half of it.
  writeFileSync(`${file}.new`, JSON.stringify(credentials, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return credentials;
}

const dayMs = 24 * 3600 * 1000;

/** False for what is no certificate. */
function isUsable(cert: string, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const lasts = Date.parse(certificate.validTo) > nowMs + dayMs;
    return lasts && apiServiceAddresses.every((address) => certificate.checkIP(address));
  } catch {
    return false;
  }
}

function readCredentials(file: string): Credentials | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // The first start, or a file that somebody broke: both are mended by making new ones.
    return undefined;
  }
  if (!isJsonObject(content)) return undefined;
  const { authority, cert, key, token } = content;
  const texts = [authority, cert, key, token];
  return texts.every((text) => typeof text === "string" && text !== "")
    ? (content as Credentials)
    : undefined;
}
