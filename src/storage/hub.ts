// Asks a Hugging Face hub for a model's config.json: small, and proof that the model can be had. The
// answer comes within a time that holds for everything, the lookup of the name included.
import type { Clock } from "../lib/clock.ts";
import { isJsonObject, type JsonObject } from "../lib/json.ts";
import type { ModelUri } from "./model-uri.ts";

export type HubOptions = {
  readonly clock: Clock;
  /** As https://huggingface.co. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
};

export type HubAnswer =
  | { readonly kind: "found"; readonly config: JsonObject }
  | {
      readonly kind: "unreachable";
      readonly cause: string;
      readonly remedy: string;
      /** The name's lookup may still hang: it cannot be cancelled, and holds a process that exits. */
      readonly timedOut: boolean;
    };

export async function askHub(uri: ModelUri, options: HubOptions): Promise<HubAnswer> {
  const url = configUrl(uri, options.endpoint);
  if (url === undefined)
    return unreachable(
      `HF_ENDPOINT ${JSON.stringify(options.endpoint)} is not an http or https URL`,
      "set it to one, or unset it for https://huggingface.co",
    );
  const timeout = new AbortController();
  const cancelTimeout = options.clock.after(options.timeoutMs, () => timeout.abort());
  try {
    const headers = options.token ? { authorization: `Bearer ${options.token}` } : {};
    const response = await fetch(url, { headers, signal: timeout.signal });
    if (!response.ok) {
      await response.body?.cancel();
      return refused(response.status, url, uri);
    }
    const config: unknown = await response.json();
    if (isJsonObject(config)) return { kind: "found", config };
    return unreachable(`${url.href} is not a JSON object`, "check that HF_ENDPOINT is a hub");
  } catch (error) {
    const cause = timeout.signal.aborted
      ? `no answer from ${url.host} within ${options.timeoutMs / 1000} s`
      : innermostMessage(error);
    const remedy = "check the network, or set HF_ENDPOINT to a hub that can be reached";
    return { ...unreachable(cause, remedy), timedOut: timeout.signal.aborted };
  } finally {
    cancelTimeout();
  }
}

function configUrl({ model, revision }: ModelUri, endpoint: string): URL | undefined {
  const base = URL.parse(endpoint);
  if (!base || !/^https?:$/.test(base.protocol)) return undefined;
  const path = `${model}/resolve/${encodeURIComponent(revision)}/config.json`;
  return new URL(`${base.href.replace(/\/*$/, "")}/${path}`);
}

/** The hub says 401 both for a model that is private and, without a token, for one that is not. */
function refused(status: number, url: URL, { model, revision }: ModelUri): HubAnswer {
  const cause = `${url.host} answered ${status}`;
  if (status === 401 || status === 403)
    return unreachable(
      cause,
      "check the name, and set HF_TOKEN to a token that may read the model",
    );
  if (status === 404)
    return unreachable(cause, `check that ${model} exists and has a config.json at ${revision}`);
  return unreachable(cause, "try again later, or set HF_ENDPOINT to another hub");
}

function unreachable(cause: string, remedy: string): HubAnswer & { kind: "unreachable" } {
  return { kind: "unreachable", cause, remedy, timedOut: false };
}

/** fetch wraps what went wrong in "fetch failed"; the cause says it. */
function innermostMessage(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (!(inner instanceof Error)) return String(inner);
  // Of several addresses tried, each failed in its own way; the error then has a code only.
  return inner.message || ("code" in inner ? String(inner.code) : inner.name);
}
