import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardedHeaders, passHeaders } from "./http-headers.ts";

test("what was meant for one connection stays behind, the rest keeps its spelling and its repeats", () => {
  const raw = [
    ["Host", "web.example.com"],
    ["Connection", "keep-alive, X-Hop"],
    ["Keep-Alive", "timeout=5"],
    ["X-Hop", "1"],
    ["Transfer-Encoding", "chunked"],
    ["Upgrade", "websocket"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["Expect", "100-continue"],
  ].flat();
  assert.deepEqual(
    passHeaders(raw, ["expect"]),
    [
      ["Host", "web.example.com"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ].flat(),
  );
});

const client = { address: "127.0.0.1", localPort: 7080 };

test("the first proxy says who asked for what", () => {
  assert.deepEqual(
    forwardedHeaders({ host: "web.example.com:7080" }, client),
    [
      ["X-Forwarded-For", "127.0.0.1"],
      ["X-Forwarded-Host", "web.example.com:7080"],
      ["X-Forwarded-Proto", "http"],
      ["X-Forwarded-Port", "7080"],
    ].flat(),
  );
});

test("a later proxy adds itself and leaves what the first one said", () => {
  const headers = {
    host: "inside",
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-host": "outside",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "443",
  };
  assert.deepEqual(
    forwardedHeaders(headers, client),
    [
      ["X-Forwarded-For", "10.0.0.1, 127.0.0.1"],
      ["X-Forwarded-Host", "outside"],
      ["X-Forwarded-Proto", "https"],
      ["X-Forwarded-Port", "443"],
    ].flat(),
  );
});
