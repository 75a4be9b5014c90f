// Which objects a list request is answered with: all of the present, all of an earlier revision, or
// one page after another of the revision that the first page was of.
import { forbidden, notSupported, type Cause } from "../../resources/cause.ts";
import type { KubeObject } from "../../resources/object.ts";
import {
  type ApiProblem,
  badRequest,
  expired,
  expiredContinue,
  invalidObject,
  tooLargeRevision,
} from "../api-status.ts";
import { numberParameter } from "./request-path.ts";
import type { Matcher } from "./selectors.ts";
import type { Store } from "./store.ts";

export type ListPage = {
  readonly objects: readonly KubeObject[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
};

export type ListRequest = {
  readonly store: Store;
  readonly storageId: string;
  readonly namespace: string | undefined;
  readonly matches: Matcher;
  readonly query: URLSearchParams;
};

/** Throws 400 for parameters that contradict each other, 410 for a revision that is no longer known. */
export function listPage(request: ListRequest): ListPage {
  const { query, matches } = request;
  // As upstream, a negative one is none.
  const limit = numberParameter(query, "limit", { signed: true }) ?? 0;
  const token = query.get("continue");
  const { objects, revision, after } = token
    ? continued(request, token)
    : { ...begun(request), after: "" };
  const rest = objects.filter((object) => sortKey(object) > after && matches(object));
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const left = rest.length - page.length;
  const last = page.at(-1);
  const resourceVersion = String(revision);
  if (left === 0 || !last) return { objects: page, metadata: { resourceVersion } };
  // As upstream: what selectors leave is not counted.
  const isSelective = query.get("labelSelector") || query.get("fieldSelector");
  return {
    objects: page,
    metadata: {
      resourceVersion,
      continue: makeToken({ revision, after: sortKey(last) }),
      ...(!isSelective && { remainingItemCount: left }),
    },
  };
}

type Snapshot = { readonly objects: readonly KubeObject[]; readonly revision: number };

/** The revision that the query asks for; without one, or with one that may be older, the present. */
function begun({ store, storageId, namespace, query }: ListRequest): Snapshot {
  const text = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  if (query.has("sendInitialEvents"))
    throw listOption(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  const field = "resourceVersionMatch";
  const present = { objects: store.list(storageId, namespace), revision: store.revision };
  if (match !== "" && text === "")
    throw listOption(
      forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    );
  if (!["", "Exact", "NotOlderThan"].includes(match))
    throw listOption(notSupported(field, match, ["Exact", "NotOlderThan"]));
  if (match === "Exact" && text === "0")
    throw listOption(
      forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    );
  if (text === "" || text === "0") return present;
  if (!/^\d+$/.test(text)) throw badRequest(`resourceVersion: Invalid value: "${text}"`);
  const revision = Number(text);
  if (revision > store.revision) throw tooLargeRevision(revision, store.revision);
  if (match !== "Exact") return present;
  const objects = store.listAt(storageId, revision, namespace);
  if (!objects) throw expired(revision, store.oldestRevision(storageId));
  return { objects, revision };
}

type ContinueToken = {
  /** Absent: whatever is there now. */
  readonly revision?: number;
  readonly after: string;
};

function continued(
  { store, storageId, namespace, query }: ListRequest,
  text: string,
): Snapshot & { readonly after: string } {
  if ((query.get("resourceVersion") ?? "") !== "" && query.get("resourceVersion") !== "0")
    throw badRequest("specifying resource version is not allowed when using continue");
  const { revision = store.revision, after } = readToken(text);
  const objects = store.listAt(storageId, revision, namespace);
  if (!objects) throw expiredContinue(makeToken({ after }));
  return { objects, revision, after };
}

function sortKey({ metadata }: KubeObject): string {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

function makeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function readToken(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as Partial<ContinueToken>;
    const { revision, after } = token;
    if (typeof after === "string" && ["number", "undefined"].includes(typeof revision))
      return { after, ...(revision !== undefined && { revision }) };
  } catch {
    // Falls through: whatever it was, it was not made here.
  }
  throw badRequest("continue key is not valid");
}

function listOption(cause: Cause): ApiProblem {
  return invalidObject({ group: "meta.k8s.io", kind: "ListOptions" }, "", [cause]);
}
