// How a delete request says what it wants: in its body, or, with less to say, in the query.
import { isJsonObject } from "../../lib/json.ts";
import { badRequest } from "../api-status.ts";
import type { DeleteOptions, PropagationPolicy } from "./deletion.ts";
import { readBody } from "./request-body.ts";
import { isDryRun, numberParameter } from "./request-path.ts";

/** Throws 400 for options that are none. */
export async function readDeleteOptions(
  request: Request,
  query: URLSearchParams,
): Promise<DeleteOptions> {
  const { value } = await readBody(request);
  return deleteOptionsOf(isJsonObject(value) ? value : {}, query);
}

/** Throws 400 for options that are none. */
export function deleteOptionsOf(
  given: Readonly<Record<string, unknown>>,
  query: URLSearchParams,
): DeleteOptions {
  const grace = given["gracePeriodSeconds"] ?? numberParameter(query, "gracePeriodSeconds");
  const policy = given["propagationPolicy"] ?? query.get("propagationPolicy");
  const { uid, resourceVersion } = isJsonObject(given["preconditions"])
    ? given["preconditions"]
    : {};
  const dryRun = Array.isArray(given["dryRun"]) ? (given["dryRun"] as readonly unknown[]) : [];
  return {
    ...(grace !== undefined && { gracePeriodSeconds: gracePeriod(grace) }),
    ...(policy !== null && { propagationPolicy: propagationPolicy(policy) }),
    preconditions: {
      ...(typeof uid === "string" && { uid }),
      ...(typeof resourceVersion === "string" && { resourceVersion }),
    },
    dryRun: isDryRun([...query.getAll("dryRun"), ...dryRun]),
  };
}

function gracePeriod(value: unknown): number {
  if (typeof value === "number" && value >= 0) return value;
  throw badRequest("gracePeriodSeconds: Invalid value: must be greater than or equal to 0");
}

function propagationPolicy(value: unknown): PropagationPolicy {
  if (value === "Background" || value === "Foreground" || value === "Orphan") return value;
  throw badRequest(
    `propagationPolicy: Unsupported value: ${JSON.stringify(value)}: supported values: "Background", "Foreground", "Orphan"`,
  );
}
