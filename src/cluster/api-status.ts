// Failures as the API says them: `Status` objects with a code, a reason and causes. Whatever goes
// wrong below, only an ApiProblem (or a 500 made of the rest) ever leaves the server.
import type { Cause } from "../resources/cause.ts";

export type StatusCause = {
  readonly reason?: string;
  readonly field?: string;
  readonly message: string;
};

export type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
};

export type Status = {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
};

/** A resource as messages name it: `deployments.apps`, or `pods` in the core group. */
export type ResourceName = { readonly group: string; readonly plural: string };
export type KindName = { readonly group: string; readonly kind: string };

export class ApiProblem extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** With which the client may go on in spite of it. */
  readonly continueToken: string | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    continueToken?: string,
  ) {
    super(message);
    this.name = "ApiProblem";
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continueToken = continueToken;
  }
}

export function statusOf(problem: ApiProblem): Status {
  const { continueToken } = problem;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: continueToken === undefined ? {} : { continue: continueToken },
    status: "Failure",
    message: problem.message,
    reason: problem.reason,
    ...(problem.details === undefined ? {} : { details: problem.details }),
    code: problem.code,
  };
}

export function successStatus(resource: ResourceName, name: string, uid: string): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, kind: resource.plural, uid, ...groupOf(resource) },
    code: 200,
  };
}

export function badRequest(message: string): ApiProblem {
  return new ApiProblem(400, "BadRequest", message);
}

export function notFound(resource: ResourceName, name: string): ApiProblem {
  const message = `${qualified(resource.plural, resource.group)} "${name}" not found`;
  return new ApiProblem(404, "NotFound", message, detailsOf(resource, name));
}

/**
 * No such path or kind: kubectl then looks at discovery again. `asked` says what was wanted, in the
 * form of client-go: `post jobs.batch`.
 */
export function noSuchResource(asked?: string): ApiProblem {
  const what = "the server could not find the requested resource";
  const message = asked === undefined ? what : `${what} (${asked})`;
  // kubectl reads the details without looking whether there are any.
  return new ApiProblem(404, "NotFound", message, {});
}

export function alreadyExists(resource: ResourceName, name: string): ApiProblem {
  const message = `${qualified(resource.plural, resource.group)} "${name}" already exists`;
  return new ApiProblem(409, "AlreadyExists", message, detailsOf(resource, name));
}

function conflict(resource: ResourceName, name: string, why: string): ApiProblem {
  const what = `${qualified(resource.plural, resource.group)} "${name}"`;
  const message = `Operation cannot be fulfilled on ${what}: ${why}`;
  return new ApiProblem(409, "Conflict", message, detailsOf(resource, name));
}

export function staleWrite(resource: ResourceName, name: string): ApiProblem {
  const why =
    "the object has been modified; please apply your changes to the latest version and try again";
  return conflict(resource, name, why);
}

/** A client applies to an object that it has seen, and that is gone. */
export function unknownUid(resource: ResourceName, name: string, uid: string): ApiProblem {
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  return conflict(resource, name, why);
}

export function preconditionFailed(
  resource: ResourceName,
  name: string,
  field: "UID" | "ResourceVersion",
  expected: string,
  actual: string | undefined,
): ApiProblem {
  const why = `Precondition failed: ${field} in precondition: ${expected}, ${field} in object meta: ${actual ?? ""}`;
  return conflict(resource, name, why);
}

export function forbiddenWrite(
  resource: ResourceName,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): ApiProblem {
  const message = `${qualified(resource.plural, resource.group)} "${name}" is forbidden: ${why}`;
  return new ApiProblem(403, "Forbidden", message, { ...detailsOf(resource, name), causes });
}

/** 422, with every cause at once, as kubectl prints them after "is invalid:". */
export function invalidObject(
  kind: KindName,
  name: string,
  causes: readonly Cause[] | readonly StatusCause[],
): ApiProblem {
  const lines = causes.map((cause) => `${cause.field ?? ""}: ${cause.message}`);
  const list = lines.length === 1 ? (lines[0] ?? "") : `[${lines.join(", ")}]`;
  const message = `${qualified(kind.kind, kind.group)} "${name}" is invalid: ${list}`;
  return new ApiProblem(422, "Invalid", message, {
    ...(name === "" ? {} : { name }),
    ...(kind.kind === "" ? {} : { kind: kind.kind }),
    ...groupOf(kind),
    causes,
  });
}

export function methodNotAllowed(): ApiProblem {
  const message = "the server does not allow this method on the requested resource";
  return new ApiProblem(405, "MethodNotAllowed", message);
}

export function unsupportedMediaType(message: string): ApiProblem {
  return new ApiProblem(415, "UnsupportedMediaType", message);
}

export function notAcceptable(accepted: string): ApiProblem {
  const message = `only the following media types are accepted: ${accepted}`;
  return new ApiProblem(406, "NotAcceptable", message);
}

/** 410: the history before `oldest` is gone; the client has to list again. */
export function expired(requested: number, oldest: number): ApiProblem {
  return new ApiProblem(410, "Expired", `too old resource version: ${requested} (${oldest})`);
}

/** 410: the page's own revision is gone, but the rest can be had as it is now. */
export function expiredContinue(token: string): ApiProblem {
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start " +
    "a new list without the continue parameter, or use the continue token in this response to " +
    "retrieve the remainder of the results. Continuing with the provided token results in an " +
    "inconsistent list - objects that were created, modified, or deleted between the time the first " +
    "chunk was returned and now may show up in the list.";
  return new ApiProblem(410, "Expired", message, undefined, token);
}

/** 504: a revision that has not been reached, which client-go knows by its cause. */
export function tooLargeRevision(requested: number, current: number): ApiProblem {
  const message = `Too large resource version: ${requested}, current: ${current}`;
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  return new ApiProblem(504, "Timeout", message, { causes });
}

function qualified(name: string, group: string): string {
  return group === "" ? name : `${name}.${group}`;
}

function detailsOf(resource: ResourceName, name: string): StatusDetails {
  return { name, ...groupOf(resource), kind: resource.plural };
}

function groupOf({ group }: { readonly group: string }): { readonly group?: string } {
  return group === "" ? {} : { group };
}
