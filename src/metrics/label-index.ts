// Which series carry which label: for each name its values, for each value its series. It also holds
// the one copy of each name and value that all label sets share, so nothing that was cut from a page
// keeps the page in memory.
import { labelValue, setLabel, type Labels } from "./labels.ts";
import type { CompiledMatcher } from "./matcher.ts";
import { copyOf } from "./string-copy.ts";

/** What is indexed; `ordinal` ascends in the order of adding. What is gone is removed at once. */
type Member = { readonly labels: Labels; readonly ordinal: number; readonly isGone: boolean };

/** In order of adding; of the members, `gone` are gone already and wait to be taken out together. */
type Posting<M> = { readonly value: string; members: M[]; gone: number };
type LabelName<M> = { readonly name: string; readonly values: Map<string, Posting<M>> };

export class LabelIndex<M extends Member> {
  readonly #names = new Map<string, LabelName<M>>();

  /** The same set made of shared strings, in order of names, without labels of empty value. */
  intern(labels: Labels): Labels {
    const shared: Record<string, string> = {};
    for (const name of Object.keys(labels).toSorted()) {
      const value = labelValue(labels, name);
      const known = this.#names.get(name);
      if (value !== "")
        setLabel(
          shared,
          known?.name ?? copyOf(name),
          known?.values.get(value)?.value ?? copyOf(value),
        );
    }
    return shared;
  }

  /** The member's labels are interned. */
  add(member: M): void {
    for (const name of Object.keys(member.labels)) {
      const value = labelValue(member.labels, name);
      let label = this.#names.get(name);
      if (!label) this.#names.set(name, (label = { name, values: new Map() }));
      const posting = label.values.get(value);
      if (posting) posting.members.push(member);
      else label.values.set(value, { value, members: [member], gone: 0 });
    }
  }

  /** The member is gone by now. */
  remove({ labels }: M): void {
    for (const name of Object.keys(labels)) {
      const label = this.#names.get(name);
      const posting = label?.values.get(labelValue(labels, name));
      if (!label || !posting) continue;
      posting.gone++;
      if (posting.gone === posting.members.length) {
        label.values.delete(posting.value);
        if (label.values.size === 0) this.#names.delete(name);
      } else if (posting.gone > posting.members.length / 8) {
        posting.members = posting.members.filter(({ isGone }) => !isGone);
        posting.gone = 0;
      }
    }
  }

  names(): Iterable<string> {
    return this.#names.keys();
  }

  values(name: string): Iterable<string> {
    return this.#names.get(name)?.values.keys() ?? [];
  }

  /**
   * The fewest members that one matcher leaves, in order of adding and with some that are gone, and the
   * matchers that still have to be tried on each; undefined where no matcher narrows them down.
   *
   * A matcher that takes the empty value also takes what has no such label, of which the index knows
   * nothing. Patterns are tried on a label's values, which are fewer than its series, but only as long
   * as they are fewer than what is left already. `onTried` is told how many steps each value may take.
   */
  narrow(
    matchers: readonly CompiledMatcher[],
    onTried: (steps: number) => void,
  ): Narrowed<M> | undefined {
    let best: readonly Posting<M>[] | undefined;
    let bestSize = Infinity;
    let bestMatcher: CompiledMatcher | undefined;
    for (const matcher of matchers.toSorted((a, b) => costOf(a) - costOf(b))) {
      if (matcher.accepts("")) continue;
      const values = this.#names.get(matcher.label)?.values;
      if (!values) return { members: [], matchers: [] };
      if (matcher.literals === undefined && values.size >= bestSize) continue;
      const postings = postingsOf(values, matcher, onTried);
      let size = 0;
      for (const { members, gone } of postings) size += members.length - gone;
      if (size >= bestSize) continue;
      best = postings;
      bestSize = size;
      bestMatcher = matcher;
      if (size === 0) break;
    }
    if (!best) return undefined;
    return {
      members: joined(best),
      matchers: matchers.filter((matcher) => matcher !== bestMatcher),
    };
  }
}

type Narrowed<M> = {
  readonly members: readonly M[];
  readonly matchers: readonly CompiledMatcher[];
};

/** Those that are looked up come before those that have to be tried on every value. */
const costOf = (matcher: CompiledMatcher): number => matcher.literals?.length ?? Infinity;

function postingsOf<M>(
  values: ReadonlyMap<string, Posting<M>>,
  { literals, accepts, stepsPerCharacter }: CompiledMatcher,
  onTried: (steps: number) => void,
): readonly Posting<M>[] {
  const postings: Posting<M>[] = [];
  if (literals === undefined) {
    for (const posting of values.values()) {
      onTried(posting.value.length * stepsPerCharacter);
      if (accepts(posting.value)) postings.push(posting);
    }
    return postings;
  }
  for (const value of literals) {
    const posting = values.get(value);
    if (posting) postings.push(posting);
  }
  return postings;
}

/** A member has one value of a label, so none stands in two of the lists. */
function joined<M extends Member>(postings: readonly Posting<M>[]): readonly M[] {
  const [first] = postings;
  if (postings.length <= 1) return first?.members ?? [];
  return postings.flatMap(({ members }) => members).sort((a, b) => a.ordinal - b.ordinal);
}
