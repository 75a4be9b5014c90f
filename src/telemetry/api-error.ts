// How the Prometheus API says that it cannot answer: the error types of Prometheus, and the HTTP
// status that goes with each.

const statuses = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  /** The client left; nobody reads this. */
  canceled: 499,
  internal: 500,
  unavailable: 503,
  timeout: 503,
} as const;

export type ApiErrorType = keyof typeof statuses;

/** Thrown by an endpoint, answered by the router. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly type: ApiErrorType;
  readonly status: number;

  constructor(type: ApiErrorType, message: string) {
    super(message);
    this.type = type;
    this.status = statuses[type];
  }
}

/** What is wrong with a parameter of the request, in Prometheus' own words. */
export function badParameter(name: string, why: string): ApiError {
  return new ApiError("bad_data", `invalid parameter "${name}": ${why}`);
}
