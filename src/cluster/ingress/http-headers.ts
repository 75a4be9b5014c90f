// What a proxy does to the headers that pass through it. Pure.
import type { IncomingHttpHeaders } from "node:http";

type RawHeaders = readonly string[];

/** Meant for one connection and not for what lies behind it (RFC 9110, section 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Takes and gives names and values in turns, so that repeated headers and their spelling survive.
 * `dropped` names further ones to leave out, in lower case.
 */
export function passHeaders(raw: RawHeaders, dropped: readonly string[] = []): string[] {
  const named = new Set(dropped);
  for (const [name, value] of pairs(raw))
    if (name.toLowerCase() === "connection")
      for (const token of value.split(",")) named.add(token.trim().toLowerCase());
  return pairs(raw)
    .filter(([name]) => !hopByHop.has(name.toLowerCase()) && !named.has(name.toLowerCase()))
    .flat();
}

/** Who asked for what, for the server behind: X-Forwarded-For grows, the others keep the first word. */
export function forwardedHeaders(
  headers: IncomingHttpHeaders,
  client: { readonly address: string; readonly localPort: number },
): string[] {
  const before = headers["x-forwarded-for"];
  const chain = [...(before === undefined ? [] : [before].flat()), client.address].join(", ");
  const first = (name: string, value: string): string =>
    [headers[name] ?? value].flat()[0] ?? value;
  return [
    ["X-Forwarded-For", chain],
    ["X-Forwarded-Host", first("x-forwarded-host", headers.host ?? "")],
    ["X-Forwarded-Proto", first("x-forwarded-proto", "http")],
    ["X-Forwarded-Port", first("x-forwarded-port", String(client.localPort))],
  ].flat();
}

export const forwardedNames = [
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
] as const;

function pairs(raw: RawHeaders): (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    raw[2 * index] ?? "",
    raw[2 * index + 1] ?? "",
  ]);
}
