// A control plane in memory for tests, and a way to speak HTTP with it in one line.
import { VirtualClock } from "../../lib/virtual-clock.ts";
import { seededRandom } from "../../lib/random.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import type { Kind } from "../../resources/kind.ts";
import { int32, object, oneOf, string } from "../../resources/schema.ts";
import { ControlPlane } from "./api-handler.ts";
import type { ControlPlaneOptions } from "./api-handler.ts";
import { NodeProblem, type NodeAccess } from "./node-access.ts";

export type Answer = {
  readonly status: number;
  // The point of a test is to look into answers of any shape.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly warnings: readonly string[];
  readonly contentType: string;
};

export type TestPlane = {
  readonly plane: ControlPlane;
  readonly clock: VirtualClock;
  /** `call("POST", "/api/v1/…", { … })`; a string body is sent as it is. */
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
  /** The lines of a watch, as they come. */
  readonly watch: (
    path: string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<WatchReader>;
};

export type WatchReader = {
  // As above.
  // oxlint-disable-next-line typescript/no-explicit-any
  next(): Promise<any>;
  stop(): Promise<void>;
};

/** 2026-01-02T03:04:05Z. */
export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A custom kind with a bit of everything that schemas can say. */
export const widgetKind: Kind = {
  group: "example.dev",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  shortNames: ["wd"],
  namespaced: true,
  schema: object({
    spec: object({
      size: { ...int32, minimum: 1 },
      color: { ...oneOf("red", "blue"), default: "red" },
      owner: string,
    }),
    status: object({ replicas: int32, selector: string, phase: string }),
  }),
  subresources: {
    status: true,
    scale: {
      specReplicasPath: ".spec.size",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  columns: [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
};

export function openTestPlane(options: Partial<ControlPlaneOptions> = {}): TestPlane {
  const clock = new VirtualClock(startMs);
  let uids = 0;
  const plane = ControlPlane.open({
    clock,
    random: seededRandom(1),
    kinds: builtinKinds,
    customKinds: [widgetKind],
    admission: [],
    log: () => {},
    newUid: () => `uid-${++uids}`,
    ...options,
  });
  const send = (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> =>
    plane.transport(
      new Request(`https://cluster${path}`, {
        method,
        headers: { "content-type": defaultType(method), ...headers },
        ...(signal && { signal }),
        ...(body !== undefined && { body: encoded(body) }),
      }),
    );
  return {
    plane,
    clock,
    async call(method, path, body, headers) {
      const response = await send(method, path, body, headers);
      const text = await response.text();
      const contentType = response.headers.get("content-type") ?? "";
      return {
        status: response.status,
        body: contentType.startsWith("application/json") ? JSON.parse(text) : text,
        warnings: (response.headers.get("warning") ?? "").split(/, (?=299)/).filter(Boolean),
        contentType,
      };
    },
    async watch(path, headers) {
      const leaving = new AbortController();
      const response = await send("GET", path, undefined, headers, leaving.signal);
      return readerOf(response, leaving);
    },
  };
}

function encoded(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

function defaultType(method: string): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}

function readerOf(response: Response, leaving: AbortController): WatchReader {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return {
    async next() {
      for (;;) {
        const end = text.indexOf("\n");
        if (end >= 0) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          return JSON.parse(line) as unknown;
        }
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done || !value) return undefined;
        text += decoder.decode(value, { stream: true });
      }
    },
    async stop() {
      leaving.abort();
      await reader?.closed.catch(() => {});
    },
  };
}

/** A node that does what is given, and nothing else. */
export function nodeThat(does: Partial<NodeAccess>): NodeAccess {
  const nothing = (): never => {
    throw new NodeProblem("nothing runs here");
  };
  return {
    readLog: nothing,
    exec: nothing,
    attach: nothing,
    connect: nothing,
    usage: () => Promise.resolve([]),
    ...does,
  };
}

export const pods = "/api/v1/namespaces/default/pods";
export const configMaps = "/api/v1/namespaces/default/configmaps";
export const deployments = "/apis/apps/v1/namespaces/default/deployments";
export const widgets = "/apis/example.dev/v1/namespaces/default/widgets";

export function pod(name: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  };
}

export function configMap(name: string, metadata: object = {}, data: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}

export function widget(name: string, spec: object = {}): object {
  return { apiVersion: "example.dev/v1", kind: "Widget", metadata: { name }, spec };
}

export function deployment(name: string, spec: object = {}): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
      ...spec,
    },
  };
}
