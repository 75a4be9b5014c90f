// What is wrong with the schemas and columns of a definition: whether they are structural, and
// whether everything in them that is a program (patterns, paths, rules) can be read.
import { jsonEqual } from "../../lib/json.ts";
import { invalid, type Cause } from "../../resources/cause.ts";
import type {
  CustomResourceDefinition,
  CustomResourceVersion,
} from "../../resources/custom-resource-definition.ts";
import type { Schema } from "../../resources/schema.ts";
import { structuralProblems } from "../schema/structural-schema.ts";
import { ruleProblems } from "./definition-rules.ts";
import { parseJsonPath } from "./json-path.ts";

/** What was stored once is not asked about again, as long as it stays as it is. */
export function definitionSchemaCauses(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): readonly Cause[] {
  return definition.spec.versions.flatMap((version, index) => {
    const before = old?.spec.versions.find(({ name }) => name === version.name);
    const field = `spec.versions[${index}]`;
    return [
      ...(jsonEqual(before?.schema, version.schema) ? [] : schemaCauses(version, field)),
      ...columnCauses(version, field),
      ...selectableCauses(version, field),
    ];
  });
}

function schemaCauses({ schema }: CustomResourceVersion, field: string): readonly Cause[] {
  if (!schema?.openAPIV3Schema) return [];
  const at = `${field}.schema.openAPIV3Schema`;
  const problems = structuralProblems(schema.openAPIV3Schema, at);
  // Rules have types only where the schema is sound.
  return problems.length > 0 ? problems : ruleProblems(schema.openAPIV3Schema, at);
}

function columnCauses(
  { additionalPrinterColumns = [] }: CustomResourceVersion,
  field: string,
): readonly Cause[] {
  return additionalPrinterColumns.flatMap(({ jsonPath = "" }, index) => {
    if (jsonPath === "" || parseJsonPath(jsonPath)) return [];
    return [
      invalid(
        `${field}.additionalPrinterColumns[${index}].jsonPath`,
        jsonPath,
        "must be a simple JSONPath of fields, indices, * and filters such as [?(@.type=='Ready')]",
      ),
    ];
  });
}

/** As many as upstream takes. */
const selectableFieldsMax = 8;

function selectableCauses(
  { schema, selectableFields = [] }: CustomResourceVersion,
  field: string,
): readonly Cause[] {
  if (selectableFields.length > selectableFieldsMax)
    return [
      {
        reason: "FieldValueInvalid",
        field: `${field}.selectableFields`,
        message: `Too many: ${selectableFields.length}: must have at most ${selectableFieldsMax} items`,
      },
    ];
  return selectableFields.flatMap(({ jsonPath }, index) => {
    const at = `${field}.selectableFields[${index}].jsonPath`;
    const keys = jsonPath.split(".").slice(1);
    if (!/^(?:\.[A-Za-z_][\w-]*)+$/.test(jsonPath))
      return [invalid(at, jsonPath, "must be a simple JSON path of fields: .spec.color")];
    if (keys[0] === "metadata")
      return [invalid(at, jsonPath, "must not point to fields in metadata")];
    const target = keys.reduce<Schema | undefined>(
      (below, key) => below?.properties?.[key],
      schema?.openAPIV3Schema,
    );
    if (!target) return [invalid(at, jsonPath, "does not refer to a field of the schema")];
    if (target.type === "string" || target.type === "integer" || target.type === "boolean")
      return [];
    return [invalid(at, jsonPath, "must point to a field of type string, boolean or integer")];
  });
}
