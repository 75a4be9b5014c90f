// What ConfigMaps and Secrets have in common: keys that become file names, a limit on their size, and
// the promise not to change.
import { jsonEqual } from "../lib/json.ts";
import { forbidden, invalid, tooLong, type Cause } from "./cause.ts";
import { configKeyProblems } from "./label-syntax.ts";

/** One mebibyte, of values only, as upstream. */
const dataBytesMax = 1_048_576;

type DataFields = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** Checks the keys of each field; `bytesOf` says how long a value is. */
export function validateData(fields: DataFields, bytesOf: (value: string) => number): Cause[] {
  const causes: Cause[] = [];
  let bytes = 0;
  for (const [field, data] of Object.entries(fields))
    for (const [key, value] of Object.entries(data ?? {})) {
      for (const problem of configKeyProblems(key))
        causes.push(invalid(`${field}[${key}]`, key, problem));
      bytes += bytesOf(value);
    }
  if (bytes > dataBytesMax) causes.push(tooLong(Object.keys(fields)[0] ?? "", dataBytesMax));
  return causes;
}

/** What an object that was declared immutable must keep. */
export function validateImmutable<T extends { readonly immutable?: boolean }>(
  object: T,
  old: T | undefined,
  fields: readonly (keyof T & string)[],
): readonly Cause[] {
  if (old?.immutable !== true) return [];
  const rule = "field is immutable when `immutable` is set";
  return [
    ...(object.immutable === true ? [] : [forbidden("immutable", rule)]),
    ...fields
      .filter((field) => !jsonEqual(object[field] ?? {}, old[field] ?? {}))
      .map((field) => forbidden(field, rule)),
  ];
}
