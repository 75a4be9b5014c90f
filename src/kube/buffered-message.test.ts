import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferedRequest, BufferedResponse } from "./buffered-message.ts";

const text = '{"word":"grün"}';
const inBuffer = new TextEncoder().encode(`--${text}--`);
const bodies = { text, bytes: new TextEncoder().encode(text), view: inBuffer.subarray(2, -2) };

for (const [name, body] of Object.entries(bodies)) {
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const messages = {
    request: () => new BufferedRequest("https://127.0.0.1/x", init, body),
    response: () => new BufferedResponse(body, { status: 201 }),
  };
  for (const [kind, make] of Object.entries(messages))
    test(`a ${kind} gives its ${name} in every form`, async () => {
      assert.equal(await make().text(), text);
      assert.deepEqual(await make().json(), { word: "grün" });
      assert.equal(new TextDecoder().decode(await make().arrayBuffer()), text);
      assert.equal(new TextDecoder().decode(await make().bytes()), text);
      assert.equal(await (await make().blob()).text(), text);
      assert.equal(await new Response(make().body).text(), text);
      assert.equal(await make().clone().text(), text);
    });
}

test("status, method and headers are the platform's", () => {
  const request = new BufferedRequest("https://127.0.0.1/x", { method: "PATCH" }, "");
  assert.ok(request instanceof Request);
  assert.equal(request.clone().method, "PATCH");
  const response = new BufferedResponse("", { status: 404, headers: { a: "b" } });
  assert.ok(response instanceof Response);
  assert.deepEqual([response.ok, response.status, response.headers.get("a")], [false, 404, "b"]);
});

test("a body that is no JSON rejects", async () => {
  await assert.rejects(new BufferedResponse("{", {}).json(), SyntaxError);
});
