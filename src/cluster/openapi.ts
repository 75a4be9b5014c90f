// placeholder, see next commit
import type { ResourceCatalog } from "./resource-catalog.ts";
export function openApiAnswer(
  _catalog: ResourceCatalog,
  _pathname: string,
  _accept: string | null,
): Response | undefined {
  return undefined;
}
