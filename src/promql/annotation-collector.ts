// Gathers what is said beside a result. The same thing is said once, however many series and steps it
// is true of. Its text ends with the place in the query, as line and column.
import type { Expr, Span } from "./ast.ts";
import { placeIn } from "./diagnostic.ts";
import type { Annotate } from "./function-families.ts";

export type AnnotationCollector = {
  readonly warn: (text: string, at: Span) => void;
  readonly info: (text: string, at: Span) => void;
  readonly warnings: () => readonly string[];
  readonly infos: () => readonly string[];
};

/** Without the text of the query no place is told. */
export function collectAnnotations(queryText: string | undefined): AnnotationCollector {
  const warnings = new Set<string>();
  const infos = new Set<string>();
  const placed = (text: string, at: Span): string =>
    queryText === undefined ? text : `${text} (${placeIn(queryText, at.from)})`;
  return {
    warn: (text, at) => void warnings.add(placed(text, at)),
    info: (text, at) => void infos.add(placed(text, at)),
    warnings: () => [...warnings],
    infos: () => [...infos],
  };
}

/** For a function that is called with these arguments. */
export function annotateCall(collector: AnnotationCollector, args: readonly Expr[]): Annotate {
  const nowhere: Span = { from: 0, to: 0 };
  return {
    warn: (text, argument) => collector.warn(text, args[argument] ?? nowhere),
    info: (text, argument) => collector.info(text, args[argument] ?? nowhere),
  };
}
