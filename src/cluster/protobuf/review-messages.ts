// Questions about permissions and tokens.
import { metadata, type Messages } from "./message.ts";

export const reviewMessages: Messages = {
  TokenRequest: {
    1: metadata,
    2: ["spec", "TokenRequestSpec"],
    3: ["status", "TokenRequestStatus"],
  },
  TokenRequestSpec: {
    1: ["audiences", "string", "list"],
    3: ["boundObjectRef", "BoundObjectReference", "pointer"],
    4: ["expirationSeconds", "int", "pointer"],
  },
  BoundObjectReference: {
    1: ["kind", "string"],
    2: ["apiVersion", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
  },
  TokenRequestStatus: {
    1: ["token", "string", "always"],
    2: ["expirationTimestamp", "time"],
  },
  TokenReview: {
    1: metadata,
    2: ["spec", "TokenReviewSpec"],
    3: ["status", "TokenReviewStatus"],
  },
  TokenReviewSpec: {
    1: ["token", "string"],
    2: ["audiences", "string", "list"],
  },
  TokenReviewStatus: {
    1: ["authenticated", "bool"],
    2: ["user", "UserInfo"],
    3: ["error", "string"],
    4: ["audiences", "string", "list"],
  },
  UserInfo: {
    1: ["username", "string"],
    2: ["uid", "string"],
    3: ["groups", "string", "list"],
    4: ["extra", "texts", "map"],
  },
  SelfSubjectReview: {
    1: metadata,
    2: ["status", "SelfSubjectReviewStatus"],
  },
  SelfSubjectReviewStatus: {
    1: ["userInfo", "UserInfo"],
  },
  SelfSubjectAccessReview: {
    1: metadata,
    2: ["spec", "SelfSubjectAccessReviewSpec"],
    3: ["status", "SubjectAccessReviewStatus"],
  },
  SelfSubjectAccessReviewSpec: {
    1: ["resourceAttributes", "ResourceAttributes", "pointer"],
    2: ["nonResourceAttributes", "NonResourceAttributes", "pointer"],
  },
  ResourceAttributes: {
    1: ["namespace", "string"],
    2: ["verb", "string"],
    3: ["group", "string"],
    4: ["version", "string"],
    5: ["resource", "string"],
    6: ["subresource", "string"],
    7: ["name", "string"],
    8: ["fieldSelector", "SelectorAttributes", "pointer"],
    9: ["labelSelector", "SelectorAttributes", "pointer"],
  },
  NonResourceAttributes: {
    1: ["path", "string"],
    2: ["verb", "string"],
  },
  SubjectAccessReviewStatus: {
    1: ["allowed", "bool", "always"],
    2: ["reason", "string"],
    3: ["evaluationError", "string"],
    4: ["denied", "bool"],
  },
  SubjectAccessReview: {
    1: metadata,
    2: ["spec", "SubjectAccessReviewSpec"],
    3: ["status", "SubjectAccessReviewStatus"],
  },
  SubjectAccessReviewSpec: {
    1: ["resourceAttributes", "ResourceAttributes", "pointer"],
    2: ["nonResourceAttributes", "NonResourceAttributes", "pointer"],
    3: ["user", "string"],
    4: ["groups", "string", "list"],
    5: ["extra", "texts", "map"],
    6: ["uid", "string"],
  },
  LocalSubjectAccessReview: {
    1: metadata,
    2: ["spec", "SubjectAccessReviewSpec"],
    3: ["status", "SubjectAccessReviewStatus"],
  },
  SelfSubjectRulesReview: {
    1: metadata,
    2: ["spec", "SelfSubjectRulesReviewSpec"],
    3: ["status", "SubjectRulesReviewStatus"],
  },
  SelfSubjectRulesReviewSpec: {
    1: ["namespace", "string"],
  },
  SubjectRulesReviewStatus: {
    1: ["resourceRules", "ResourceRule", "list"],
    2: ["nonResourceRules", "NonResourceRule", "list"],
    3: ["incomplete", "bool", "always"],
    4: ["evaluationError", "string"],
  },
  ResourceRule: {
    1: ["verbs", "string", "list"],
    2: ["apiGroups", "string", "list"],
    3: ["resources", "string", "list"],
    4: ["resourceNames", "string", "list"],
  },
  NonResourceRule: {
    1: ["verbs", "string", "list"],
    2: ["nonResourceURLs", "string", "list"],
  },
  SelectorAttributes: {
    1: ["rawSelector", "string"],
    2: ["requirements", "LabelSelectorRequirement", "list"],
  },
};
