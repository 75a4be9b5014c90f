// The verbs of HTTP on resources: which one a request means, what it reads from the query, and in
// which form it is answered. What a verb does to objects is the registry's business.
import type { Clock } from "../../lib/clock.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { KubeObject } from "../../resources/object.ts";
import {
  badRequest,
  ApiProblem,
  invalidObject,
  methodNotAllowed,
  noSuchResource,
  notFound,
  successStatus,
} from "../api-status.ts";
import { patchFunction } from "../patch/patch.ts";
import type { Resource, ResourceCatalog } from "../resource-catalog.ts";
import type { AdmittedWrites } from "./admitted-writes.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { applyRequest, isApply } from "./apply-request.ts";
import { readDeleteOptions } from "./delete-options.ts";
import type { DeleteOptions } from "./deletion.ts";
import { listPage } from "./list-page.ts";
import { metricsGroup } from "./metrics-api.ts";
import type { MetricsEndpoint } from "./metrics-endpoint.ts";
import { isUnconditional } from "./object-change.ts";
import { intake } from "./object-intake.ts";
import type { PodEndpoint } from "./pod-endpoint.ts";
import { inVersion } from "./registry.ts";
import type { Registry, Target, WriteOptions } from "./registry.ts";
import { readBody, requireObject } from "./request-body.ts";
import type { Body } from "./request-body.ts";
import { booleanParameter } from "./request-path.ts";
import type { ResourcePath } from "./request-path.ts";
import {
  matcher,
  namespaceMismatch,
  requireOneNamespace,
  writeOptions,
  type ResourceCall,
} from "./resource-call.ts";
import { answerReview, reviewKindOf } from "./reviews.ts";
import { scaleOf, withScale } from "./scale.ts";
import type { Store } from "./store.ts";
import { asked, isServed, refusal } from "./subresources.ts";
import { fieldValidationOf, requireNoForce } from "./write-parameters.ts";

export class ResourceEndpoint {
  readonly #store: Store;
  readonly #catalog: ResourceCatalog;
  readonly #registry: Registry;
  readonly #writes: AdmittedWrites;
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #pods: PodEndpoint;
  readonly #metrics: MetricsEndpoint;

  constructor(options: {
    readonly store: Store;
    readonly catalog: ResourceCatalog;
    readonly registry: Registry;
    readonly writes: AdmittedWrites;
    readonly clock: Clock;
    /** Aborts when the server ends. */
    readonly closing: AbortSignal;
    readonly pods: PodEndpoint;
    readonly metrics: MetricsEndpoint;
  }) {
    this.#store = options.store;
    this.#catalog = options.catalog;
    this.#registry = options.registry;
    this.#writes = options.writes;
    this.#clock = options.clock;
    this.#closing = options.closing;
    this.#pods = options.pods;
    this.#metrics = options.metrics;
  }

  /** Throws an ApiProblem for everything that is not answered with success. */
  async answer(request: Request, path: ResourcePath, query: URLSearchParams): Promise<Response> {
    const resource = this.#catalog.find(path.group, path.version, path.plural);
    if (!resource && path.group === metricsGroup)
      return await this.#metrics.answer(request, path, query, (metric) =>
        this.#writer(request, query, metric),
      );
    if (!resource) return await answerUnstored(request, path);
    if (!resource.kind.namespaced && path.namespace !== undefined) throw noSuchResource();
    if (resource.kind.namespaced && path.name !== undefined && path.namespace === undefined)
      throw noSuchResource();
    const { namespace, name, subresource } = path;
    const writer = this.#writer(request, query, resource);
    if (resource.deprecation !== undefined) writer.warn(resource.deprecation);
    const call: ResourceCall = { request, query, resource, namespace, name, subresource, writer };
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

  async #onCollection(call: ResourceCall): Promise<Response> {
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

  async #onObject(call: ResourceCall, target: Target): Promise<Response> {
    const { request, subresource } = call;
    if (subresource !== undefined && !isServed(target.resource, subresource))
      throw refusal(request, target.resource, subresource);
    const answered = await this.#pods.answer(call, target);
    if (answered) return answered;
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

  #list(call: ResourceCall): Response {
    const { resource, namespace, query, writer } = call;
    const { storageId } = resource;
    const matches = matcher(call);
    return writer.list(listPage({ store: this.#store, storageId, namespace, matches, query }));
  }

  #watch(call: ResourceCall): Response {
    return call.writer.watch(matcher(call));
  }

  async #create(call: ResourceCall): Promise<Response> {
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
      writeOptions(call, "CreateOptions"),
    );
    return writer.object(created, 201);
  }

  async #replace(call: ResourceCall, target: Target): Promise<Response> {
    const { resource } = target;
    const body = await readBody(call.request);
    const value = requireObject(body);
    const options = writeOptions(call, "UpdateOptions");
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
  async #patch(call: ResourceCall, target: Target): Promise<Response> {
    const { resource } = target;
    const body = await readBody(call.request);
    if (isApply(body)) return await this.#apply(call, target, body);
    requireNoForce(call.query);
    const patch = patchFunction(body.contentType, body.value, resource);
    const options = writeOptions(call, "PatchOptions");
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
  async #apply(call: ResourceCall, target: Target, body: Body): Promise<Response> {
    const { query, subresource, writer } = call;
    const { warn } = writer;
    const nowMs = this.#clock.nowMs();
    const applied = applyRequest(body, { target, subresource, query, nowMs, warn });
    const { manager, change } = applied;
    const options = { ...writeOptions(call, "PatchOptions"), manager, isApplied: true };
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
    call: ResourceCall,
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
    call: ResourceCall,
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

  async #delete(call: ResourceCall, target: Target, options: DeleteOptions): Promise<Response> {
    const { object, gone } = await this.#writes.delete(target, options, call.writer);
    if (gone && target.resource.storageId !== "pods") {
      const { name, uid = "" } = object.metadata;
      return call.writer.plain(successStatus(target.resource.kind, name, uid));
    }
    return call.writer.object(object);
  }

  async #deleteCollection(call: ResourceCall): Promise<Response> {
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

function scalePaths({ resource, name }: Target) {
  const paths = resource.kind.subresources?.scale;
  if (!paths) throw notFound(resource.kind, name);
  return paths;
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
