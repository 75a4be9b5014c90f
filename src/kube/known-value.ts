// What the JSON of an answer, or of one line of a watch, stands for, where it was made in this process.
// A client here takes the value as it is and reads no text; over a connection only the text goes.

const values = new WeakMap<Response | Uint8Array, object>();

/** Notes the value of an answer or of a line. Like all objects it must not be changed. */
export function withValue<T extends Response | Uint8Array>(message: T, value: object): T {
  values.set(message, value);
  return message;
}

/** Undefined for what came over a connection. */
export function valueOf(message: Response | Uint8Array): object | undefined {
  return values.get(message);
}
