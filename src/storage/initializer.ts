// The storage initializer: makes a model ready in a folder before the model server starts. This
// version downloads no weights: it asks whether the model can be had and leaves a record of it.
import { mkdirSync } from "node:fs";
import type { Clock } from "../lib/clock.ts";
import { askHub, type HubAnswer } from "./hub.ts";
import { parseModelUri } from "./model-uri.ts";
import { type ModelRecord, writeModelRecord } from "./model-record.ts";

export type InitializerOptions = {
  readonly clock: Clock;
  /** As the manifest's storageUri. */
  readonly uri: string;
  readonly folder: string;
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Whether an engine that needs no model may stand in for one that cannot be reached. */
  readonly simulatedEngine: boolean;
};

export type Initialized = {
  readonly ok: boolean;
  /** What happened, in a sentence for the log and for the container's termination message. */
  readonly message: string;
  /** See HubAnswer. */
  readonly timedOut: boolean;
};

/** The hard cap on everything that the hub is asked: a tutorial without a network must not wait. */
const hubTimeoutMs = 1500;

export async function initializeStorage(options: InitializerOptions): Promise<Initialized> {
  const parsed = parseModelUri(options.uri);
  if (parsed.kind === "invalid") return { ok: false, message: parsed.message, timedOut: false };
  const { clock, endpoint, token } = options;
  const answer = await askHub(parsed.uri, { clock, endpoint, token, timeoutMs: hubTimeoutMs });
  const timedOut = answer.kind === "unreachable" && answer.timedOut;
  const message = sentence(parsed.uri.model, answer, options.simulatedEngine);
  const record: ModelRecord = {
    uri: options.uri,
    ...parsed.uri,
    reachable: answer.kind === "found",
    reason: message,
    ...(answer.kind === "found" ? { config: answer.config } : {}),
  };
  try {
    mkdirSync(options.folder, { recursive: true });
    writeModelRecord(options.folder, record);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const remedy = "give the container a volume that it may write to";
    return {
      ok: false,
      message: `cannot write to ${options.folder} (${cause}): ${remedy}`,
      timedOut,
    };
  }
  return { ok: record.reachable || options.simulatedEngine, message, timedOut };
}

function sentence(model: string, answer: HubAnswer, simulatedEngine: boolean): string {
  if (answer.kind === "found")
    return `model ${model} was found, but this version downloads no weights: the simulated engine stands in`;
  const failure = `model ${model} could not be reached (${answer.cause})`;
  return `${failure}: ${simulatedEngine ? "the simulated engine stands in" : answer.remedy}`;
}
