// Conflicts of server-side apply, in the words that kubectl and its users know.
import type { ManagedFieldsEntry } from "../../resources/object.ts";
import { ApiProblem } from "../api-status.ts";
import { isEmptySet, pathsOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import type { EntryIdentity } from "./managed-fields.ts";

/** Fields that the applier wants to change and that another manager owns. */
export type Conflict = { readonly entry: ManagedFieldsEntry; readonly fields: FieldSet };

/** 409, with a cause for each field. */
export function conflictProblem(conflicts: readonly Conflict[]): ApiProblem {
  const found = conflicts
    .filter(({ fields }) => !isEmptySet(fields))
    .map(({ entry, fields }) => ({ manager: managerText(entry), paths: pathsOf(fields) }))
    .toSorted((left, right) => (left.manager < right.manager ? -1 : 1));
  const causes = found.flatMap(({ manager, paths }) =>
    paths.map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${manager}`,
      field,
    })),
  );
  const [only] = causes;
  const message =
    causes.length === 1 && only
      ? `Apply failed with 1 conflict: ${only.message}: ${only.field}`
      : `Apply failed with ${causes.length} conflicts: ${found.map(listText).join("\n")}`;
  return new ApiProblem(409, "Conflict", message, { causes });
}

function listText({
  manager,
  paths,
}: {
  readonly manager: string;
  readonly paths: readonly string[];
}): string {
  return [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)].join("\n");
}

function managerText({ manager, operation, apiVersion, subresource }: EntryIdentity): string {
  const name = JSON.stringify(manager);
  const where = subresource === undefined ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const how = operation === "Update" ? ` using ${apiVersion}` : "";
  return name + where + how;
}
