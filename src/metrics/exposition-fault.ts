// What ends the reading of a page of metrics: thrown where it is found, and turned into an error with
// its line by whoever goes through the lines.

export class ExpositionFault extends Error {}

export function fault(message: string): never {
  throw new ExpositionFault(message);
}

/** A piece of a page in a message: quoted, and not longer than a person reads. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
