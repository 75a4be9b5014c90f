// Answers of one request in the form that its client asked for: JSON, Tables for kubectl, or
// metadata only; as one object, a list, or a stream of changes.
import { BufferedResponse } from "../../kube/buffered-message.ts";
import { withValue } from "../../kube/known-value.ts";
import type { Clock } from "../../lib/clock.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { scaleRows, type Scale } from "../../resources/scale.ts";
import { badRequest } from "../api-status.ts";
import { negotiate } from "./content-negotiation.ts";
import type { AnswerForm } from "./content-negotiation.ts";
import type { ListPage } from "./list-page.ts";
import { jsonText } from "./json-text.ts";
import { inVersion } from "./registry.ts";
import { booleanParameter } from "./request-path.ts";
import type { Resource } from "../resource-catalog.ts";
import type { Matcher } from "./selectors.ts";
import type { Change, Store } from "./store.ts";
import { partialMetadata, tableOf } from "./table.ts";
import type { IncludeObject, Rows } from "./table.ts";
import { watchRequest } from "./watch-request.ts";
import { watchStream } from "./watch-stream.ts";
import type { WatchType } from "./watch-stream.ts";

/** Half a megabyte or so of a list. */
const itemsAtOnce = 200;
const encoder = new TextEncoder();

export class AnswerWriter {
  readonly #request: Request;
  readonly #query: URLSearchParams;
  readonly #resource: Resource;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #closing: AbortSignal;
  readonly #form: AnswerForm;
  readonly #warnings: string[] = [];

  constructor(options: {
    readonly request: Request;
    readonly query: URLSearchParams;
    readonly resource: Resource;
    readonly clock: Clock;
    readonly store: Store;
    /** Aborts when the server ends. */
    readonly closing: AbortSignal;
  }) {
    this.#request = options.request;
    this.#query = options.query;
    this.#resource = options.resource;
    this.#clock = options.clock;
    this.#store = options.store;
    this.#closing = options.closing;
    this.#form = negotiate(options.request.headers.get("accept"));
  }

