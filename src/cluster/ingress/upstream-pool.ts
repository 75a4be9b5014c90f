// The connections of the ingress to the pods: kept alive for each endpoint, counted, and given up
// when the endpoint goes, so that no request is sent down a connection that is about to close.
import { Agent } from "node:http";

type Upstream = { readonly agent: Agent; inFlight: number; retired: boolean };

export class UpstreamPool {
  readonly #upstreams = new Map<string, Upstream>();

  inFlight(key: string): number {
    return this.#upstreams.get(key)?.inFlight ?? 0;
  }

  /** Counts a request in; the caller calls `release` once, when it is over. */
  acquire(key: string): { readonly agent: Agent; readonly release: () => void } {
    const upstream = this.#upstreams.get(key) ?? {
      agent: new Agent({ keepAlive: true }),
      inFlight: 0,
      retired: false,
    };
    this.#upstreams.set(key, upstream);
    upstream.retired = false;
    upstream.inFlight++;
    return {
      agent: upstream.agent,
      release: () => {
        upstream.inFlight--;
        if (upstream.retired && upstream.inFlight === 0) this.#drop(key);
      },
    };
  }

  /** Closes the idle connections to endpoints that are no longer among these; busy ones finish first. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, upstream] of this.#upstreams) {
      if (keys.has(key)) continue;
      upstream.retired = true;
      if (upstream.inFlight === 0) this.#drop(key);
      else
        for (const sockets of Object.values(upstream.agent.freeSockets))
          for (const socket of sockets ?? []) socket.destroy();
    }
  }

  close(): void {
    for (const key of this.#upstreams.keys()) this.#drop(key);
  }

  #drop(key: string): void {
    this.#upstreams.get(key)?.agent.destroy();
    this.#upstreams.delete(key);
  }
}
