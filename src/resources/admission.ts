// Admission as plain data: a rule sees the object that is about to be stored and a snapshot of the
// others, and answers with the object to store or with what is wrong. The embedded cluster runs the
// rules in process; on a real one a webhook server runs the same.
import type { Cause } from "./cause.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export type AdmissionVerdict<T> =
  | { readonly kind: "allowed"; readonly object: T; readonly warnings: readonly string[] }
  | { readonly kind: "denied"; readonly causes: readonly Cause[] };

/** The objects that a rule may look at besides its own. Reads are of one moment. */
export type AdmissionSnapshot = {
  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): readonly T[];
};

/**
 * Called at create and update of the kind, with an object that fits its schema, before it is stored;
 * never at delete.
 */
export type AdmissionRule<T extends KubeObject = KubeObject> = {
  readonly kind: Kind<T>;
  admit(object: T, old: T | undefined, snapshot: AdmissionSnapshot): AdmissionVerdict<T>;
};
