// The certificates of a cluster's API server: an authority of its own, and one leaf for the loopback
// addresses and names under which the server is reached (X.509 as in RFC 5280, EC P-256). Whoever
// calls this keeps them. It makes nothing else; a library for all of X.509 takes longer to load than
// this takes in all.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  boolean,
  context,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from "./der.ts";

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
];

const hourMs = 3_600_000;
const validityMs = 10 * 365 * 24 * hourMs;

export function makeCertificates(nowMs: number): ClusterCertificates {
  const authority = newKeys();
  const leaf = newKeys();
  const authorityName = `dunlin ${randomBytes(4).toString("hex")}`;
  const validity = sequence(time(nowMs - hourMs), time(nowMs + validityMs));
  const issue = (subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string => {
    const body = sequence(
      context(0, integer(Buffer.of(2)), true), // version 3
      integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
      signatureAlgorithm,
      commonName(authorityName),
      validity,
      commonName(subject),
      publicKey.export({ type: "spki", format: "der" }),
      context(
        3,
        sequence(
          ...extensions,
          extension(oids.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
          extension(
            oids.authorityKeyIdentifier,
            sequence(context(0, keyIdentifier(authority.publicKey), false)),
          ),
        ),
        true,
      ),
    );
    const signature = sign("sha256", body, authority.privateKey);
    return pem(sequence(body, signatureAlgorithm, bitString(signature)));
  };
  return {
    authority: issue(authorityName, authority.publicKey, [
      extension(oids.basicConstraints, sequence(boolean(true)), "critical"),
      extension(oids.keyUsage, bitString(Buffer.of(keyUsage.certSign), 2), "critical"),
    ]),
    cert: issue("dunlin-apiserver", leaf.publicKey, [
      extension(oids.basicConstraints, sequence(), "critical"),
      extension(oids.keyUsage, bitString(Buffer.of(keyUsage.digitalSignature), 7), "critical"),
      extension(oids.extendedKeyUsage, sequence(objectIdentifier(oids.serverAuth))),
      extension(oids.subjectAlternativeName, sequence(...serverNames.map(alternativeName))),
    ]),
    key: leaf.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const oids = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;

/** The first byte of the bit string: bit 0 is the highest. */
const keyUsage = { digitalSignature: 0b1000_0000, certSign: 0b0000_0100 } as const;

const signatureAlgorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(objectIdentifier(oids.commonName), utf8String(name))));
}

function extension(oid: string, value: Buffer, critical?: "critical"): Buffer {
  const flag = critical === undefined ? Buffer.alloc(0) : boolean(true);
  return sequence(objectIdentifier(oid), flag, octetString(value));
}

/** GeneralName: a DNS name has tag 2, an address tag 7. */
function alternativeName(name: string): Buffer {
  return isIP(name) === 4
    ? context(7, Buffer.from(name.split(".").map(Number)), false)
    : context(2, Buffer.from(name), false);
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  const bytes = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha1").update(bytes).digest();
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
