// metrics.k8s.io: what nodes and pods use, measured when asked. Nothing of it is stored.
import type { Clock } from "../../lib/clock.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import { methodNotAllowed, noSuchResource } from "../api-status.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";
import type { AnswerWriter } from "./answer-writer.ts";
import { metricResource, metricsNotFound, nodeMetrics, podMetrics } from "./metrics-api.ts";
import type { Registry } from "./registry.ts";
import { booleanParameter } from "./request-path.ts";
import type { ResourcePath } from "./request-path.ts";
import { matcher } from "./resource-call.ts";
import type { UsageSampler } from "./usage-sampler.ts";

export class MetricsEndpoint {
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #clock: Clock;
  #usage: UsageSampler | undefined;

  constructor(options: {
    readonly catalog: ResourceCatalog;
    readonly registry: Registry;
    readonly clock: Clock;
  }) {
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#clock = options.clock;
  }

  setUsage(usage: UsageSampler): void {
    this.#usage = usage;
  }

  /** Throws 404 for what was not measured twice yet, as upstream. */
  async answer(
    request: Request,
    { version, plural, namespace, name, subresource }: ResourcePath,
    query: URLSearchParams,
    writerFor: (resource: Resource) => AnswerWriter,
  ): Promise<Response> {
    const resource = metricResource(plural);
    const stored = this.#catalog.stored(plural);
    if (!resource || !stored || version !== resource.kind.version || subresource !== undefined)
      throw noSuchResource();
    if (request.method !== "GET" || booleanParameter(query, "watch")) throw methodNotAllowed();
    const writer = writerFor(resource);
    const matches = matcher({ query, resource, namespace, name });
    const objects = this.#registry.list(stored, namespace).filter(matches);
    const rates = (await this.#usage?.rates()) ?? [];
    const metrics =
      plural === "nodes"
        ? nodeMetrics(objects, rates, this.#clock.nowMs())
        : podMetrics(objects as readonly KubeObject[] as readonly Pod[], rates);
    // Nothing is stored, so there is no revision to list at.
    if (name === undefined)
      return writer.list({ objects: metrics, metadata: { resourceVersion: "" } });
    const [only] = metrics;
    if (!only) throw metricsNotFound(plural, namespace, name);
    return writer.object(only);
  }
}