  /** Adds a warning, which kubectl prints beside the result. */
  readonly warn = (text: string): void => {
    if (!this.#warnings.includes(text)) this.#warnings.push(text);
  };

  /** JSON whatever form was asked for: statuses. */
  plain(body: object, code = 200): Response {
    return withValue(this.#answer(jsonText(body), code), body);
  }

  object(object: KubeObject, code = 200): Response {
    return this.#single(object, this.#resource.kind, code);
  }

  /** The scale subresource is of a kind of its own, with rows of its own. */
  scale(scale: Scale): Response {
    return this.#single(scale, scaleRows, 200);
  }

  #single(object: KubeObject, rows: Rows, code: number): Response {
    const form = this.#form;
    if (form.kind === "json") return this.plain(object, code);
    if (form.kind === "metadata") return this.plain(partialMetadata(object, form.version), code);
    const { resourceVersion } = object.metadata;
    return this.plain(this.#table([object], { resourceVersion }, true, rows), code);
  }

  /** The objects are shown in the version of the request. */
  list({ objects, metadata }: ListPage): Response {
    const page = objects.map((object) => inVersion(this.#resource, object));
    const form = this.#form;
    if (form.kind === "table") return this.plain(this.#table(page, metadata, true));
    const { kind } = this.#resource;
    if (form.kind === "metadata")
      return this.plain({
        kind: "PartialObjectMetadataList",
        apiVersion: `meta.k8s.io/${form.version}`,
        metadata,
        items: page.map((object) => partialMetadata(object, form.version)),
      });
    const head = { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata };
    const begin = `${JSON.stringify(head).slice(0, -1)},"items":[`;
    const value = { ...head, items: page };
    if (page.length > itemsAtOnce && !isForPeople(this.#request, this.#query)) {
      const headers = this.#headers();
      headers.set("transfer-encoding", "chunked");
      return withValue(new Response(inPieces(begin, page), { headers }), value);
    }
    // The items' texts exist already; joining them is far cheaper than making them again.
    return withValue(this.#answer(`${begin}${page.map(jsonText).join(",")}]}`, 200), value);
  }

  watch(matches: Matcher): Response {
    const { kind, storageId } = this.#resource;
    const body = watchStream({
      store: this.#store,
      clock: this.#clock,
      storageId,
      matches,
      ...watchRequest(this.#query, this.#store.revision),
      signal: this.#request.signal,
      closing: this.#closing,
      encode: this.#eventEncoder(),
      typeMeta: { apiVersion: apiVersionOf(kind), kind: kind.kind },
    });
    const headers = this.#headers();
    headers.set("transfer-encoding", "chunked");
    return new Response(body, { headers });
  }

  #eventEncoder(): (type: WatchType, object: object, change?: Change) => Uint8Array {
    const form = this.#form;
    let withColumns = true;
    return (type, object, change) => {
      const isObject = type !== "ERROR" && type !== "BOOKMARK";
      if (!isObject || form.kind === "json") {
        const shown = isObject ? inVersion(this.#resource, object as KubeObject) : object;
        return shown === change?.object && type === change.type
          ? sharedLine(change)
          : objectLine(type, shown);
      }
      const shown = inVersion(this.#resource, object as KubeObject);
      if (form.kind === "metadata") return line(type, partialMetadata(shown, form.version));
      const { resourceVersion } = shown.metadata;
      const table = this.#table([shown], { resourceVersion }, withColumns);
      withColumns = false;
      return line(type, table);
    };
  }

  #table(
    objects: readonly KubeObject[],
    metadata: object,
    withColumns: boolean,
    rows: Rows = this.#resource.kind,
  ): object {
    const version = this.#form.kind === "table" ? this.#form.version : "v1";
    return tableOf(
      objects,
      { ...metadata },
      {
        kind: rows,
        version,
        includeObject: includeObject(this.#query),
        withColumns,
        nowMs: this.#clock.nowMs(),
      },
    );
  }

  #answer(text: string, code: number): Response {
    const shown = isForPeople(this.#request, this.#query) ? indented(text) : text;
    return new BufferedResponse(shown, { status: code, headers: this.#headers() });
  }

  #headers(): Headers {
    const headers = new Headers({ "content-type": "application/json" });
    for (const warning of this.#warnings)
      headers.append("warning", `299 - ${JSON.stringify(warning.replace(/[^\x20-\x7e]/g, "?"))}`);
    return headers;
  }
}

/** A long list never stands in memory as a whole: each piece is made when the client has room for it. */
function inPieces(begin: string, page: readonly KubeObject[]): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        const items = page.slice(at, at + itemsAtOnce).map(jsonText);
        const isLast = at + items.length === page.length;
        const text = `${at === 0 ? begin : ","}${items.join(",")}${isLast ? "]}" : ""}`;
        at += items.length;
        controller.enqueue(encoder.encode(text));
        if (isLast) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** By `pretty`, or without it by the programs that upstream takes for a person's. */
function isForPeople(request: Request, query: URLSearchParams): boolean {
  if (query.get("pretty")) return booleanParameter(query, "pretty");
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers.get("user-agent") ?? "");
}

function indented(text: string): string {
  return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
}

/** The line of a change as it is, made once however many watch it. */
const lines = new WeakMap<Change, Uint8Array>();
function sharedLine(change: Change): Uint8Array {
  let bytes = lines.get(change);
  if (!bytes) {
    bytes = objectLine(change.type, change.object);
    lines.set(change, bytes);
  }
  return bytes;
}

function objectLine(type: WatchType, object: object): Uint8Array {
  const text = `{"type":"${type}","object":${jsonText(object)}}\n`;
  return withValue(encoder.encode(text), { type, object });
}

function line(type: WatchType, object: object): Uint8Array {
  return encoder.encode(`${JSON.stringify({ type, object })}\n`);
}

function includeObject(query: URLSearchParams): IncludeObject {
  const text = query.get("includeObject") ?? "";
  if (text === "None" || text === "Object" || text === "Metadata") return text;
  if (text === "") return "Metadata";
  throw badRequest(`unrecognized includeObject value: "${text}"`);
}
