// IP addresses, networks and URLs in CEL, read as Go reads them.
import { isIPv4, isIPv6 } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";
import { registerFunctions, registerNamespace } from "./function-table.ts";

/** An address as a number of 32 or 128 bits. */
class Ip {
  readonly family: 4 | 6;
  readonly bits: bigint;

  constructor(family: 4 | 6, bits: bigint) {
    this.family = family;
    this.bits = bits;
  }
}

class Cidr {
  readonly ip: Ip;
  readonly prefixLength: number;

  constructor(ip: Ip, prefixLength: number) {
    this.ip = ip;
    this.prefixLength = prefixLength;
  }
}

class Url {
  readonly scheme: string;
  /** As it stands in the text, with its port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(parts: readonly (string | undefined)[]) {
    this.scheme = (parts[1] ?? "").toLowerCase();
    this.host = (parts[2] ?? "").replace(/^.*@/, "");
    this.path = parts[3] ?? "";
    this.query = parts[4] ?? "";
  }
}

export function registerAddresses(environment: Environment): void {
  registerIps(environment);
  registerCidrs(environment);
  registerUrls(environment);
}

function registerIps(environment: Environment): void {
  const type = "net.IP";
  environment.registerType(type, Ip);
  environment.registerOperator(`${type} == ${type}`, sameIp);
  registerFunctions(environment, {
    [`ip(string): ${type}`]: requireIp,
    "isIP(string): bool": (text: string) => parseIp(text) !== undefined,
    [`string(${type}): string`]: formatIp,
    [`${type}.family(): int`]: ({ family }: Ip) => BigInt(family),
    [`${type}.isUnspecified(): bool`]: ({ bits }: Ip) => bits === 0n,
    [`${type}.isLoopback(): bool`]: (ip: Ip) =>
      ip.family === 4 ? ip.bits >> 24n === 127n : ip.bits === 1n,
    [`${type}.isLinkLocalUnicast(): bool`]: isLinkLocal,
    [`${type}.isLinkLocalMulticast(): bool`]: (ip: Ip) =>
      ip.family === 4
        ? ip.bits >> 8n === 0xe0_0000n
        : (ip.bits >> 112n) % 0x10n === 2n && ip.bits >> 120n === 0xffn,
    [`${type}.isGlobalUnicast(): bool`]: isGlobalUnicast,
  });
  registerNamespace(environment, "ip", {
    "isCanonical(string): bool": (text: string) => formatIp(requireIp(text)) === text,
  });
}

function registerCidrs(environment: Environment): void {
  const type = "net.CIDR";
  environment.registerType(type, Cidr);
  environment.registerOperator(
    `${type} == ${type}`,
    (left: Cidr, right: Cidr) =>
      sameIp(left.ip, right.ip) && left.prefixLength === right.prefixLength,
  );
  registerFunctions(environment, {
    [`cidr(string): ${type}`]: requireCidr,
    "isCIDR(string): bool": (text: string) => parseCidr(text) !== undefined,
    [`string(${type}): string`]: ({ ip, prefixLength }: Cidr) => `${formatIp(ip)}/${prefixLength}`,
    [`${type}.containsIP(string): bool`]: (cidr: Cidr, text: string) =>
      contains(cidr, requireIp(text)),
    [`${type}.containsIP(net.IP): bool`]: contains,
    [`${type}.containsCIDR(string): bool`]: (cidr: Cidr, text: string) =>
      containsCidr(cidr, requireCidr(text)),
    [`${type}.containsCIDR(${type}): bool`]: containsCidr,
    [`${type}.ip(): net.IP`]: ({ ip }: Cidr) => ip,
    [`${type}.masked(): ${type}`]: ({ ip, prefixLength }: Cidr) =>
      new Cidr(masked(ip, prefixLength), prefixLength),
    [`${type}.prefixLength(): int`]: ({ prefixLength }: Cidr) => BigInt(prefixLength),
  });
}

function registerUrls(environment: Environment): void {
  const type = "kubernetes.URL";
  environment.registerType(type, Url);
  registerFunctions(environment, {
    [`url(string): ${type}`]: (text: string) => {
      const url = parseUrl(text);
      if (!url) throw new RangeError(`URL parse error during conversion from string: ${text}`);
      return url;
    },
    "isURL(string): bool": (text: string) => parseUrl(text) !== undefined,
    [`${type}.getScheme(): string`]: ({ scheme }: Url) => scheme,
    [`${type}.getHost(): string`]: ({ host }: Url) => host,
    [`${type}.getHostname(): string`]: ({ host }: Url) =>
      host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1"),
    [`${type}.getPort(): string`]: ({ host }: Url) => /:(\d*)$/.exec(host)?.[1] ?? "",
    [`${type}.getEscapedPath(): string`]: ({ path }: Url) => path,
    [`${type}.getQuery(): map<string, list<string>>`]: ({ query }: Url) => {
      const search = new URLSearchParams(query);
      return new Map([...search.keys()].map((key) => [key, search.getAll(key)]));
    },
  });
}

/** Go's `url.ParseRequestURI`: an absolute URI or an absolute path. */
function parseUrl(text: string): Url | undefined {
  // oxlint-disable-next-line no-control-regex -- Go refuses control characters.
  if (/[\x00-\x20\x7f]|%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?(.*))?$/s.exec(
    text,
  );
  if (!match || (match[1] === undefined && !match[3]?.startsWith("/"))) return undefined;
  const url = new Url(match);
  return /:(?!\d*$)/.test(url.host.replace(/^\[.*\]/, "")) ? undefined : url;
}

/** No zones, no leading zeros and no IPv4 within IPv6, as Kubernetes has it. */
function parseIp(text: string): Ip | undefined {
  if (isIPv4(text))
    return new Ip(
      4,
      text.split(".").reduce((bits, part) => bits * 256n + BigInt(part), 0n),
    );
  if (!isIPv6(text) || text.includes("%") || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const [front, back] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => "0");
  const all = [...front, ...zeros, ...back];
  return new Ip(
    6,
    all.reduce((bits, group) => bits * 65_536n + BigInt(`0x${group}`), 0n),
  );
}

function requireIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new RangeError(`IP Address "${text}" parse error during conversion from string`);
  return ip;
}

