// One request for one resource, and what is read from it alike by whoever answers it.
import { badRequest, methodNotAllowed } from "../api-status.ts";
import type { ApiProblem } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";
import type { AnswerWriter } from "./answer-writer.ts";
import type { WriteOptions } from "./registry.ts";
import { dryRunOf } from "./request-path.ts";
import { matcherOf } from "./selectors.ts";
import type { Matcher } from "./selectors.ts";
import { managerOf } from "./write-parameters.ts";
import type { OptionsKind } from "./write-parameters.ts";

export type ResourceCall = {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly writer: AnswerWriter;
};

/** Throws 422 for parameters that are none. */
export function writeOptions(
  { request, query, subresource, writer }: ResourceCall,
  kind: OptionsKind,
): WriteOptions {
  return {
    dryRun: dryRunOf(query.getAll("dryRun"), kind),
    warn: writer.warn,
    subresource,
    manager: managerOf(request, query, kind),
  };
}

/** The name in the path selects as the fields in the query do. */
export function matcher({
  query,
  resource,
  name,
  namespace,
}: Pick<ResourceCall, "query" | "resource" | "name" | "namespace">): Matcher {
  const labelSelector = query.get("labelSelector");
  const fieldSelector = query.get("fieldSelector");
  const selected = matcherOf({ labelSelector, fieldSelector }, resource);
  return ({ metadata, ...rest }) =>
    (name === undefined || metadata.name === name) &&
    (namespace === undefined || metadata.namespace === namespace) &&
    selected({ metadata, ...rest });
}

/** Objects of all namespaces can be read together, but as upstream neither made nor deleted. */
export function requireOneNamespace({ resource, namespace }: ResourceCall): void {
  if (resource.kind.namespaced && namespace === undefined) throw methodNotAllowed();
}

export function namespaceMismatch(given: string, space: string): ApiProblem {
  return badRequest(
    `the namespace of the provided object does not match the namespace sent on the request (${given} instead of ${space || "none"})`,
  );
}
