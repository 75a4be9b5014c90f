import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedText } from "./bounded-text.ts";

test("a body within the limit is read whole, characters that chunks cut in two included", async () => {
  const bytes = new TextEncoder().encode("größer");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  assert.equal(await boundedText(new Response(body), bytes.length), "größer");
  assert.equal(await boundedText(new Response(), 0), "");
});

test("an endless body is given up on", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1000;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  await assert.rejects(boundedText(new Response(endless), 5_000), /exceeds 5000 bytes/);
  assert.ok(sent < 20_000);
});
