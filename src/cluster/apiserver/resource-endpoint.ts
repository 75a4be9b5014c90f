// The verbs of HTTP on resources: which one a request means, what it reads from the query, and in
// which form it is answered. What a verb does to objects is the registry's business.
import type { Clock } from "../../lib/clock.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { KubeObject } from "../../resources/object.ts";
import type { Pod } from "../../resources/pod.ts";
import type { Service } from "../../resources/service.ts";
import {
  badRequest,
  ApiProblem,
  invalidObject,
  methodNotAllowed,
  noSuchResource,
  notFound,
  successStatus,
} from "../api-status.ts";
import { applyRequest, isApply } from "./apply-request.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { readDeleteOptions } from "./delete-options.ts";
import type { DeleteOptions } from "./deletion.ts";
import { listPage } from "./list-page.ts";
import { intake } from "./object-intake.ts";
import type { ResolveService } from "../webhooks/webhook-client.ts";
import { patchFunction } from "../patch/patch.ts";
import type { NodeAccess } from "./node-access.ts";
import {
  metricResource,
  metricsGroup,
  metricsNotFound,
  nodeMetrics,
  podMetrics,
} from "./metrics-api.ts";
import { boundPod, createdStatus, evictionOptions } from "./pod-placement.ts";
import { parseProxyName, passOn, podTarget, serviceTarget } from "./proxy-request.ts";
import { readPodLog } from "./pod-log-request.ts";
import { isStreamSubresource, podStream, streamOptions, type PodStream } from "./pod-streams.ts";
import type { AdmittedWrites } from "./admitted-writes.ts";
import { isUnconditional } from "./object-change.ts";
import { inVersion, quietly } from "./registry.ts";
import type { Registry, Target, WriteOptions } from "./registry.ts";
import { readBody, requireObject } from "./request-body.ts";
import type { Body } from "./request-body.ts";
import { booleanParameter, dryRunOf } from "./request-path.ts";
import type { ResourcePath } from "./request-path.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";
import { answerReview, reviewKindOf } from "./reviews.ts";
import { scaleOf, withScale } from "./scale.ts";
import { matcherOf } from "./selectors.ts";
import type { Matcher } from "./selectors.ts";
import type { Store } from "./store.ts";
import type { UsageSampler } from "./usage-sampler.ts";
import { fieldValidationOf, managerOf, requireNoForce } from "./write-parameters.ts";
import type { OptionsKind } from "./write-parameters.ts";

/** One request for one resource, with what is known about it so far. */
type Call = {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly writer: AnswerWriter;
};

export class ResourceEndpoint {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #writes: AdmittedWrites;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #resolveService: ResolveService;
  #node: NodeAccess | undefined;
  #usage: UsageSampler | undefined;