function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefix = "", ...more] = text.split("/");
  const ip = parseIp(address);
  if (!ip || more.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  return Number(prefix) <= width(ip) ? new Cidr(ip, Number(prefix)) : undefined;
}

function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr)
    throw new RangeError(`network address parse error during conversion from string: ${text}`);
  return cidr;
}

/** RFC 5952: lower case, the longest run of zero groups left out. */
function formatIp({ family, bits }: Ip): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/(?:^|:)(0(?::0)+)(?=:|$)/g)].map(
    ([, run = ""]) => run,
  );
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return groups.join(":");
  return groups.join(":").replace(new RegExp(`(^|:)${longest}(:|$)`), "::");
}

function sameIp(left: Ip, right: Ip): boolean {
  return left.family === right.family && left.bits === right.bits;
}

function width({ family }: Ip): number {
  return family === 4 ? 32 : 128;
}

function masked(ip: Ip, prefixLength: number): Ip {
  const hostBits = BigInt(width(ip) - prefixLength);
  return new Ip(ip.family, (ip.bits >> hostBits) << hostBits);
}

function contains({ ip, prefixLength }: Cidr, other: Ip): boolean {
  return (
    ip.family === other.family && sameIp(masked(ip, prefixLength), masked(other, prefixLength))
  );
}

function containsCidr(cidr: Cidr, other: Cidr): boolean {
  return contains(cidr, other.ip) && other.prefixLength >= cidr.prefixLength;
}

function isLinkLocal({ family, bits }: Ip): boolean {
  return family === 4 ? bits >> 16n === 0xa9fen : bits >> 118n === 0x3fan;
}

function isGlobalUnicast(ip: Ip): boolean {
  const { family, bits } = ip;
  if (bits === 0n || isLinkLocal(ip)) return false;
  if (family === 4) return bits !== 0xffff_ffffn && bits >> 24n !== 127n && bits >> 28n !== 0xen;
  return bits !== 1n && bits >> 120n !== 0xffn;
}
