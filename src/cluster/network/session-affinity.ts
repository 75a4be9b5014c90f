// Which endpoint a client is bound to, for Services with the session affinity ClientIP. The binding ends
// when the client has stayed away for the Service's timeout, or when the endpoint is gone. Pure.

/** Upstream's default, three hours. */
export const defaultAffinityMs = 10_800_000;
/** Clients remembered for one port; expired ones are forgotten when it is reached, then the oldest. */
const clientsMax = 10_000;

export class SessionAffinity {
  readonly #bound = new Map<string, { readonly endpoint: string; readonly seenMs: number }>();

  /** The key of the client's endpoint, if that was asked for within `timeoutMs`. */
  endpointOf(client: string, nowMs: number, timeoutMs: number): string | undefined {
    const binding = this.#bound.get(client);
    return binding && nowMs - binding.seenMs < timeoutMs ? binding.endpoint : undefined;
  }

  bind(client: string, endpoint: string, nowMs: number, timeoutMs: number): void {
    // Put in anew, so that the map's order is that of the last visit.
    this.#bound.delete(client);
    this.#bound.set(client, { endpoint, seenMs: nowMs });
    if (this.#bound.size <= clientsMax) return;
    for (const [known, { seenMs }] of this.#bound) {
      if (nowMs - seenMs < timeoutMs && this.#bound.size <= clientsMax) return;
      this.#bound.delete(known);
    }
  }
}