  constructor(options: {
    readonly store: Store;
    readonly catalog: ResourceCatalog;
    readonly registry: Registry;
    readonly writes: AdmittedWrites;
    readonly clock: Clock;
    /** Aborts when the server ends. */
    readonly closing: AbortSignal;
    readonly resolveService: ResolveService;
  }) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#writes = options.writes;
    this.#clock = options.clock;
    this.#closing = options.closing;
    this.#resolveService = options.resolveService;
  }

  setNode(node: NodeAccess, usage: UsageSampler): void {
    this.#node = node;
    this.#usage = usage;
  }

  /** What an upgraded connection is to do. Rejects with an ApiProblem, or the node's own NodeProblem. */
  async podStream(path: ResourcePath, query: URLSearchParams): Promise<PodStream> {
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

  /** Throws an ApiProblem for everything that is not answered with success. */
  async answer(request: Request, path: ResourcePath, query: URLSearchParams): Promise<Response> {
    const resource = this.#catalog.find(path.group, path.version, path.plural);
    if (!resource && path.group === metricsGroup) return await this.#metrics(request, path, query);
    if (!resource) return await answerUnstored(request, path);
    if (!resource.kind.namespaced && path.namespace !== undefined) throw noSuchResource();
    if (resource.kind.namespaced && path.name !== undefined && path.namespace === undefined)
      throw noSuchResource();
    const { namespace, name, subresource } = path;
    const writer = this.#writer(request, query, resource);
    if (resource.deprecation !== undefined) writer.warn(resource.deprecation);
    const call: Call = { request, query, resource, namespace, name, subresource, writer };
    if (name === undefined) return await this.#onCollection(call);
    return await this.#onObject(call, { resource, namespace, name });
  }

  #writer(request: Request, query: URLSearchParams, resource: Resource): AnswerWriter {
    return new AnswerWriter({
      request,
      query,
      resource,
      clock: this.#clock,
      store: this.#store,
      closing: this.#closing,
    });
  }

  async #onCollection(call: Call): Promise<Response> {
    switch (call.request.method) {
      case "GET":
        return booleanParameter(call.query, "watch") ? this.#watch(call) : this.#list(call);
      case "POST":
        requireOneNamespace(call);
        return await this.#create(call);
      case "DELETE":
        requireOneNamespace(call);
        if (call.resource.storageId === "namespaces") throw methodNotAllowed();
        return await this.#deleteCollection(call);
      default:
        throw methodNotAllowed();
    }
  }

  async #onObject(call: Call, target: Target): Promise<Response> {
    const { request, subresource } = call;
    if (subresource !== undefined && !isServed(target.resource, subresource))
      throw refusal(request, target.resource, subresource);
    if (subresource === "log") return await this.#log(call, target);
    if (isStreamSubresource(subresource)) throw badRequest("Upgrade request required");
    if (subresource === "binding" || subresource === "eviction")
      return await this.#placePod(call, target, subresource);
    if (isProxy(subresource)) return await this.#passOn(call, target);
    switch (request.method) {
      case "GET":
        if (booleanParameter(call.query, "watch")) return this.#watch(call);
        return subresource === "scale"
          ? call.writer.scale(scaleOf(this.#registry.read(target), scalePaths(target)))
          : call.writer.object(this.#registry.read(target));
      case "PUT":
        return await this.#replace(call, target);
      case "PATCH":
        return await this.#patch(call, target);
      case "DELETE":
        if (subresource !== undefined) throw methodNotAllowed();
        return await this.#delete(call, target, await readDeleteOptions(request, call.query));
      default:
        throw methodNotAllowed();
    }
  }

  #list(call: Call): Response {
    const { resource, namespace, query, writer } = call;
    const { storageId } = resource;
    const matches = matcher(call);
    return writer.list(listPage({ store: this.#store, storageId, namespace, matches, query }));
  }

  #watch(call: Call): Response {
    return call.writer.watch(matcher(call));
  }

  async #create(call: Call): Promise<Response> {
    const { request, resource, namespace, query, writer } = call;
    const body = await readBody(request);
    const object = intake(requireObject(body), {
      resource,
      validation: fieldValidationOf(query, "CreateOptions"),
      warn: writer.warn,
      text: body.text,
    });
    const given = object.metadata.namespace;
    if (!resource.kind.namespaced && given) throw namespaceMismatch(given, "");
    if (namespace !== undefined && given && given !== namespace)
      throw namespaceMismatch(given, namespace);
    const created = await this.#writes.create(
      resource,
      namespace,
      object,
      this.#writeOptions(call, "CreateOptions"),
    );
    return writer.object(created, 201);
  }

  async #replace(call: Call, target: Target): Promise<Response> {
    const { resource } = target;
    const body = await readBody(call.request);
    const value = requireObject(body);
    const options = this.#writeOptions(call, "UpdateOptions");
    if (call.subresource === "scale")
      return await this.#writeScale(call, target, () => value, options);
    const object = intake(value, {
      resource,
      validation: fieldValidationOf(call.query, "UpdateOptions"),
      warn: call.writer.warn,
      text: body.text,
    });
    const part = call.subresource === "status" ? "status" : "main";
    const replace = (): KubeObject => {
      requireVersion(resource, object);
      return object;
    };
    const written = await this.#writes.update(target, part, replace, options);
    return call.writer.object(written);
  }

  /** The patch is applied to the object of this moment, so only a resourceVersion in it conflicts. */
  async #patch(call: Call, target: Target): Promise<Response> {
    const { resource } = target;
    const body = await readBody(call.request);
    if (isApply(body)) return await this.#apply(call, target, body);
    requireNoForce(call.query);
    const patch = patchFunction(body.contentType, body.value, resource);
    const options = this.#writeOptions(call, "PatchOptions");
    if (call.subresource === "scale") return await this.#writeScale(call, target, patch, options);
    const validation = fieldValidationOf(call.query, "PatchOptions");
    const change = (old: KubeObject): KubeObject => {
      const patched = patch(inVersion(resource, old));
      if (!isJsonObject(patched)) throw badRequest("the patch leaves no object");
      return intake(patched, { resource, validation, warn: call.writer.warn, isPatched: true });
    };
    const part = call.subresource === "status" ? "status" : "main";
    const written = await this.#writes.update(target, part, change, options);
    return call.writer.object(written);
  }

  /** Server-side apply, which also creates. */
  async #apply(call: Call, target: Target, body: Body): Promise<Response> {
    const { query, subresource, writer } = call;
    const { warn } = writer;
    const nowMs = this.#clock.nowMs();
    const applied = applyRequest(body, { target, subresource, query, nowMs, warn });
    const { manager, change } = applied;
    const options = { ...this.#writeOptions(call, "PatchOptions"), manager, isApplied: true };
    if (subresource === undefined && !this.#registry.has(target)) {
      const created = await this.#createApplied(target, change(undefined), options);
      if (created) return writer.object(created, 201);
    }
    if (subresource === "scale") return await this.#updateScale(call, target, change, options);
    const part = subresource === "status" ? "status" : "main";
    return writer.object(await this.#writes.update(target, part, change, options));
  }

  /** Undefined when another client has created it while webhooks were asked. */
  async #createApplied(
    { resource, namespace }: Target,
    object: KubeObject,
    options: WriteOptions,
  ): Promise<KubeObject | undefined> {
    const given = object.metadata.namespace;
    if (given && given !== namespace) throw namespaceMismatch(given, namespace ?? "");
    try {
      return await this.#writes.create(resource, namespace, object, options);
    } catch (error) {
      if (error instanceof ApiProblem && error.reason === "AlreadyExists") return undefined;
      throw error;
    }
  }

  async #writeScale(
    call: Call,
    target: Target,
    change: (scale: object) => unknown,
    options: WriteOptions,
  ): Promise<Response> {
    const paths = scalePaths(target);
    const rescale = (old: KubeObject): KubeObject =>
      withScale(old, paths, change(scaleOf(old, paths)));
    return await this.#updateScale(call, target, rescale, options);
  }

  async #updateScale(
    call: Call,
    target: Target,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): Promise<Response> {
    const paths = scalePaths(target);
    const written = await this.#writes.update(target, "main", change, {
      ...options,
      view: {
        show: (object) => scaleOf(object, paths),
        apply: (object, scale) => withScale(object, paths, scale),
      },
    });
    return call.writer.scale(scaleOf(written, paths));
  }

  async #delete(call: Call, target: Target, options: DeleteOptions): Promise<Response> {
    const { object, gone } = await this.#writes.delete(target, options, call.writer);
    if (gone && target.resource.storageId !== "pods") {
      const { name, uid = "" } = object.metadata;
      return call.writer.plain(successStatus(target.resource.kind, name, uid));
    }
    return call.writer.object(object);
  }

  async #deleteCollection(call: Call): Promise<Response> {
    const { resource, namespace, writer } = call;
    const options = await readDeleteOptions(call.request, call.query);
    const found = this.#registry.list(resource, namespace).filter(matcher(call));
    for (const { metadata } of found)
      try {
        const { namespace: space, name } = metadata;
        await this.#writes.delete({ resource, namespace: space, name }, options, writer);
      } catch (error) {
        // Gone by itself while others were deleted.
        if (!(error instanceof ApiProblem) || error.code !== 404) throw error;
      }
    const resourceVersion = String(this.#store.revision);
    return writer.list({ objects: found, metadata: { resourceVersion } });
  }

  async #log(call: Call, target: Target): Promise<Response> {
    if (call.request.method !== "GET") throw methodNotAllowed();
    const pod = this.#registry.read(target) as Pod;
    return await readPodLog(this.#runningNode(), pod, call.query, call.request.signal);
  }

  async #metrics(
    request: Request,
    { version, plural, namespace, name, subresource }: ResourcePath,
    query: URLSearchParams,
  ): Promise<Response> {
    const resource = metricResource(plural);
    const stored = this.#catalog.stored(plural);
    if (!resource || !stored || version !== resource.kind.version || subresource !== undefined)
      throw noSuchResource();
    if (request.method !== "GET" || booleanParameter(query, "watch")) throw methodNotAllowed();
    const writer = this.#writer(request, query, resource);
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

  async #placePod(
    call: Call,
    target: Target,
    subresource: "binding" | "eviction",
  ): Promise<Response> {
    if (call.request.method !== "POST") throw methodNotAllowed();
    const { value } = await readBody(call.request);
    const given = isJsonObject(value) ? value : {};
    const { warn } = call.writer;
    if (subresource === "binding") {
      const options = this.#writeOptions(call, "CreateOptions");
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

  async #passOn({ request }: Call, target: Target): Promise<Response> {
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

  #writeOptions({ request, query, subresource, writer }: Call, kind: OptionsKind): WriteOptions {
    return {
      dryRun: dryRunOf(query.getAll("dryRun"), kind),
      warn: writer.warn,
      subresource,
      manager: managerOf(request, query, kind),
    };
  }
}

