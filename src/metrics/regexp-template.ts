// Templates that are filled with what the groups of a regular expression matched, as Go expands them.
// Relabelling and label_replace speak this language.
import type { RegexpMatch } from "./regexp.ts";

/** Fills the template, which was read once, from a match. */
export type RegexpTemplate = (match: RegexpMatch) => string;

/**
 * `$name` reaches as far as letters, digits and `_` do, so `$1x` is the group "1x"; `${name}` ends
 * itself; `$$` is a dollar, and so is a `$` that begins none of these. What names no group, or one that
 * took no part, is empty.
 */
export function regexpTemplate(text: string): RegexpTemplate {
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    pieces.push({ literal: text.slice(end, found.index) });
    end = found.index + found[0].length;
    const group = found[1] ?? found[2];
    pieces.push(group === undefined ? { literal: "$" } : { group });
  }
  const last = text.slice(end);
  if (pieces.length === 0) return () => text;
  return (match) => pieces.map((piece) => filled(piece, match)).join("") + last;
}

type Piece = { readonly literal: string } | { readonly group: string };

function filled(piece: Piece, match: RegexpMatch): string {
  if ("literal" in piece) return piece.literal;
  const { group } = piece;
  return (/^\d+$/.test(group) ? match[Number(group)] : match.groups[group]) ?? "";
}
