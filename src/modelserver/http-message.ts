// What a handler takes and gives. Handlers are functions from the one to the other and are tested
// without a socket; http-server.ts is their only link to node:http. (The platform's Request and
// Response would do, but loading them costs a starting pod some 30 ms.)

export type ApiRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
};

export type ApiResponse = {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An iterable is a stream: each text is sent as soon as it is there. */
  readonly body: string | AsyncIterable<string>;
  /** For the access log: read after the body has been sent. */
  readonly tokens?: () => number;
};

export type Handler = (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;

export function jsonResponse(status: number, value: unknown): ApiResponse {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

/** vLLM's names for the kinds of errors, by status. */
const errorTypes: ReadonlyMap<number, string> = new Map([
  [400, "BadRequestError"],
  [404, "NotFoundError"],
  [405, "MethodNotAllowedError"],
  [413, "RequestTooLargeError"],
  [503, "ServiceUnavailableError"],
]);

/** An error in OpenAI's form, with vLLM's types; `param` names the field at fault, if there is one. */
export function errorResponse(
  status: number,
  message: string,
  param: string | null = null,
): ApiResponse {
  const type = errorTypes.get(status) ?? "InternalServerError";
  return jsonResponse(status, { error: { message, type, param, code: status } });
}
