// Finds the pods of a scale target without looking through those of all others: with a thousand
// services, each of which decides once a second, that would be most of the work.
import { indexBy, namespaceOf } from "../../kube/cache-index.ts";
import type { WatchCache } from "../../kube/watch-cache.ts";
import type { Deployment } from "../../resources/deployment.ts";
import type { Pod } from "../../resources/pod.ts";

/**
 * All pods that the target's selector selects are among those returned. There may be others: the index
 * knows single labels only, and takes the one that the fewest pods have.
 */
export function targetPods(
  pods: Pick<WatchCache<Pod>, "subscribe">,
): (target: Deployment) => readonly Pod[] {
  const pairKey = (namespace: string | undefined, [name, value]: readonly [string, string]) =>
    `${namespace}/${name}=${value}`;
  const inNamespace = indexBy(pods, namespaceOf);
  const withLabel = indexBy(pods, ({ metadata: { namespace, labels = {} } }) =>
    Object.entries(labels).map((pair) => pairKey(namespace, pair)),
  );
  return ({ metadata: { namespace }, spec: { selector } }) => {
    let fewest: readonly Pod[] | undefined;
    for (const pair of Object.entries(selector.matchLabels ?? {})) {
      const found = withLabel(pairKey(namespace, pair));
      if (!fewest || found.length < fewest.length) fewest = found;
    }
    return fewest ?? inNamespace(namespace ?? "");
  };
}
