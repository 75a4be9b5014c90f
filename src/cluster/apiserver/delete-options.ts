// How a delete request says what it wants: in its body, or, with less to say, in the query. What is
// misread here is deleted by mistake, so nothing is guessed.
import { invalid, notSupported, type Cause } from "../../resources/cause.ts";
import { isJsonObject } from "../../lib/json.ts";
import { boolean, int64, list, object, string } from "../../resources/schema.ts";
import { badRequest, invalidObject } from "../api-status.ts";
import { decodeProblem } from "../schema/decode-words.ts";
import type { DeleteOptions, PropagationPolicy } from "./deletion.ts";
import { readBody } from "./request-body.ts";
import { booleanParameter, dryRunOf, numberParameter } from "./request-path.ts";

const optionsSchema = object({
  kind: string,
  apiVersion: string,
  gracePeriodSeconds: int64,
  preconditions: object({ uid: string, resourceVersion: string }),
  orphanDependents: boolean,
  propagationPolicy: string,
  dryRun: list(string),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean,
});

/** The same, as far as it has a value; null is none. */
type GivenOptions = {
  readonly kind?: string | null;
  readonly gracePeriodSeconds?: number | null;
  readonly preconditions?: {
    readonly uid?: string | null;
    readonly resourceVersion?: string | null;
  } | null;
  readonly orphanDependents?: boolean | null;
  readonly propagationPolicy?: string | null;
  readonly dryRun?: readonly string[] | null;
};

/** Throws 400 for options that cannot be read, 422 for what they cannot say. */
export async function readDeleteOptions(
  request: Request,
  query: URLSearchParams,
): Promise<DeleteOptions> {
  const { value } = await readBody(request);
  return deleteOptionsOf(value, query);
}

/** `given` is undefined where there is no body. Throws as `readDeleteOptions`. */
export function deleteOptionsOf(given: unknown, query: URLSearchParams): DeleteOptions {
  const options = given === undefined ? {} : decoded(given);
  const grace =
    options.gracePeriodSeconds ?? numberParameter(query, "gracePeriodSeconds", { signed: true });
  const { uid, resourceVersion } = options.preconditions ?? {};
  const policy = policyOf(options, query);
  return {
    // As upstream: less than nothing is the least that there is.
    ...(grace !== undefined && { gracePeriodSeconds: grace < 0 ? 1 : grace }),
    ...(policy !== undefined && { propagationPolicy: policy }),
    preconditions: {
      ...(typeof uid === "string" && { uid }),
      ...(typeof resourceVersion === "string" && { resourceVersion }),
    },
    dryRun: dryRunOf([...query.getAll("dryRun"), ...(options.dryRun ?? [])], "DeleteOptions"),
  };
}

function decoded(given: unknown): GivenOptions {
  const struct = "DeleteOptions";
  if (!isJsonObject(given)) throw badRequest(`the body of the request is no ${struct}`);
  const problem = decodeProblem(optionsSchema, given, struct);
  if (problem !== undefined)
    throw badRequest(`${struct} in version "v1" cannot be handled as a ${struct}: ${problem}`);
  const options = given as GivenOptions;
  if (options.kind && options.kind !== struct)
    throw badRequest(
      `the kind in the data (${JSON.stringify(options.kind)}) does not match the expected kind (${struct})`,
    );
  return options;
}

/** Older clients say with orphanDependents what became of the dependents. */
function policyOf(options: GivenOptions, query: URLSearchParams): PropagationPolicy | undefined {
  const policy = options.propagationPolicy ?? query.get("propagationPolicy");
  const orphans = options.orphanDependents ?? orphanParameter(query);
  if (orphans !== undefined && policy !== null)
    throw misuse(
      invalid(
        "propagationPolicy",
        policy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  if (orphans !== undefined) return orphans ? "Orphan" : "Background";
  if (policy === null) return undefined;
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return policy;
  throw misuse(
    notSupported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"]),
  );
}

function orphanParameter(query: URLSearchParams): boolean | undefined {
  return query.has("orphanDependents") ? booleanParameter(query, "orphanDependents") : undefined;
}

function misuse(cause: Cause) {
  return invalidObject({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [cause]);
}
