// The names of custom kinds: two definitions of one group cannot share any, and the later one is not
// served until the earlier one gives way. Its conditions say so.
import type { CustomResourceDefinition } from "../../resources/custom-resource-definition.ts";
import type { Condition } from "../../resources/object.ts";
import { storageIdOf } from "../resource-catalog.ts";
import type { Resource } from "../resource-catalog.ts";

export type NameConflict = { readonly reason: string; readonly message: string };

/** The first name of the definition that another kind has; undefined when all are free. */
export function nameConflict(
  { spec }: CustomResourceDefinition,
  served: readonly Resource[],
): NameConflict | undefined {
  const { group, names } = spec;
  const own = storageIdOf({ group, plural: names.plural });
  const others = served.filter(
    (resource) => resource.kind.group === group && !(resource.custom && resource.storageId === own),
  );
  const resources = new Set(
    others.flatMap(({ kind }) => [kind.plural, kind.singular, ...(kind.shortNames ?? [])]),
  );
  const kinds = new Set(others.flatMap(({ kind }) => [kind.kind, `${kind.kind}List`]));
  const wanted: readonly (readonly [string, string | undefined, ReadonlySet<string>])[] = [
    ["PluralConflict", names.plural, resources],
    ["SingularConflict", names.singular, resources],
    ...(names.shortNames ?? []).map((name) => ["ShortNamesConflict", name, resources] as const),
    ["KindConflict", names.kind, kinds],
    ["ListKindConflict", names.listKind, kinds],
  ];
  const taken = wanted.find(([, name, inUse]) => name !== undefined && inUse.has(name));
  if (!taken) return undefined;
  return { reason: taken[0], message: `${JSON.stringify(taken[1])} is already in use` };
}

/** `now` is when they came to be. */
export function nameConditions(
  conflict: NameConflict | undefined,
  now: string,
): readonly Condition[] {
  const accepted = conflict
    ? { status: "False" as const, ...conflict }
    : { status: "True" as const, reason: "NoConflicts", message: "no conflicts found" };
  const established = conflict
    ? { status: "False" as const, reason: "NotAccepted", message: "not all names are accepted" }
    : {
        status: "True" as const,
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      };
  return [
    { type: "NamesAccepted", ...accepted, lastTransitionTime: now },
    { type: "Established", ...established, lastTransitionTime: now },
  ];
}
