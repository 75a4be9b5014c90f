// The names of custom kinds, and what the status of a definition says of them: two definitions of one
// group cannot share any, and the later one is not served until the earlier one gives way.
import type {
  CustomResourceDefinition,
  CustomResourceNames,
} from "../../resources/custom-resource-definition.ts";
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

/**
 * What the server says of a definition. A kind that has been served stays so under the names that it
 * had, whatever its definition would like to be called by now. `now` is the time of what changes.
 */
export function definitionStatus(
  definition: CustomResourceDefinition,
  conflict: NameConflict | undefined,
  now: string,
): NonNullable<CustomResourceDefinition["status"]> {
  const { spec, status, metadata } = definition;
  const isEstablished = isConditionTrue(definition, "Established");
  const storage = spec.versions.filter((version) => version.storage).map(({ name }) => name);
  const conditions: readonly Omit<Condition, "lastTransitionTime">[] = [
    conflict
      ? { type: "NamesAccepted", status: "False", ...conflict }
      : {
          type: "NamesAccepted",
          status: "True",
          reason: "NoConflicts",
          message: "no conflicts found",
        },
    conflict && !isEstablished
      ? {
          type: "Established",
          status: "False",
          reason: "NotAccepted",
          message: "not all names are accepted",
        }
      : {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
    ...(metadata.deletionTimestamp === undefined
      ? []
      : [
          {
            type: "Terminating",
            status: "True" as const,
            reason: "InstanceDeletionInProgress",
            message: "CustomResource deletion is in progress",
          },
        ]),
  ];
  return {
    storedVersions: storage,
    ...status,
    conditions: conditions.map((condition) => {
      const before = status?.conditions?.find(({ type }) => type === condition.type);
      const isSame = before?.status === condition.status;
      return { ...condition, lastTransitionTime: (isSame && before.lastTransitionTime) || now };
    }),
    acceptedNames: conflict ? (status?.acceptedNames ?? { plural: "", kind: "" }) : spec.names,
  };
}

/** The names under which the kind is served; undefined while it is not. */
export function servedNames(
  definition: CustomResourceDefinition,
  conflict: NameConflict | undefined,
): CustomResourceNames | undefined {
  if (!conflict) return definition.spec.names;
  return isConditionTrue(definition, "Established") ? definition.status?.acceptedNames : undefined;
}

export function isConditionTrue({ status }: CustomResourceDefinition, type: string): boolean {
  return (
    status?.conditions?.some(
      (condition) => condition.type === type && condition.status === "True",
    ) ?? false
  );
}
