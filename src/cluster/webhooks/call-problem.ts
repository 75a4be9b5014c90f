// Why a webhook could not be asked, in the words of Go's HTTP client: those of Node and OpenSSL name
// neither the certificate's names nor, for plain HTTP, what is wrong.

const unknownAuthority = "certificate signed by unknown authority";
const outOfTime = "certificate has expired or is not yet valid";

/** By the codes that Node gives what OpenSSL says of a certificate. */
const certificateProblems: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: outOfTime,
  CERT_NOT_YET_VALID: outOfTime,
};

type ConnectError = Error & {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
};

export function callProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "", message, address, port, hostname, host, cert }: ConnectError = error;
  const untrusted = certificateProblems[code];
  if (untrusted !== undefined) return `tls: failed to verify certificate: x509: ${untrusted}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = (cert?.subjectaltname ?? "").replaceAll(/DNS:|IP Address:/g, "");
    const says =
      names === ""
        ? `certificate is not valid for any names, but wanted to match ${host}`
        : `certificate is valid for ${names}, not ${host}`;
    return `tls: failed to verify certificate: x509: ${says}`;
  }
  if (/wrong version number/.test(message))
    return "http: server gave HTTP response to HTTPS client";
  if (code === "ECONNREFUSED") return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${hostname}: no such host`;
  if (code === "ECONNRESET") return "EOF";
  return message;
}
