// What is wrong with a query's text, and where. A value, not an exception: a query is the user's
// text, and all of its faults are told at once.

/** `from` and `to` are offsets into the text, in UTF-16 code units; they are equal for a gap. */
export type Diagnostic = { readonly message: string; readonly from: number; readonly to: number };

/** Renders as Prometheus does: `1:5: parse error: …`, one line each; columns start at 1. */
export function formatDiagnostics(text: string, diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ message, from }) => {
      const before = text.slice(0, from).split("\n");
      return `${before.length}:${(before.at(-1) ?? "").length + 1}: parse error: ${message}`;
    })
    .join("\n");
}
