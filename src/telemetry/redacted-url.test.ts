import assert from "node:assert/strict";
import { test } from "node:test";
import { redactedUrl } from "./redacted-url.ts";

test("an address is shown without its password", () => {
  for (const [url, shown] of [
    ["http://sd/x", "http://sd/x"],
    ["http://me@sd/x", "http://me@sd/x"],
    ["https://me:open@sd:8080/x?y=a:b@c", "https://me:<secret>@sd:8080/x?y=a:b@c"],
    ["http://me:p@ss:word@sd", "http://me:<secret>@sd"],
    ["http://:open@sd/", "http://:<secret>@sd/"],
    ["http://sd:8080/me:open@x", "http://sd:8080/me:open@x"],
  ] as const)
    assert.equal(redactedUrl(url), shown);
});
