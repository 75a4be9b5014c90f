// What a CustomResourceDefinition must get right besides the schemas in it: names, versions, scope,
// conversion, subresources and columns. The words are Kubernetes'.
import { forbidden, immutable, invalid, notSupported, required, type Cause } from "./cause.ts";
import type {
  CustomResourceDefinition,
  CustomResourceNames,
  CustomResourceVersion,
} from "./custom-resource-definition.ts";
import type { Column, ScalePaths } from "./kind.ts";
import { dns1035LabelProblems, dnsSubdomainProblems } from "./label-syntax.ts";

/** What is wrong with a definition that fits its kind's schema. */
export function validateDefinition(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly Cause[] {
  const { metadata, spec } = definition;
  const causes: Cause[] = [];
  if (metadata.name !== `${spec.names.plural}.${spec.group}`)
    causes.push(
      invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group'),
    );
  return [
    ...causes,
    ...groupCauses(definition),
    ...nameCauses(spec.names),
    ...versionsCauses(spec.versions),
    ...conversionCauses(definition),
    ...(old ? changeCauses(definition, old) : []),
  ];
}

/** Of a status only what was stored in which version is anybody's but the server's to say. */
export function validateDefinitionStatus({
  spec,
  status,
}: CustomResourceDefinition): readonly Cause[] {
  const names = spec.versions.map(({ name }) => name);
  return (status?.storedVersions ?? []).flatMap((name, index) =>
    names.includes(name)
      ? []
      : [invalid(`status.storedVersions[${index}]`, name, "must appear in spec.versions")],
  );
}

const approvalAnnotation = "api-approved.kubernetes.io";

function groupCauses({ metadata, spec }: CustomResourceDefinition): readonly Cause[] {
  const { group } = spec;
  if (group === "") return [required("spec.group")];
  const problems = dnsSubdomainProblems(group);
  if (problems.length > 0) return problems.map((problem) => invalid("spec.group", group, problem));
  if (!group.includes("."))
    return [invalid("spec.group", group, "should be a domain with at least one dot")];
  const isProtected = /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
  if (!isProtected || metadata.annotations?.[approvalAnnotation]) return [];
  return [
    required(
      `metadata.annotations[${approvalAnnotation}]`,
      `protected groups must have approval annotation "${approvalAnnotation}", see https://github.com/kubernetes/enhancements/pull/1111`,
    ),
  ];
}

function nameCauses(names: CustomResourceNames): readonly Cause[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const causes = [
    ...labelCauses("spec.names.plural", plural),
    ...(singular ? labelCauses("spec.names.singular", singular) : []),
    ...kindCauses("spec.names.kind", kind),
    ...(listKind ? kindCauses("spec.names.listKind", listKind) : []),
    ...shortNames.flatMap((name, index) => labelCauses(`spec.names.shortNames[${index}]`, name)),
    ...categories.flatMap((name, index) => labelCauses(`spec.names.categories[${index}]`, name)),
  ];
  if (kind !== "" && kind === listKind)
    causes.push(invalid("spec.names.listKind", listKind, "kind and listKind may not be the same"));
  return causes;
}

function labelCauses(field: string, name: string): readonly Cause[] {
  if (name === "") return [required(field)];
  return dns1035LabelProblems(name).map((problem) => invalid(field, name, problem));
}

function kindCauses(field: string, kind: string): readonly Cause[] {
  if (kind === "") return [required(field)];
  return dns1035LabelProblems(kind.toLowerCase()).map((problem) =>
    invalid(field, kind, `may have mixed case, but should otherwise match: ${problem}`),
  );
}

function versionsCauses(versions: readonly CustomResourceVersion[]): readonly Cause[] {
  const names = versions.map(({ name }) => name);
  const causes: Cause[] = [];
  if (names.length === 0) causes.push(required("spec.versions", "must have at least one version"));
  if (new Set(names).size !== names.length)
    causes.push(invalid("spec.versions", names, "must contain unique version names"));
  if (names.length > 0 && versions.filter(({ storage }) => storage).length !== 1)
    causes.push(
      invalid("spec.versions", names, "must have exactly one version marked as storage version"),
    );
  const each = versions.flatMap((version, index) =>
    versionCauses(version, `spec.versions[${index}]`),
  );
  return [...causes, ...each];
}

function versionCauses(version: CustomResourceVersion, field: string): readonly Cause[] {
  const { name, schema, subresources, additionalPrinterColumns = [] } = version;
  return [
    ...labelCauses(`${field}.name`, name),
    ...deprecationCauses(version, field),
    ...(schema?.openAPIV3Schema
      ? []
      : [required(`${field}.schema.openAPIV3Schema`, "schemas are required")]),
    ...(subresources?.scale ? scaleCauses(subresources.scale, `${field}.subresources.scale`) : []),
    ...additionalPrinterColumns.flatMap((column, index) =>
      columnCauses(column, `${field}.additionalPrinterColumns[${index}]`),
    ),
  ];
}

function deprecationCauses(version: CustomResourceVersion, field: string): readonly Cause[] {
  const { deprecated = false, deprecationWarning: warning } = version;
  if (warning === undefined) return [];
  const at = `${field}.deprecationWarning`;
  const causes: Cause[] = [];
  if (!deprecated) causes.push(invalid(at, warning, "can only be set for deprecated versions"));
  if (new TextEncoder().encode(warning).length > 256)
    causes.push(invalid(at, warning, "must be <= 256 UTF-8 bytes long"));
  if (warning === "") causes.push(invalid(at, warning, "must not be an empty string"));
  if (/\p{C}/u.test(warning))
    causes.push(invalid(at, warning, "must only contain printable UTF-8 characters"));
  return causes;
}

const pathPattern = /^(?:\.[A-Za-z_][\w-]*)+$/;

function scaleCauses(paths: ScalePaths, field: string): readonly Cause[] {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = "" } = paths;
  const causes: Cause[] = [];
  const check = (name: string, path: string, roots: readonly string[], where: string): void => {
    const isBelow = roots.some((root) => path.startsWith(`${root}.`));
    if (path === "") causes.push(required(`${field}.${name}`));
    else if (!isBelow || !pathPattern.test(path))
      causes.push(invalid(`${field}.${name}`, path, `should be a json path under ${where}`));
  };
  check("specReplicasPath", specReplicasPath, [".spec"], ".spec");
  check("statusReplicasPath", statusReplicasPath, [".status"], ".status");
  if (labelSelectorPath !== "")
    check("labelSelectorPath", labelSelectorPath, [".spec", ".status"], "either .spec or .status");
  return causes;
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = [
  "byte",
  "date",
  "date-time",
  "double",
  "float",
  "int32",
  "int64",
  "password",
];

function columnCauses({ name, type, format, jsonPath }: Column, field: string): readonly Cause[] {
  const causes: Cause[] = [];
  if (name === "") causes.push(required(`${field}.name`));
  if (!columnTypes.includes(type)) causes.push(notSupported(`${field}.type`, type, columnTypes));
  if (format && !columnFormats.includes(format))
    causes.push(notSupported(`${field}.format`, format, columnFormats));
  if (!jsonPath) causes.push(required(`${field}.jsonPath`));
  return causes;
}

function conversionCauses({ spec }: CustomResourceDefinition): readonly Cause[] {
  const causes: Cause[] = [];
  const { strategy, webhook } = spec.conversion ?? {};
  // Where there is one version, nothing is ever converted.
  if (strategy === "Webhook" && spec.versions.length > 1)
    causes.push(
      forbidden(
        "spec.conversion.strategy",
        "this cluster does not convert by webhook; use the strategy None, which changes the apiVersion alone",
      ),
    );
  else if (strategy !== undefined && strategy !== "None" && strategy !== "Webhook")
    causes.push(notSupported("spec.conversion.strategy", strategy, ["None", "Webhook"]));
  else if (strategy !== "Webhook" && webhook !== undefined)
    causes.push(
      forbidden("spec.conversion.webhook", "should not be set when strategy is not set to Webhook"),
    );
  if (spec.preserveUnknownFields === true)
    causes.push(
      invalid(
        "spec.preserveUnknownFields",
        true,
        "must be false; set x-kubernetes-preserve-unknown-fields in the schema instead",
      ),
    );
  return causes;
}

function changeCauses(
  { spec, status }: CustomResourceDefinition,
  old: CustomResourceDefinition,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (old.spec.scope !== spec.scope) causes.push(immutable("spec.scope", spec.scope));
  if (old.spec.names.kind !== spec.names.kind)
    causes.push(immutable("spec.names.kind", spec.names.kind));
  const names = spec.versions.map(({ name }) => name);
  for (const [index, name] of (status?.storedVersions ?? []).entries())
    if (!names.includes(name))
      causes.push(
        invalid(
          `status.storedVersions[${index}]`,
          name,
          `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
        ),
      );
  return causes;
}