/** Reviews are answered without being stored; anything else is unknown. */
async function answerUnstored(request: Request, path: ResourcePath): Promise<Response> {
  if (request.method === "POST" && path.name === undefined) {
    const kind = reviewKindOf(path);
    if (kind) {
      const { value } = await readBody(request);
      return Response.json(answerReview(kind, value), { status: 201 });
    }
  }
  throw noSuchResource(asked(request, path.plural, path.group));
}

function isServed({ kind, storageId }: Resource, subresource: string): boolean {
  switch (subresource) {
    case "status":
      return kind.subresources?.status === true;
    case "scale":
      return kind.subresources?.scale !== undefined;
    case "log":
    case "exec":
    case "attach":
    case "portforward":
    case "eviction":
    case "binding":
      return storageId === "pods";
    default:
      return isProxy(subresource) && (storageId === "pods" || storageId === "services");
  }
}

function isProxy(subresource: string | undefined): boolean {
  return subresource !== undefined && /^proxy(?:\/|$)/.test(subresource);
}

function asked({ method }: Request, plural: string, group: string): string {
  return `${method.toLowerCase()} ${plural}${group && `.${group}`}`;
}

/** These exist in Kubernetes, so they are refused by name. */
const unserved = ["proxy", "token", "finalize"];

function refusal(request: Request, { kind }: Resource, subresource: string): ApiProblem {
  const [first = ""] = subresource.split("/");
  if (!unserved.includes(first))
    return noSuchResource(asked(request, `${kind.plural}/${subresource}`, kind.group));
  const message = `the ${first} subresource of ${kind.plural} is not served by this cluster yet`;
  return new ApiProblem(501, "NotImplemented", message);
}

