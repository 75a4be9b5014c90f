import assert from "node:assert/strict";
import { test } from "node:test";
import { eventKind } from "./event.ts";

const words = (causes: readonly { readonly field: string; readonly message: string }[] = []) =>
  causes.map(({ field, message }) => `${field}: ${message}`);

test("an event stands in the namespace of what it is about", () => {
  const about = (namespace: string) =>
    words(
      eventKind.validate?.(
        {
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: "e", namespace: "default" },
          involvedObject: { kind: "Pod", namespace, name: "p" },
          type: "Normal",
          reason: "Started",
          message: "",
        },
        undefined,
      ),
    );
  assert.deepEqual([about("default"), about("")], [[], []]);
  assert.deepEqual(about("other"), [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
});
