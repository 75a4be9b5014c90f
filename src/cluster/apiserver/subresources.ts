// Which subresources a resource has here, and how the others are refused.
import { ApiProblem, noSuchResource } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";

export function isServed({ kind, storageId }: Resource, subresource: string): boolean {
  switch (subresource) {
    case "status":
      return kind.subresources?.status === true;
    case "scale":
      return kind.subresources?.scale !== undefined;
    case "log":
    case "exec":
    case "attach":
    case "portforward":
    case "eviction":
    case "binding":
      return storageId === "pods";
    default:
      return isProxy(subresource) && (storageId === "pods" || storageId === "services");
  }
}

export function isProxy(subresource: string | undefined): boolean {
  return subresource !== undefined && /^proxy(?:\/|$)/.test(subresource);
}

/** The request in client-go's words: `post jobs.batch`. */
export function asked({ method }: Request, plural: string, group: string): string {
  return `${method.toLowerCase()} ${plural}${group && `.${group}`}`;
}

/** These exist in Kubernetes, so they are refused by name. */
const unserved = ["proxy", "token", "finalize"];

export function refusal(request: Request, { kind }: Resource, subresource: string): ApiProblem {
  const [first = ""] = subresource.split("/");
  if (!unserved.includes(first))
    return noSuchResource(asked(request, `${kind.plural}/${subresource}`, kind.group));
  const message = `the ${first} subresource of ${kind.plural} is not served by this cluster yet`;
  return new ApiProblem(501, "NotImplemented", message);
}
