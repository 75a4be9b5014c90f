// Which replica gets the next request: the one with the fewest in flight. Requests to a language
// model last seconds and differ widely, so counting connections or taking turns would pile them up.

export type EndpointLoad = {
  /** `address:port`; what `excluded` refers to. */
  readonly key: string;
  readonly inFlight: number;
};

/**
 * Returns undefined when there is no endpoint left to try. `rotation` is a number that grows by one
 * with each request: among equally loaded endpoints it makes them take turns.
 */
export function pickEndpoint<T extends EndpointLoad>(
  endpoints: readonly T[],
  rotation: number,
  excluded: ReadonlySet<string> = new Set(),
): T | undefined {
  const candidates = endpoints.filter(({ key }) => !excluded.has(key));
  const fewest = Math.min(...candidates.map(({ inFlight }) => inFlight));
  const leastLoaded = candidates.filter(({ inFlight }) => inFlight === fewest);
  return leastLoaded[rotation % leastLoaded.length];
}
