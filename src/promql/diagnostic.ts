// What is wrong with a query's text, and where. A value, not an exception: a query is the user's
// text, and all of its faults are told at once.

/** `from` and `to` are offsets into the text, in UTF-16 code units; they are equal for a gap. */
export type Diagnostic = { readonly message: string; readonly from: number; readonly to: number };

/** Renders as Prometheus does: `1:5: parse error: …`, one line each. */
export function formatDiagnostics(text: string, diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ message, from }) => `${placeIn(text, from)}: parse error: ${message}`)
    .join("\n");
}

/** Line and column of an offset, both from 1 on, as `1:5`. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}
