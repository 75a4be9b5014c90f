// The admission webhooks of the cluster, as MutatingWebhookConfigurations and
// ValidatingWebhookConfigurations name them: mutating ones in turn, each seeing what the one before
// made of the object, validating ones all at once.
import assert from "node:assert/strict";
import { jsonEqual } from "../../lib/json.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Webhook, WebhookConfiguration } from "../../resources/webhook-configuration.ts";
import { ApiProblem, forbiddenWrite } from "../api-status.ts";
import { patchFunction } from "../patch/patch.ts";
import type { Resource } from "../resource-catalog.ts";
import {
  readVerdict,
  Refusal,
  reviewRequest,
  type AdmissionCall,
  type AdmissionReview,
  type UserInfo,
  type Verdict,
} from "./admission-review.ts";
import { callWebhook, type ResolveService } from "./webhook-client.ts";
import { conditionsHold } from "./match-conditions.ts";
import { ruleMatches, selects, selectsObject } from "./webhook-rules.ts";

export type WebhookOptions = {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly newUid: () => string;
  readonly user: UserInfo;
  /** In the order of their names. */
  readonly mutating: () => readonly WebhookConfiguration[];
  readonly validating: () => readonly WebhookConfiguration[];
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>> | undefined;
  /** The served versions of what is stored together. */
  readonly versionsOf: (resource: Resource) => readonly Resource[];
  readonly resolve: ResolveService;
};

/** A webhook that may want to see a request, and in which version of the kind. */
type Match = { readonly webhook: Webhook; readonly shown: Resource };

const registrationGroup = "admissionregistration.k8s.io";

export class WebhookAdmission {
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Whether no webhook is configured at all: then nobody needs to be asked about anything. */
  get isIdle(): boolean {
    return this.#options.mutating().length === 0 && this.#options.validating().length === 0;
  }

  /** The object as the mutating webhooks leave it, the very same when none changed it. */
  async mutate(call: AdmissionCall): Promise<object> {
    assert(call.object, "there is something to change");
    const webhooks = this.#configured(this.#options.mutating(), call);
    let object = call.object;
    const seen = new Map<Webhook, object>();
    const show = async (webhook: Webhook): Promise<void> => {
      // Selectors and conditions look at the object as those before have left it.
      const present = { ...call, object };
      const shown = this.#shownTo(webhook, present);
      if (!shown) return;
      object = await this.#mutateBy({ webhook, shown }, present);
      seen.set(webhook, object);
    };
    for (const webhook of webhooks) await show(webhook);
    // Whoever asked for it sees once more what others changed after it; then it is left at that.
    for (const webhook of webhooks)
      if (webhook.reinvocationPolicy === "IfNeeded" && seen.has(webhook))
        if (seen.get(webhook) !== object) await show(webhook);
    return object;
  }

  /** Rejects with the first refusal in the order of the configurations. */
  async validate(call: AdmissionCall): Promise<void> {
    const matches = this.#matching(this.#options.validating(), call);
    const outcomes = await Promise.allSettled(matches.map((match) => this.#ask(match, call)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Both kinds, for what leaves no object to change: a deletion, a connection. */
  async review(call: AdmissionCall): Promise<void> {
    for (const match of this.#matching(this.#options.mutating(), call))
      await this.#ask(match, call);
    await this.validate(call);
  }

  async #mutateBy(match: Match, call: AdmissionCall): Promise<object> {
    const { object } = call;
    assert(object);
    const verdict = await this.#ask(match, call);
    if (!verdict || verdict.patch.length === 0) return object;
    const changed = patched(match, object, verdict);
    return jsonEqual(changed, object) ? object : changed;
  }

  /** Undefined when the webhook could not be asked and the request goes on without it. */
  async #ask({ webhook, shown }: Match, call: AdmissionCall): Promise<Verdict | undefined> {
    const { clock, newUid, resolve, user, log } = this.#options;
    const { name, timeoutSeconds = 10, clientConfig } = webhook;
    const uid = newUid();
    const body = reviewRequest(call, shown, uid, user);
    if (!wantsToSee(webhook, body, call)) return undefined;
    try {
      const answer = await callWebhook({
        config: clientConfig,
        body,
        timeoutSeconds,
        clock,
        resolve,
      });
      const verdict = readVerdict(name, answer, uid);
      verdict.warnings.forEach(call.warn);
      return verdict;
    } catch (error) {
      if (error instanceof Refusal) error.warnings.forEach(call.warn);
      if (error instanceof ApiProblem) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const message = `failed calling webhook "${name}": ${why}`;
      log(message);
      if (webhook.failurePolicy === "Ignore") return undefined;
      throw new ApiProblem(500, "InternalError", `Internal error occurred: ${message}`);
    }
  }

  #matching(
    configurations: readonly WebhookConfiguration[],
    call: AdmissionCall,
  ): readonly Match[] {
    return this.#configured(configurations, call).flatMap((webhook) => {
      const shown = this.#shownTo(webhook, call);
      return shown ? [{ webhook, shown }] : [];
    });
  }

  #configured(
    configurations: readonly WebhookConfiguration[],
    { resource }: AdmissionCall,
  ): readonly Webhook[] {
    // A webhook that refuses everything must not be able to refuse its own removal.
    if (resource.kind.group === registrationGroup) return [];
    return configurations.flatMap(({ webhooks = [] }) => webhooks);
  }

  #shownTo(webhook: Webhook, call: AdmissionCall): Resource | undefined {
    if (!selectsObject(webhook.objectSelector, call.object, call.oldObject)) return undefined;
    if (!this.#selectsNamespace(webhook, call)) return undefined;
    const { resource, subresource, operation } = call;
    const candidates =
      webhook.matchPolicy === "Exact"
        ? [resource]
        : [resource, ...this.#options.versionsOf(resource)];
    return candidates.find(({ kind: { group, version, plural, namespaced } }) => {
      const attributes = { group, version, plural, subresource, operation };
      return (webhook.rules ?? []).some((rule) =>
        ruleMatches(rule, { ...attributes, isNamespaced: namespaced }),
      );
    });
  }

  /** A namespace is selected by its own labels; what is in none is always selected. */
  #selectsNamespace({ namespaceSelector }: Webhook, call: AdmissionCall): boolean {
    const { resource, namespace, name, object } = call;
    if (resource.storageId === "namespaces") {
      const own = (object as { metadata?: { labels?: Record<string, string> } } | undefined)
        ?.metadata?.labels;
      return selects(namespaceSelector, object ? own : this.#options.namespaceLabels(name));
    }
    if (namespace === undefined) return true;
    return selects(namespaceSelector, this.#options.namespaceLabels(namespace));
  }
}

/** Whether the webhook's conditions hold. Throws 403 when that cannot be told, as upstream. */
function wantsToSee(webhook: Webhook, review: AdmissionReview, call: AdmissionCall): boolean {
  const { resource, name } = call;
  const { request } = review;
  try {
    return conditionsHold(webhook, () => ({
      object: request.object,
      oldObject: request.oldObject,
      request,
    }));
  } catch (error) {
    throw forbiddenWrite(resource.kind, name, error instanceof Error ? error.message : "");
  }
}

function patched({ webhook, shown }: Match, object: object, { patch }: Verdict): object {
  try {
    return patchFunction("application/json-patch+json", patch, shown)(object) as object;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiProblem(
      500,
      "InternalError",
      `Internal error occurred: admission webhook "${webhook.name}" returned a patch that does not apply: ${why}`,
    );
  }
}
