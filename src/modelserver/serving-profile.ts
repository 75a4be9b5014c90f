// Which replica the simulated engine plays: a named profile, with the limits that the arguments and
// the model's own configuration set.
import { findProfile, profiles, tutorialQwen } from "../inference/profiles.ts";
import { profileProblem, type ReplicaProfile } from "../inference/replica-profile.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ServerArgs } from "./server-args.ts";

export type ServingProfile =
  | { readonly kind: "ok"; readonly profile: ReplicaProfile }
  | { readonly kind: "invalid"; readonly message: string };

/** `config` is the model's config.json, where it is known. */
export function servingProfile(args: ServerArgs, config: JsonObject | undefined): ServingProfile {
  const name = args.simulatedProfile ?? tutorialQwen.name;
  const base = findProfile(name);
  if (!base) {
    const known = profiles.map((profile) => profile.name).join(", ");
    return { kind: "invalid", message: `--simulated-profile: unknown ${name}; there are ${known}` };
  }
  const maxNumSeqs = args.maxNumSeqs ?? base.maxNumSeqs;
  const profile = {
    ...base,
    maxNumSeqs,
    maxBatchedTokens: args.maxBatchedTokens ?? Math.max(base.maxBatchedTokens, maxNumSeqs),
    maxModelLen: args.maxModelLen ?? modelLength(config, base),
  };
  const problem = profileProblem(profile);
  return problem === undefined ? { kind: "ok", profile } : { kind: "invalid", message: problem };
}

/** The length that the model was trained for, as far as the profile's KV cache holds it. */
function modelLength(config: JsonObject | undefined, base: ReplicaProfile): number {
  const trained = config?.["max_position_embeddings"];
  if (typeof trained !== "number" || !(trained >= 2)) return base.maxModelLen;
  return Math.min(Math.floor(trained), base.kvBlocks * base.blockTokens);
}
