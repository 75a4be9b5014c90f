// The paths of the model server: OpenAI's under /openai, as KServe has them, and the few of KServe's
// own protocols that probes and clients ask about a model's presence.
import {
  type ApiRequest,
  type ApiResponse,
  errorResponse,
  type Handler,
  jsonResponse,
} from "./http-message.ts";

export type RoutesOptions = {
  readonly chat: Handler;
  readonly completions: Handler;
  readonly metrics: () => string;
  readonly modelNames: readonly string[];
  /** The model that the names stand for, as a model id or a folder. */
  readonly modelRoot: string;
  readonly maxModelLen: number;
  readonly createdSeconds: number;
  /** A sentence on the engine, for GET /openai/v1/models. */
  readonly engine: string;
};

type Route = { readonly method: "GET" | "POST"; readonly pattern: RegExp; readonly handler: Call };
type Call = (request: ApiRequest, name: string) => ApiResponse | Promise<ApiResponse>;

export function routes(options: RoutesOptions): Handler {
  const table = routeTable(options);
  return (request) => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const path = request.path.length > 1 ? request.path.replace(/\/$/, "") : request.path;
    const allowed: string[] = [];
    for (const route of table) {
      const match = route.pattern.exec(path);
      if (match && route.method === method) return route.handler(request, nameIn(match));
      if (match) allowed.push(route.method);
    }
    if (allowed.length === 0) return errorResponse(404, unknownPath(path));
    const allow = allowed.join(", ");
    const refusal = errorResponse(405, `${path} takes ${allow}, not ${request.method}.`);
    return { ...refusal, headers: { allow } };
  };
}

function routeTable(options: RoutesOptions): Route[] {
  const { modelNames } = options;
  const get = (pattern: RegExp, handler: Call): Route => ({ method: "GET", pattern, handler });
  const post = (pattern: RegExp, handler: Call): Route => ({ method: "POST", pattern, handler });
  /** Answers for a name that is served, 404 for another. */
  const known = (value: (name: string) => unknown) => (_: ApiRequest, name: string) =>
    modelNames.includes(name)
      ? jsonResponse(200, value(name))
      : errorResponse(404, `The model \`${name}\` does not exist.`, "model");
  const openAi = (name: string): object => ({
    id: name,
    object: "model",
    created: options.createdSeconds,
    owned_by: "dunlin",
    root: options.modelRoot,
    parent: null,
    max_model_len: options.maxModelLen,
    engine: options.engine,
  });
  return [
    post(/^\/openai\/v1\/chat\/completions$/, options.chat),
    post(/^\/openai\/v1\/completions$/, options.completions),
    get(/^\/openai\/v1\/models$/, () =>
      jsonResponse(200, { object: "list", data: modelNames.map(openAi) }),
    ),
    get(/^\/openai\/v1\/models\/(.+)$/, known(openAi)),
    get(/^\/metrics$/, () => metricsPage(options.metrics())),
    get(/^\/$/, () => jsonResponse(200, { status: "alive" })),
    get(/^\/health$/, () => jsonResponse(200, {})),
    get(/^\/v2\/health\/live$/, () => jsonResponse(200, { live: true })),
    get(/^\/v2\/health\/ready$/, () => jsonResponse(200, { ready: true })),
    get(/^\/v1\/models$/, () => jsonResponse(200, { models: modelNames })),
    get(
      /^\/v1\/models\/([^/:]+)$/,
      known((name) => ({ name, ready: true })),
    ),
    get(/^\/v2\/models$/, () => jsonResponse(200, { models: modelNames })),
    get(
      /^\/v2\/models\/([^/]+)\/ready$/,
      known((name) => ({ name, ready: true })),
    ),
  ];
}

function nameIn(match: RegExpExecArray): string {
  const part = match[1] ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an encoded name, then: it is looked up as it stands, and not found.
    return part;
  }
}

function unknownPath(path: string): string {
  const bare = /^\/v1\/(chat\/completions|completions)$/.test(path);
  if (bare) return `${path} is not served; OpenAI's paths are under /openai: /openai${path}`;
  return `${path} is not served.`;
}

function metricsPage(body: string): ApiResponse {
  return { status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body };
}
