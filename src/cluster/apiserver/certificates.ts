// The certificates of a cluster's API server: an authority of its own, and one leaf for the loopback
// addresses and names under which the server is reached. Whoever calls this keeps them: loading the
// library takes longer than anything else at a first start.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
} from "@peculiar/x509";
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { apiServiceAddresses } from "../address-blocks.ts";

export type ClusterCertificates = {
  /** PEM texts. The authority's key is not kept: nothing else is to be signed by it. */
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
};

export const serverNames: readonly string[] = [
  "127.0.0.1",
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  // Which of them it is may differ from run to run, and the certificate stays.
  ...apiServiceAddresses,
];

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const hourMs = 3_600_000;
const validityMs = 10 * 365 * 24 * hourMs;

export async function makeCertificates(
  nowMs: number,
  names: readonly string[] = serverNames,
): Promise<ClusterCertificates> {
  const [authorityKeys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
  const validity = {
    notBefore: new Date(nowMs - hourMs),
    notAfter: new Date(nowMs + validityMs),
    signingAlgorithm: algorithm,
  };
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    // A client that knows two clusters must be able to tell their authorities apart.
    name: `CN=dunlin ${crypto.randomUUID().slice(0, 8)}`,
    keys: authorityKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const leaf = await X509CertificateGenerator.create({
    ...validity,
    subject: "CN=kube-apiserver",
    issuer: authority.subject,
    publicKey: leafKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
      await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
      await SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
    ],
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", leafKeys.privateKey));
  return {
    authority: authority.toString("pem"),
    cert: leaf.toString("pem"),
    key: pem("PRIVATE KEY", key),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function generalName(value: string): JsonGeneralName {
  return { type: isIP(value) === 0 ? "dns" : "ip", value };
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
