// The JSON text of stored objects, made once for each. Objects are immutable, so a get, a list and
// every watcher share it.
const texts = new WeakMap<object, string>();

export function jsonText(object: object): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}

/** The object that a text of ours stands for; the text is kept, so that nobody makes it again. */
export function parsedText<T extends object>(text: string): T {
  const object = JSON.parse(text) as T;
  texts.set(object, text);
  return object;
}
