// Keys that occur twice in one JSON object. JSON.parse silently keeps the last, so a manifest with
// two `replicas` would do what only one of its lines says.

/** The paths of repeated keys, as `spec.replicas`. The text must be valid JSON. */
export function duplicateKeys(text: string, parsed: unknown): readonly string[] {
  // The compact text of the value is as long as a compact text without repetitions.
  if (JSON.stringify(parsed)?.length === text.length) return [];
  const found: string[] = [];
  const tokens = text.matchAll(/"(?:\\.|[^"\\])*"|[{}[\],:]/gs);
  const open: Frame[] = [];
  let candidate: string | undefined;
  for (const [token] of tokens) {
    const frame = open.at(-1);
    if (token === "{" || token === "[")
      open.push({ isObject: token === "{", keys: new Set(), at: pathOf(frame), key: "", index: 0 });
    else if (token === "}" || token === "]") open.pop();
    else if (token === "," && frame && !frame.isObject) frame.index++;
    else if (token === ":" && frame?.isObject && candidate !== undefined) {
      // A string before a colon is a key; escapes count as what they stand for.
      const key = JSON.parse(candidate) as string;
      frame.key = key;
      if (frame.keys.has(key)) found.push(pathOf(frame));
      frame.keys.add(key);
    }
    candidate = token.startsWith('"') ? token : undefined;
  }
  return [...new Set(found)];
}

type Frame = {
  readonly isObject: boolean;
  readonly keys: Set<string>;
  readonly at: string;
  key: string;
  index: number;
};

function pathOf(frame: Frame | undefined): string {
  if (!frame) return "";
  if (!frame.isObject) return `${frame.at}[${frame.index}]`;
  return frame.at === "" ? frame.key : `${frame.at}.${frame.key}`;
}
