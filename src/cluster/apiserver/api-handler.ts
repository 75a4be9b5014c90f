// The API of the embedded cluster, from Request to Response and without a socket: every client in
// the process and the HTTPS server alike come through `transport`.
import { BufferedResponse } from "../../kube/buffered-message.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import type { Kind } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { AdmittedWrites } from "./admitted-writes.ts";
import { ApiProblem, methodNotAllowed, noSuchResource, statusOf } from "../api-status.ts";
import { CustomResources } from "./custom-resources.ts";
import { discover } from "./discovery.ts";
import { EventExpiry } from "./event-expiry.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import type { NodeAccess } from "./node-access.ts";
import { openApiAnswer } from "./openapi.ts";
import type { PodStream } from "./pod-streams.ts";
import { Registry } from "./registry.ts";
import { ResourceCatalog, builtIn } from "../resource-catalog.ts";
import { MetricsEndpoint } from "./metrics-endpoint.ts";
import { PodEndpoint } from "./pod-endpoint.ts";
import { ResourceEndpoint } from "./resource-endpoint.ts";
import { clusterUser, refuseImpersonation } from "./reviews.ts";
import { parseResourcePath } from "./request-path.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { Store } from "./store.ts";
import { UsageSampler } from "./usage-sampler.ts";
import { versionAnswer } from "./version.ts";
import { matchConditionRules } from "../webhooks/match-conditions.ts";
import { WebhookAdmission } from "../webhooks/webhook-admission.ts";
import type { ResolveService } from "../webhooks/webhook-client.ts";
import type { WebhookConfiguration } from "../../resources/webhook-configuration.ts";

export type ControlPlaneOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** The kinds that are simply there. */
  readonly kinds: readonly Kind[];
  /** The kinds that are installed as CustomResourceDefinitions, as an administrator would. */
  readonly customKinds: readonly Kind[];
  readonly admission: readonly AdmissionRule[];
  /** The SQLite file; absent where nothing needs to outlive the process. */
  readonly dataFile?: string;
  /** How many changes of each kind a watch can go back at least. */
  readonly historyLength?: number;
  readonly log: (line: string) => void;
  readonly newUid: () => string;
};

export class ControlPlane {
  readonly clock: Clock;
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #endpoint: ResourceEndpoint;
  readonly #pods: PodEndpoint;
  readonly #metrics: MetricsEndpoint;
  readonly #garbageCollector: GarbageCollector;
  readonly #namespaces: NamespaceLifecycle;
  readonly #customResources: CustomResources;
  readonly #eventExpiry: EventExpiry;
  readonly #log: (line: string) => void;
  readonly #closing = new AbortController();
  #usage: UsageSampler | undefined;
  #resolveService: ResolveService = () => undefined;

