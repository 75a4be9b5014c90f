// A typed client of any Kubernetes API server: the verbs, as functions of a kind's description.
// It retries nothing; who calls it knows whether trying again makes sense.
import type { Cause, CauseReason } from "../resources/cause.ts";
import type { Kind } from "../resources/kind.ts";
import type { KubeObject } from "../resources/object.ts";
import { BufferedRequest } from "./buffered-message.ts";
import { valueOf } from "./known-value.ts";
import type { Transport } from "./transport.ts";

export type ObjectKey = { readonly namespace?: string; readonly name: string };

export type ListOptions = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
};

export type PatchOptions = {
  readonly type?: "merge" | "strategic" | "json";
  readonly subresource?: "status" | "scale";
};

export type DeleteOptions = {
  readonly gracePeriodSeconds?: number;
  /** The delete is refused when the object of that name has another uid. */
  readonly uid?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
};

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject };

/** What an API server answered instead of what was asked for. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly causes: readonly Cause[];

  constructor(code: number, reason: string, message: string, causes: readonly Cause[] = []) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.causes = causes;
  }
}

export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === "Conflict";
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === "AlreadyExists";
export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404;
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 410;
/** A namespace that is being emptied takes nothing new; whoever would have made it has nothing left to do. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError &&
  // The wire has reasons of causes that are not about fields.
  error.causes.some(({ reason }) => (reason as string) === "NamespaceTerminating");

const patchTypes = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
} as const;

export class KubeClient {
  readonly #transport: Transport;
  readonly #fieldManager: string | undefined;

  /**
   * The field manager is the name under which writes are tracked in managedFields. The embedded
   * cluster's own loops have none: what they write is not tracked.
   */
  constructor(transport: Transport, options: { readonly fieldManager?: string } = {}) {
    this.#transport = transport;
    this.#fieldManager = options.fieldManager;
  }

  /** Undefined when there is no such object. */
  async get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#json<T>("GET", objectPath(kind, key));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The items carry apiVersion and kind, which the wire leaves out of lists. */
  async list<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions = {},
  ): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
    type List = {
      readonly apiVersion: string;
      readonly items: readonly T[] | null;
      readonly metadata: { readonly resourceVersion: string };
    };
    const query = selectorQuery(options);
    const list = await this.#json<List>(
      "GET",
      `${collectionPath(kind, options.namespace)}?${query.toString()}`,
    );
    const items = (list.items ?? []).map((item) => ({
      ...item,
      apiVersion: list.apiVersion,
      kind: kind.kind,
    }));
    return { items, resourceVersion: list.metadata.resourceVersion };
  }

  create<T extends KubeObject>(kind: Kind<T>, object: T): Promise<T> {
    const path = collectionPath(kind, object.metadata.namespace);
    return this.#json<T>("POST", this.#managed(path), object);
  }

  update<T extends KubeObject>(kind: Kind<T>, object: T): Promise<T> {
    return this.#json<T>("PUT", this.#managed(objectPath(kind, object.metadata)), object);
  }

  updateStatus<T extends KubeObject>(kind: Kind<T>, object: T): Promise<T> {
    const path = `${objectPath(kind, object.metadata)}/status`;
    return this.#json<T>("PUT", this.#managed(path), object);
  }

  /** Returns what the server made of it; for the scale subresource that is a Scale. */
  patch<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const subresource = options.subresource === undefined ? "" : `/${options.subresource}`;
    const path = objectPath(kind, key) + subresource;
    return this.#json<T>("PATCH", this.#managed(path), patch, patchTypes[options.type ?? "merge"]);
  }

  /** An object that is already gone counts as deleted. */
  async delete<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { uid, ...rest } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...rest,
      ...(uid !== undefined && { preconditions: { uid } }),
    };
    try {
      await this.#json("DELETE", objectPath(kind, key), body);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /**
   * Yields what happens after `resourceVersion` until the server ends the watch. Throws an ApiError
   * with code 410 when the version is too old to go on from.
   */
  async *watch<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    const query = selectorQuery(options);
    query.set("watch", "true");
    query.set("allowWatchBookmarks", "true");
    query.set("resourceVersion", options.resourceVersion);
    const path = `${collectionPath(kind, options.namespace)}?${query.toString()}`;
    const response = await this.#transport(
      new Request(baseUrl + path, { headers: { accept: json }, signal: options.signal }),
    );
    if (!response.ok) throw errorOf(response.status, await response.text());
    for await (const value of lineValues(response.body)) {
      const event = value as WatchEvent<T> | { type: "ERROR"; object: StatusBody };
      if (event.type === "ERROR") throw errorOfStatus(event.object.code ?? 500, event.object);
      yield event;
    }
  }

  /** One exchange of JSON; throws an ApiError for every answer that is no success. */
  async #json<R>(method: string, path: string, body?: object, contentType = json): Promise<R> {
    const headers = { accept: json, ...(body && { "content-type": contentType }) };
    const request = body
      ? new BufferedRequest(baseUrl + path, { method, headers }, JSON.stringify(body))
      : new Request(baseUrl + path, { method, headers });
    const response = await this.#transport(request);
    if (!response.ok) throw errorOf(response.status, await response.text());
    return (valueOf(response) ?? JSON.parse(await response.text())) as R;
  }

  #managed(path: string): string {
    return this.#fieldManager === undefined ? path : `${path}?fieldManager=${this.#fieldManager}`;
  }
}

const json = "application/json";
/** Request needs an absolute URL; transports look at its path alone. */
const baseUrl = "https://kubernetes.default.svc";

type Addressable = Pick<Kind, "group" | "version" | "plural" | "namespaced">;

function collectionPath(kind: Addressable, namespace: string | undefined): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  return kind.namespaced && namespace !== undefined
    ? `${root}/namespaces/${namespace}/${kind.plural}`
    : `${root}/${kind.plural}`;
}

function objectPath(kind: Addressable, key: ObjectKey): string {
  return `${collectionPath(kind, key.namespace)}/${encodeURIComponent(key.name)}`;
}

function selectorQuery({ labelSelector, fieldSelector }: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (labelSelector) query.set("labelSelector", labelSelector);
  if (fieldSelector) query.set("fieldSelector", fieldSelector);
  return query;
}

type StatusBody = {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly causes?: readonly { reason?: string; field?: string; message?: string }[];
  };
};

function errorOf(code: number, text: string): ApiError {
  try {
    return errorOfStatus(code, JSON.parse(text) as StatusBody);
  } catch {
    // Proxies and dying servers answer with anything; the text is all there is to tell.
    return new ApiError(code, "Unknown", `the server answered ${code}: ${text.slice(0, 200)}`);
  }
}

function errorOfStatus(code: number, status: StatusBody): ApiError {
  const causes = (status.details?.causes ?? []).map(({ reason, field, message }) => ({
    reason: (reason ?? "FieldValueInvalid") as CauseReason,
    field: field ?? "",
    message: message ?? "",
  }));
  return new ApiError(
    status.code ?? code,
    status.reason ?? "Unknown",
    status.message ?? `the server answered ${code}`,
    causes,
  );
}

/** The values of JSON texts, one a line. */
async function* lineValues(body: ReadableStream<Uint8Array> | null): AsyncGenerator<unknown> {
  if (!body) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const known = valueOf(chunk);
    if (known) {
      yield known;
      continue;
    }
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line !== "") yield JSON.parse(line);
    }
  }
}
