// AdmissionReview, version 1: the question that a webhook is asked, and what its answer means.
import type { Operation as PatchOperation } from "fast-json-patch";
import { isJsonObject } from "../../lib/json.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { ApiProblem } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";
import type { Operation } from "./webhook-rules.ts";

/** A request as admission sees it. */
export type AdmissionCall = {
  readonly operation: Operation;
  readonly resource: Resource;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Undefined at a deletion. */
  readonly object: object | undefined;
  /** Undefined at a creation. */
  readonly oldObject: object | undefined;
  readonly dryRun: boolean;
  /** The CreateOptions, UpdateOptions or DeleteOptions of the request; a connection has none. */
  readonly options: object | null;
  /** Takes what the webhooks want the client to be told. */
  readonly warn: (text: string) => void;
};

export type UserInfo = { readonly username: string; readonly groups: readonly string[] };

export type AdmissionReview = {
  readonly kind: "AdmissionReview";
  readonly apiVersion: "admission.k8s.io/v1";
  readonly request: {
    readonly uid: string;
    readonly object: object | null;
    readonly oldObject: object | null;
    readonly [field: string]: unknown;
  };
};

/** The question about `call`, in the version of the kind that the webhook asked for. */
export function reviewRequest(
  call: AdmissionCall,
  shown: Resource,
  uid: string,
  userInfo: UserInfo,
): AdmissionReview {
  const { resource, subresource, namespace, name, operation, dryRun, options } = call;
  const subResource = subresource !== undefined && { subResource: subresource };
  const requestSubResource = subresource !== undefined && { requestSubResource: subresource };
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid,
      kind: kindOf(call, shown),
      resource: pluralOf(shown),
      ...subResource,
      requestKind: kindOf(call, resource),
      requestResource: pluralOf(resource),
      ...requestSubResource,
      name,
      ...(namespace !== undefined && { namespace }),
      operation,
      userInfo,
      object: inVersionOf(call, shown, call.object),
      oldObject: inVersionOf(call, shown, call.oldObject),
      dryRun,
      options,
    },
  };
}

export type Verdict = {
  readonly patch: readonly PatchOperation[];
  readonly warnings: readonly string[];
};

/**
 * Throws the refusal as an ApiProblem, in upstream's words; throws an Error for an answer that is
 * none, which counts as a failure of the webhook.
 */
export function readVerdict(webhook: string, answer: unknown, uid: string): Verdict {
  const response = isJsonObject(answer) ? answer["response"] : undefined;
  if (!isJsonObject(response)) throw new Error("webhook response was absent");
  if (response["uid"] !== uid)
    throw new Error(
      `expected response.uid="${uid}", got "${typeof response["uid"] === "string" ? response["uid"] : ""}"`,
    );
  requireReview(answer);
  const warnings = Array.isArray(response["warnings"])
    ? response["warnings"].filter((warning) => typeof warning === "string")
    : [];
  if (response["allowed"] !== true) throw refusal(webhook, response["status"], warnings);
  return { patch: patchOf(response), warnings };
}

/** Client libraries fill these in; a webhook that is written by hand forgets them. */
function requireReview(answer: unknown): void {
  const { kind = "", apiVersion = "" } = answer as { readonly [field: string]: unknown };
  if (kind === "AdmissionReview" && apiVersion === "admission.k8s.io/v1") return;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const given = text(apiVersion).includes("/") ? text(apiVersion) : `/${text(apiVersion)}`;
  throw new Error(
    `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${given}, Kind=${text(kind)}`,
  );
}

/** What a webhook refused; the warnings that came along still reach the client. */
export class Refusal extends ApiProblem {
  readonly warnings: readonly string[];

  constructor(problem: ApiProblem, warnings: readonly string[]) {
    super(problem.code, problem.reason, problem.message, problem.details);
    this.warnings = warnings;
  }
}

function refusal(webhook: string, status: unknown, warnings: readonly string[]): Refusal {
  const given = isJsonObject(status) ? status : {};
  const { message, reason, code } = given;
  const denied = `admission webhook "${webhook}" denied the request`;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const why = text(message) || text(reason);
  const full = why === "" ? `${denied} without explanation` : `${denied}: ${why}`;
  const details = isJsonObject(given["details"]) ? given["details"] : undefined;
  return new Refusal(
    new ApiProblem(
      typeof code === "number" && code >= 400 ? code : 400,
      text(reason),
      full,
      details as ApiProblem["details"],
    ),
    warnings,
  );
}

function patchOf(response: Readonly<Record<string, unknown>>): readonly PatchOperation[] {
  const { patch, patchType } = response;
  if (patch === undefined || patch === null || patch === "") {
    if (!patchType) return [];
    throw new Error("webhook returned response.patchType but not response.patch");
  }
  if (patchType !== "JSONPatch")
    throw new Error(`webhook returned response.patch but not response.patchType of "JSONPatch"`);
  if (typeof patch !== "string") throw new Error("webhook response.patch is not base64 text");
  const operations: unknown = JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
  if (!Array.isArray(operations)) throw new Error("webhook response.patch is no JSON patch");
  return operations as readonly PatchOperation[];
}

/** What a subresource takes is often of a kind of its own: a Scale, an Eviction, PodExecOptions. */
function ownKindOf({ resource, object, oldObject }: AdmissionCall): string | undefined {
  const { kind } = (object ?? oldObject ?? {}) as { readonly kind?: string };
  return kind === resource.kind.kind ? undefined : kind;
}

function kindOf(call: AdmissionCall, { kind }: Resource): object {
  const own = ownKindOf(call);
  if (own === undefined) return { group: kind.group, version: kind.version, kind: kind.kind };
  const { apiVersion = "" } = (call.object ?? call.oldObject) as { readonly apiVersion?: string };
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  return { group, version, kind: own };
}

function pluralOf({ kind }: Resource): object {
  return { group: kind.group, version: kind.version, resource: kind.plural };
}

/** All versions of a kind hold the same fields. */
function inVersionOf(
  call: AdmissionCall,
  { kind }: Resource,
  object: object | undefined,
): object | null {
  if (!object) return null;
  if (ownKindOf(call) !== undefined) return object;
  return { ...(object as KubeObject), apiVersion: apiVersionOf(kind) };
}
