// What a URL asks for, before anything is looked up.
import { notSupported } from "../../resources/cause.ts";
import { badRequest, invalidObject } from "../api-status.ts";

/** A path below /api/v1 or /apis/GROUP/VERSION that names a resource. */
export type ResourcePath = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

/** Undefined when the path names no resource (discovery, version and the like). */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const [group, version, ...rest] = core ? ["", ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  // A namespace itself is /namespaces/NAME; what it holds is /namespaces/NAMESPACE/PLURAL/NAME.
  const inside = rest[0] === "namespaces" && rest.length >= 3 && !isNamespacePart(rest[2]);
  const [plural = "", name, ...tail] = inside ? rest.slice(2) : rest;
  const namespace = inside ? rest[1] : undefined;
  return {
    group,
    version,
    plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(tail.length === 0 ? {} : { subresource: tail.join("/") }),
  };
}

/** As upstream: absent, `false` and `0` are false; anything else (`?watch`, say) is true. */
export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== "0" && text.toLowerCase() !== "false";
}

/** A whole number, or undefined when the parameter is absent; negative ones only where they mean something. */
export function numberParameter(
  query: URLSearchParams,
  name: string,
  { signed = false } = {},
): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if ((signed ? /^-?\d{1,15}$/ : /^\d{1,15}$/).test(text)) return Number(text);
  const why = /^-\d+$/.test(text) ? "must be greater than or equal to 0" : "invalid syntax";
  throw badRequest(`${name}: strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
}

/**
 * Of all the places that ask for a dry run, `All` is the only kind there is. `kind` names the options
 * in the refusal (422).
 */
export function dryRunOf(values: readonly string[], kind: string): boolean {
  const unknown = values.find((value) => value !== "All" && value !== "");
  if (unknown !== undefined)
    throw invalidObject({ group: "meta.k8s.io", kind }, "", [
      notSupported("dryRun", unknown, ["All"]),
    ]);
  return values.includes("All");
}

function isNamespacePart(part: string | undefined): boolean {
  return part === "status" || part === "finalize";
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path holds a malformed escape: ${part}`);
  }
}
