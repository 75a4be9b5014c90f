// What can be asked of pods beyond their objects: logs, streams, a place to run, an end, and what they
// answer themselves. Services take part in the last.
import { isJsonObject } from "../../lib/json.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import { ApiProblem, badRequest, methodNotAllowed, noSuchResource } from "../api-status.ts";
import type { ResourceCatalog } from "../resource-catalog.ts";
import type { ResolveService } from "../webhooks/webhook-client.ts";
import type { AdmittedWrites } from "./admitted-writes.ts";
import type { NodeAccess } from "./node-access.ts";
import { readPodLog } from "./pod-log-request.ts";
import { boundPod, createdStatus, evictionOptions } from "./pod-placement.ts";
import { isStreamSubresource, podStream, streamOptions, type PodStream } from "./pod-streams.ts";
import { parseProxyName, passOn, podTarget, serviceTarget } from "./proxy-request.ts";
import { quietly } from "./registry.ts";
import type { Registry, Target } from "./registry.ts";
import { readBody } from "./request-body.ts";
import type { ResourcePath } from "./request-path.ts";
import { writeOptions, type ResourceCall } from "./resource-call.ts";
import { isProxy } from "./subresources.ts";

export class PodEndpoint {
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #writes: AdmittedWrites;
  readonly #resolveService: ResolveService;
  #node: NodeAccess | undefined;

  constructor(options: {
    readonly catalog: ResourceCatalog;
    readonly registry: Registry;
    readonly writes: AdmittedWrites;
    readonly resolveService: ResolveService;
  }) {
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#writes = options.writes;
    this.#resolveService = options.resolveService;
  }

  setNode(node: NodeAccess): void {
    this.#node = node;
  }

  /** What an upgraded connection is to do. Rejects with an ApiProblem, or the node's own NodeProblem. */
  async stream(path: ResourcePath, query: URLSearchParams): Promise<PodStream> {
    const { group, version, plural, namespace, name, subresource } = path;
    const resource = this.#catalog.find(group, version, plural);
    if (resource?.storageId !== "pods" || !isStreamSubresource(subresource)) throw noSuchResource();
    if (name === undefined || namespace === undefined) throw noSuchResource();
    const target = { resource, namespace, name };
    // An upgraded connection has no headers for warnings.
    await this.#writes.ask(
      "CONNECT",
      target,
      subresource,
      streamOptions(subresource, query),
      quietly,
    );
    const pod = this.#registry.read(target) as Pod;
    return podStream(pod, subresource, query, this.#runningNode());
  }

  /** Undefined for a subresource that is answered from the object itself. */
  async answer(call: ResourceCall, target: Target): Promise<Response | undefined> {
    const { subresource } = call;
    if (subresource === "log") return await this.#log(call, target);
    if (isStreamSubresource(subresource)) throw badRequest("Upgrade request required");
    if (subresource === "binding" || subresource === "eviction")
      return await this.#place(call, target, subresource);
    if (isProxy(subresource)) return await this.#passOn(call, target);
    return undefined;
  }

  async #log(call: ResourceCall, target: Target): Promise<Response> {
    if (call.request.method !== "GET") throw methodNotAllowed();
    const pod = this.#registry.read(target) as Pod;
    return await readPodLog(this.#runningNode(), pod, call.query, call.request.signal);
  }

  async #place(
    call: ResourceCall,
    target: Target,
    subresource: "binding" | "eviction",
  ): Promise<Response> {
    if (call.request.method !== "POST") throw methodNotAllowed();
    const { value } = await readBody(call.request);
    const given = isJsonObject(value) ? value : {};
    const { warn } = call.writer;
    if (subresource === "binding") {
      const options = writeOptions(call, "CreateOptions");
      const binding = { ...given, apiVersion: "v1", kind: "Binding" };
      await this.#writes.ask("CREATE", target, subresource, binding, options);
      this.#registry.update(target, "main", (pod) => boundPod(pod, value), options);
    } else {
      const options = evictionOptions(target.name, value, call.query);
      const eviction = { ...given, apiVersion: "policy/v1", kind: "Eviction" };
      const { dryRun = false } = options;
      await this.#writes.ask("CREATE", target, subresource, eviction, { dryRun, warn });
      this.#registry.delete(target, options);
    }
    return call.writer.plain(createdStatus, 201);
  }

  async #passOn({ request }: ResourceCall, target: Target): Promise<Response> {
    const { resource } = target;
    const { name, port } = parseProxyName(target.name);
    const object = this.#registry.read({ ...target, name }) as KubeObject;
    const to =
      resource.storageId === "pods"
        ? podTarget(object as Pod, port)
        : serviceTarget(object as Service, port, this.#resolveService);
    const { pathname, search } = new URL(request.url);
    const path = /^(?:\/[^/]+){6}\/proxy(\/.*)?$/.exec(pathname)?.[1] ?? "/";
    const kind = resource.storageId === "pods" ? "PodProxyOptions" : "ServiceProxyOptions";
    const options = { kind, apiVersion: "v1", path };
    await this.#writes.ask("CONNECT", { ...target, name }, "proxy", options, quietly);
    return await passOn(request, to, path + search);
  }

  #runningNode(): NodeAccess {
    if (this.#node) return this.#node;
    throw new ApiProblem(503, "ServiceUnavailable", "no node runs pods here yet");
  }
}