  private constructor(options: ControlPlaneOptions, store: Store) {
    const { clock, random, newUid, admission, log } = options;
    const catalog = new ResourceCatalog();
    const rules = [...matchConditionRules, ...admission];
    const registry = new Registry({ store, catalog, clock, random, newUid, admission: rules });
    this.clock = clock;
    this.#log = log;
    this.#store = store;
    this.#catalog = catalog;
    const webhooks = new WebhookAdmission({
      clock,
      log,
      newUid,
      user: clusterUser,
      mutating: () => webhookConfigurations(store, "mutating"),
      validating: () => webhookConfigurations(store, "validating"),
      namespaceLabels: (name) => store.get("namespaces", name)?.metadata.labels,
      versionsOf: ({ storageId }) => catalog.all().filter((one) => one.storageId === storageId),
      resolve: (hostname, port) => this.#resolveService(hostname, port),
    });
    const writes = new AdmittedWrites(registry, webhooks);
    const resolveService: ResolveService = (hostname, port) => this.#resolveService(hostname, port);
    const pods = new PodEndpoint({ catalog, registry, writes, resolveService });
    const metrics = new MetricsEndpoint({ catalog, registry, clock });
    const closing = this.#closing.signal;
    this.#pods = pods;
    this.#metrics = metrics;
    this.#endpoint = new ResourceEndpoint({
      store,
      catalog,
      registry,
      writes,
      clock,
      closing,
      pods,
      metrics,
    });
    this.#customResources = new CustomResources({ store, catalog, registry, clock, log });
    this.#eventExpiry = new EventExpiry({ store, clock, log });
    this.#garbageCollector = new GarbageCollector({ store, catalog, registry, log });
    this.#namespaces = new NamespaceLifecycle({ store, catalog, registry, log, clock });
  }

  /** Throws, in words for the user, when the data file is locked by another process or unusable. */
  static open(options: ControlPlaneOptions): ControlPlane {
    const journal =
      options.dataFile === undefined ? undefined : SqliteJournal.open(options.dataFile);
    const { historyLength } = options;
    const store = new Store({
      ...(journal && { journal }),
      ...(historyLength !== undefined && { historyLength }),
    });
    store.load();
    const plane = new ControlPlane(options, store);
    for (const kind of options.kinds) plane.#catalog.install(builtIn(kind));
    plane.#namespaces.start();
    plane.#customResources.start(options.customKinds);
    plane.#garbageCollector.start();
    plane.#eventExpiry.start();
    return plane;
  }

  /** The whole API; it never rejects, failures are Status objects. */
  readonly transport = async (request: Request): Promise<Response> => {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof ApiProblem) return problemAnswer(error);
      const url = new URL(request.url);
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log(`${request.method} ${url.pathname} failed: ${detail}`);
      const message = `Internal error occurred: ${error instanceof Error ? error.message : detail}`;
      return problemAnswer(new ApiProblem(500, "InternalError", message));
    }
  };

  /** Who runs the pods; until then there are no logs and no streams of them. */
  setNode(node: NodeAccess): void {
    this.#usage?.close();
    this.#usage = new UsageSampler(node, this.clock, this.#log);
    this.#usage.start();
    this.#pods.setNode(node);
    this.#metrics.setUsage(this.#usage);
  }

  /** What an upgraded connection is to do. Throws an ApiProblem, or the node's own NodeProblem. */
  async podStream(url: URL): Promise<PodStream> {
    const path = parseResourcePath(url.pathname);
    if (path) return await this.#pods.stream(path, url.searchParams);
    throw noSuchResource();
  }

  /** How webhooks find the Services that they are; until then those have no endpoints. */
  setServiceResolver(resolve: ResolveService): void {
    this.#resolveService = resolve;
  }

  /** Resolves when all that follows from earlier deletions has been done. */
  async settled(): Promise<void> {
    await this.#namespaces.idle();
    await this.#customResources.idle();
    await this.#garbageCollector.idle();
  }

  /** Also ends all watches. */
  close(): Promise<void> {
    this.#closing.abort();
    this.#usage?.close();
    this.#eventExpiry.close();
    this.#garbageCollector.close();
    this.#namespaces.close();
    this.#customResources.close();
    this.#store.close();
    return Promise.resolve();
  }

  async #answer(request: Request): Promise<Response> {
    refuseImpersonation(request.headers);
    const url = new URL(request.url);
    const path = parseResourcePath(url.pathname);
    if (path) return await this.#endpoint.answer(request, path, url.searchParams);
    const accept = request.headers.get("accept");
    const answer =
      discover(this.#catalog, url.pathname, accept) ??
      openApiAnswer(this.#catalog, url.pathname) ??
      versionAnswer(url.pathname, url.searchParams);
    if (!answer) throw noSuchResource();
    if (request.method !== "GET") throw methodNotAllowed();
    return answer;
  }
}

function webhookConfigurations(
  store: Store,
  what: "mutating" | "validating",
): readonly WebhookConfiguration[] {
  // What is stored under a kind was checked against it.
  return store.list(
    `${what}webhookconfigurations.admissionregistration.k8s.io`,
  ) as readonly KubeObject[] as readonly WebhookConfiguration[];
}

export function problemAnswer(problem: ApiProblem): Response {
  return new BufferedResponse(JSON.stringify(statusOf(problem)), {
    status: problem.code,
    headers: { "content-type": "application/json" },
  });
}
