// The writes that clients ask for: drafted by the registry, shown to the admission webhooks that want
// to see them, then stored. While a webhook thinks, others may write; the draft is then made again
// from the newer object, unless the client insisted on the version that it had read.
import type { AdmissionCall } from "../webhooks/admission-review.ts";
import type { WebhookAdmission } from "../webhooks/webhook-admission.ts";
import type { KubeObject } from "../../resources/object.ts";
import { ApiProblem } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";
import type { DeleteOptions } from "./deletion.ts";
import { inVersion } from "./registry.ts";
import type { Deletion, Draft, Registry, Target, WriteOptions, WritePart } from "./registry.ts";

/** As often as upstream tries to apply a patch to an object that others write to as well. */
const attemptsMax = 5;

export class AdmittedWrites {
  readonly #registry: Registry;
  readonly #webhooks: WebhookAdmission;

  constructor(registry: Registry, webhooks: WebhookAdmission) {
    this.#registry = registry;
    this.#webhooks = webhooks;
  }

  async create(
    resource: Resource,
    namespace: string | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): Promise<KubeObject> {
    if (this.#webhooks.isIdle) return this.#registry.create(resource, namespace, object, options);
    const draft = this.#registry.draftCreate(resource, namespace, object, options);
    return this.#registry.commit(await this.#admitted(draft, "CREATE", options), options);
  }

  async update(
    target: Target,
    part: WritePart,
    change: (old: KubeObject) => KubeObject,
    options: WriteOptions,
  ): Promise<KubeObject> {
    // Within one moment: without waiting, writers never meet.
    if (this.#webhooks.isIdle) return this.#registry.update(target, part, change, options);
    for (let attempt = 1; ; attempt++) {
      const draft = this.#registry.draftUpdate(target, part, change, options);
      const admitted = await this.#admitted(draft, "UPDATE", options);
      try {
        return this.#registry.commit(admitted, options);
      } catch (error) {
        const moved = error instanceof ApiProblem && error.reason === "Conflict";
        if (!moved || attempt === attemptsMax) throw error;
      }
    }
  }

  async delete(
    target: Target,
    options: DeleteOptions,
    { warn }: Pick<WriteOptions, "warn">,
  ): Promise<Deletion> {
    if (!this.#webhooks.isIdle) {
      const old = this.#registry.read(target);
      const { resource, namespace, name } = target;
      const dryRun = options.dryRun === true;
      await this.#webhooks.review({
        operation: "DELETE",
        resource,
        subresource: undefined,
        namespace,
        name,
        object: undefined,
        oldObject: old,
        dryRun,
        options: deleteOptionsOf(options),
        warn,
      });
      // Asked about this object, not about another that has taken its name meanwhile.
      const { uid } = old.metadata;
      if (uid !== undefined)
        return this.#registry.delete(target, {
          ...options,
          preconditions: { uid, ...options.preconditions },
        });
    }
    return this.#registry.delete(target, options);
  }

  /**
   * Asks about what is no write of the object itself: a connection to it, or the creation of something
   * that a subresource takes, which webhooks may refuse but not change.
   */
  async ask(
    operation: "CREATE" | "CONNECT",
    { resource, namespace, name }: Target,
    subresource: string,
    object: object,
    { dryRun, warn }: Pick<WriteOptions, "dryRun" | "warn">,
  ): Promise<void> {
    if (this.#webhooks.isIdle) return;
    await this.#webhooks.review({
      operation,
      resource,
      subresource,
      namespace,
      name,
      object,
      oldObject: undefined,
      dryRun,
      options: operation === "CONNECT" ? null : optionsOf("CreateOptions", dryRun),
      warn,
    });
  }

  /** What mutating webhooks make of the draft, checked again, once the validating ones agree. */
  async #admitted(
    draft: Draft,
    operation: "CREATE" | "UPDATE",
    options: WriteOptions,
  ): Promise<Draft> {
    const { view } = options;
    const call = this.#callFor(draft, operation, options);
    const changed = await this.#webhooks.mutate(call);
    let final = draft;
    if (changed !== call.object) {
      const object = view ? view.apply(draft.next, changed) : (changed as KubeObject);
      final = this.#registry.redraft(draft, inVersion(draft.resource, object));
    }
    this.#registry.validated(final);
    await this.#webhooks.validate({ ...call, object: view?.show(final.next) ?? final.next });
    return final;
  }

  #callFor(draft: Draft, operation: "CREATE" | "UPDATE", options: WriteOptions): AdmissionCall {
    const { resource, old, next } = draft;
    const { namespace, name } = next.metadata;
    const { dryRun, warn, subresource, view } = options;
    return {
      operation,
      resource,
      subresource,
      namespace,
      name,
      object: view?.show(next) ?? next,
      oldObject: old && (view?.show(old) ?? old),
      dryRun,
      options: optionsOf(operation === "CREATE" ? "CreateOptions" : "UpdateOptions", dryRun),
      warn,
    };
  }
}

function optionsOf(kind: "CreateOptions" | "UpdateOptions", dryRun: boolean): object {
  return { kind, apiVersion: "meta.k8s.io/v1", ...(dryRun && { dryRun: ["All"] }) };
}

function deleteOptionsOf({ dryRun, preconditions, ...rest }: DeleteOptions): object {
  return {
    kind: "DeleteOptions",
    apiVersion: "meta.k8s.io/v1",
    ...rest,
    ...(preconditions && { preconditions }),
    ...(dryRun === true && { dryRun: ["All"] }),
  };
}
