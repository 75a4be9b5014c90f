// From when on a watch wants to know, and for how long: the query of a watch request, which Kubernetes
// checks for what contradicts itself.
import { forbidden, notSupported } from "../../resources/cause.ts";
import { badRequest, expired, invalidObject } from "../api-status.ts";
import { booleanParameter, numberParameter } from "./request-path.ts";

export type WatchRequest = {
  /** Undefined: begin with all objects of this moment. */
  readonly since: number | undefined;
  readonly bookmarks: boolean;
  /** Mark the end of what was there at the start. */
  readonly marksInitialEvents: boolean;
  readonly timeoutMs: number;
};

/** Upstream ends a watch that names no time after half an hour to an hour. */
const watchSeconds = 3600;
/** Timers cannot be set for more than some weeks. */
const watchSecondsMax = 7 * 24 * 3600;

/** Throws 400 or 422 for a query that makes no sense, 410 for a revision that is not reached yet. */
export function watchRequest(query: URLSearchParams, revision: number): WatchRequest {
  requireConsistent(query);
  const wantsInitialEvents = query.has("sendInitialEvents")
    ? booleanParameter(query, "sendInitialEvents")
    : undefined;
  const bookmarks = booleanParameter(query, "allowWatchBookmarks");
  const seconds = numberParameter(query, "timeoutSeconds") || watchSeconds;
  return {
    since: wantsInitialEvents ? undefined : startRevision(query, revision, wantsInitialEvents),
    bookmarks,
    marksInitialEvents: wantsInitialEvents === true && bookmarks,
    timeoutMs: Math.min(seconds, watchSecondsMax) * 1000,
  };
}

function requireConsistent(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch") ?? "";
  const field = "resourceVersionMatch";
  const causes = [
    ...(query.has("sendInitialEvents") && match !== "NotOlderThan"
      ? [
          forbidden(
            field,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
          ),
        ]
      : []),
    ...(match !== "" && !query.has("sendInitialEvents")
      ? [
          forbidden(
            field,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
          ),
        ]
      : []),
    ...(match !== "" && match !== "NotOlderThan"
      ? [notSupported(field, match, ["NotOlderThan"])]
      : []),
  ];
  if (causes.length > 0)
    throw invalidObject({ group: "meta.k8s.io", kind: "ListOptions" }, "", causes);
}

/** Without a revision of its own a watch begins with what is there, unless it says that it will not. */
function startRevision(
  query: URLSearchParams,
  revision: number,
  wantsInitialEvents: false | undefined,
): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  if (text === "" || text === "0") return wantsInitialEvents === false ? revision : undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`resourceVersion: Invalid value: "${text}"`);
  const since = Number(text);
  // A revision of an earlier life, of which nothing was kept: the client has to list again.
  if (since > revision) throw expired(since, revision);
  return since;
}
