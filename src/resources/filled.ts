// Defaults as Go's structs have them: a plain field that is empty or zero is one that nobody set.

/** The object with each default in the place of a field that is absent, empty text or 0. */
export function filled<T extends object>(defaults: Partial<T>, object: T): T {
  const given = object as Readonly<Record<string, unknown>>;
  const missing = Object.entries(defaults).filter(
    ([key]) => given[key] === undefined || given[key] === "" || given[key] === 0,
  );
  return missing.length === 0 ? object : { ...object, ...Object.fromEntries(missing) };
}