function scalePaths({ resource, name }: Target) {
  const paths = resource.kind.subresources?.scale;
  if (!paths) throw notFound(resource.kind, name);
  return paths;
}

/** The name in the path selects as the fields in the query do. */
function matcher({
  query,
  resource,
  name,
  namespace,
}: Pick<Call, "query" | "resource" | "name" | "namespace">): Matcher {
  const labelSelector = query.get("labelSelector");
  const fieldSelector = query.get("fieldSelector");
  const selected = matcherOf({ labelSelector, fieldSelector }, resource);
  return ({ metadata, ...rest }) =>
    (name === undefined || metadata.name === name) &&
    (namespace === undefined || metadata.namespace === namespace) &&
    selected({ metadata, ...rest });
}

/** Kinds that upstream lets nobody replace without having read them; custom kinds are like them. */
const readFirst: ReadonlySet<string> = new Set([
  "customresourcedefinitions.apiextensions.k8s.io",
  "leases.coordination.k8s.io",
  "mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "validatingwebhookconfigurations.admissionregistration.k8s.io",
]);

function requireVersion({ kind, storageId, custom }: Resource, { metadata }: KubeObject): void {
  const isFree = !custom && !readFirst.has(storageId);
  if (isFree || !isUnconditional(metadata.resourceVersion)) return;
  throw invalidObject({ group: kind.group, kind: kind.plural }, metadata.name, [
    {
      reason: "FieldValueInvalid",
      field: "metadata.resourceVersion",
      message: "Invalid value: 0x0: must be specified for an update",
    },
  ]);
}

/** Objects of all namespaces can be read together, but as upstream neither made nor deleted. */
function requireOneNamespace({ resource, namespace }: Call): void {
  if (resource.kind.namespaced && namespace === undefined) throw methodNotAllowed();
}

function namespaceMismatch(given: string, space: string): ApiProblem {
  return badRequest(
    `the namespace of the provided object does not match the namespace sent on the request (${given} instead of ${space || "none"})`,
  );
}
