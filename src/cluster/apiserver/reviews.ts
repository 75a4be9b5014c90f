// Questions about permissions. Whoever holds the token may do everything, so every answer is yes;
// nothing is stored.
import { isJsonObject } from "../../lib/json.ts";
import type { Kind } from "../../resources/kind.ts";
import { invalid, type Cause } from "../../resources/cause.ts";
import { ApiProblem, invalidObject } from "../api-status.ts";

function reviewKind(group: string, kind: string, plural: string, namespaced = false): Kind {
  return {
    group,
    version: "v1",
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced,
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    columns: [],
  };
}

export const reviewKinds: readonly Kind[] = [
  reviewKind("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
  reviewKind("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
  reviewKind("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
  reviewKind("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews"),
  reviewKind("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews", true),
];

/** The one user of the cluster, who may do everything. */
export const clusterUser = {
  username: "dunlin-admin",
  groups: ["system:masters", "system:authenticated"],
} as const;

/** `kubectl --as`: there is nobody else to act as. Throws 403. */
export function refuseImpersonation(headers: Headers): void {
  const name = headers.get("impersonate-user");
  if (name === null) return;
  const why = "impersonation is not served by this cluster, which has one user";
  throw new ApiProblem(403, "Forbidden", `users ${JSON.stringify(name)} is forbidden: ${why}`);
}

/** The kind of the review that the path names. */
export function reviewKindOf(path: {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}): Kind | undefined {
  return reviewKinds.find(
    ({ group, version, plural }) =>
      group === path.group && version === path.version && plural === path.plural,
  );
}

/** The answered review. Throws 422 for a question that asks nothing, or two things. */
export function answerReview(kind: Kind, review: unknown): object {
  const spec = isJsonObject(review) ? review["spec"] : undefined;
  const causes = problemsOf(kind, isJsonObject(spec) ? spec : {});
  if (causes.length > 0) throw invalidObject(kind, "", causes);
  return {
    apiVersion: `${kind.group}/v1`,
    kind: kind.kind,
    metadata: { creationTimestamp: null },
    ...(spec !== undefined && { spec }),
    status: statusFor(kind.kind),
  };
}

function problemsOf({ kind }: Kind, spec: Readonly<Record<string, unknown>>): readonly Cause[] {
  if (!kind.endsWith("AccessReview")) return [];
  const { resourceAttributes, nonResourceAttributes, user, groups } = spec;
  const causes: Cause[] = [];
  const which = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  if (!resourceAttributes && !nonResourceAttributes)
    causes.push(invalid("spec.resourceAttributes", null, which));
  if (resourceAttributes && nonResourceAttributes)
    causes.push(
      invalid(
        "spec.nonResourceAttributes",
        nonResourceAttributes,
        "cannot be specified in combination with resourceAttributes",
      ),
    );
  const asksOfOthers = !kind.startsWith("Self");
  if (asksOfOthers && !user && !(Array.isArray(groups) && groups.length > 0))
    causes.push(invalid("spec.user", "", "at least one of user or group must be specified"));
  return causes;
}

function statusFor(kind: string): object {
  switch (kind) {
    case "SelfSubjectReview":
      return {
        userInfo: clusterUser,
      };
    case "SelfSubjectRulesReview":
      return {
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        incomplete: false,
      };
    default:
      return { allowed: true };
  }
}
