// What the query of a write says besides the object: who writes, and how strictly its fields are read.
import { notSupported } from "../../resources/cause.ts";
import { invalidObject } from "../api-status.ts";
import type { ApiProblem } from "../api-status.ts";
import type { FieldValidation } from "./object-intake.ts";
import { booleanParameter } from "./request-path.ts";

/** The kinds under which Kubernetes reports bad parameters. */
export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** Upstream's limit. */
const managerBytesMax = 128;

/**
 * Who writes: the fieldManager parameter, else the client as its user agent names it (`kubectl` of
 * `kubectl/v1.32.3 (linux/amd64)`). Undefined when there is neither: the cluster's own parts, which
 * need no socket, write so, and what they write is not tracked, for it would double every pod.
 */
export function managerOf(
  request: Request,
  query: URLSearchParams,
  kind: OptionsKind,
): string | undefined {
  const manager = query.get("fieldManager") ?? "";
  if (manager !== "") {
    requireManager(manager, kind);
    return manager;
  }
  const [program = ""] = (request.headers.get("user-agent") ?? "").split("/");
  const name = Array.from(program).filter(isPrintable).join("").slice(0, managerBytesMax);
  return name === "" ? undefined : name;
}

/** The manager of a server-side apply, which has to say who it is, and whether it insists. */
export function applyParameters(query: URLSearchParams): {
  readonly manager: string;
  readonly force: boolean;
} {
  const manager = query.get("fieldManager") ?? "";
  if (manager === "")
    throw refusal("PatchOptions", "fieldManager", "Required value: is required for apply patch");
  requireManager(manager, "PatchOptions");
  return { manager, force: booleanParameter(query, "force") };
}

export function requireNoForce(query: URLSearchParams): void {
  if (query.has("force"))
    throw refusal("PatchOptions", "force", "Forbidden: may not be specified for non-apply patch");
}

/** Throws 422 for a way of validation that there is not. */
export function fieldValidationOf(query: URLSearchParams, kind: OptionsKind): FieldValidation {
  const text = query.get("fieldValidation") ?? "";
  if (text === "") return "Warn";
  if (text === "Strict" || text === "Warn" || text === "Ignore") return text;
  throw invalidObject({ group: "meta.k8s.io", kind }, "", [
    notSupported("fieldValidation", text, ["", "Ignore", "Strict", "Warn"]),
  ]);
}

function requireManager(manager: string, kind: OptionsKind): void {
  if (Buffer.byteLength(manager) > managerBytesMax)
    throw refusal(kind, "fieldManager", `Too long: may not be more than ${managerBytesMax} bytes`);
  if (!Array.from(manager).every(isPrintable))
    throw refusal(
      kind,
      "fieldManager",
      `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`,
    );
}

function isPrintable(character: string): boolean {
  return !/\p{C}|\p{Zl}|\p{Zp}/u.test(character);
}

/** `Required value: …`, `Forbidden: …`: the first word is the reason too. */
function refusal(kind: OptionsKind, field: string, message: string): ApiProblem {
  const [word = ""] = message.split(" ");
  const reason = reasons[word] ?? "FieldValueInvalid";
  return invalidObject({ group: "meta.k8s.io", kind }, "", [{ reason, field, message }]);
}

const reasons: Readonly<Record<string, string>> = {
  Required: "FieldValueRequired",
  "Forbidden:": "FieldValueForbidden",
  Too: "FieldValueTooLong",
};
