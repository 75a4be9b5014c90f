// The log subresource of pods: what the query asks for, handed to whoever runs the pods.
import { parseTimestamp } from "../../lib/timestamp.ts";
import type { Pod } from "../../resources/pod.ts";
import { badRequest, invalidObject, type StatusCause } from "../api-status.ts";
import type { NodeAccess, PodLogOptions } from "./node-access.ts";
import { containerOf } from "./pod-container.ts";
import { booleanParameter } from "./request-path.ts";

/** Text, as it comes. Throws an ApiProblem with all that is wrong with the query. */
export async function readPodLog(
  node: NodeAccess,
  pod: Pod,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const body = await node.readLog(pod, logOptions(pod, query), signal);
  return new Response(body, {
    headers: { "content-type": "text/plain", "transfer-encoding": "chunked" },
  });
}

function logOptions(pod: Pod, query: URLSearchParams): PodLogOptions {
  const tailLines = wholeNumber(query, "tailLines");
  const sinceSeconds = wholeNumber(query, "sinceSeconds");
  const limitBytes = wholeNumber(query, "limitBytes");
  const sinceTimeMs = timeMs(query, "sinceTime");
  const stream = query.get("stream") || "All";
  const causes: StatusCause[] = [];
  const invalid = (field: string, value: number | string, rule: string) =>
    causes.push({
      reason: "FieldValueInvalid",
      field,
      message: `Invalid value: ${value}: ${rule}`,
    });
  if (tailLines !== undefined && tailLines < 0)
    invalid("tailLines", tailLines, "must be greater than or equal to 0");
  if (limitBytes !== undefined && limitBytes < 1)
    invalid("limitBytes", limitBytes, "must be greater than 0");
  if (sinceSeconds !== undefined && sinceTimeMs !== undefined)
    causes.push({
      reason: "FieldValueForbidden",
      field: "",
      message: "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
    });
  else if (sinceSeconds !== undefined && sinceSeconds < 1)
    invalid("sinceSeconds", sinceSeconds, "must be greater than 0");
  if (!isStream(stream))
    causes.push({
      reason: "FieldValueNotSupported",
      field: "stream",
      message: `Unsupported value: "${stream}": supported values: "All", "Stderr", "Stdout"`,
    });
  else if (stream !== "All" && tailLines !== undefined)
    causes.push({
      reason: "FieldValueForbidden",
      field: "",
      message: "Forbidden: `tailLines` and specific `stream` are mutually exclusive for now",
    });
  if (causes.length > 0)
    throw invalidObject({ group: "", kind: "PodLogOptions" }, pod.metadata.name, causes);
  const container = containerOf(pod, query.get("container"));
  return {
    container,
    follow: booleanParameter(query, "follow"),
    previous: booleanParameter(query, "previous"),
    timestamps: booleanParameter(query, "timestamps"),
    ...(tailLines !== undefined && { tailLines }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(sinceTimeMs !== undefined && { sinceTimeMs }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(stream === "Stdout" && { stream: "stdout" as const }),
    ...(stream === "Stderr" && { stream: "stderr" as const }),
  };
}

function isStream(text: string): boolean {
  return text === "All" || text === "Stdout" || text === "Stderr";
}

/** Undefined when the parameter is absent. */
function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`invalid value for the query parameter ${name}: ${JSON.stringify(text)}`);
}

function timeMs(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const time = parseTimestamp(text);
  if (time !== undefined) return time;
  throw badRequest(
    `invalid value for the query parameter ${name}: ${JSON.stringify(text)}; it must be a time such as 2026-01-02T03:04:05Z`,
  );
}
