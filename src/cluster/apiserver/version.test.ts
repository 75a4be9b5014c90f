// What the server tells about itself, outside its resources.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestPlane } from "./plane-fixture.ts";

const cases: readonly { readonly path: string; readonly status: number; readonly text: RegExp }[] =
  [
    { path: "/healthz", status: 200, text: /^ok$/ },
    { path: "/readyz", status: 200, text: /^ok$/ },
    { path: "/livez/ping", status: 200, text: /^ok$/ },
    { path: "/readyz?verbose", status: 200, text: /^\[\+\]ping ok\nreadyz check passed\n$/ },
    { path: "/livez/etcd", status: 404, text: /NotFound/ },
    { path: "/version", status: 200, text: /"minor":"32"/ },
    { path: "/version/", status: 200, text: /"minor":"32"/ },
    { path: "/metrics", status: 404, text: /NotFound/ },
  ];

for (const { path, status, text } of cases)
  test(`GET ${path}`, async () => {
    const { plane } = openTestPlane();
    const response = await plane.transport(new Request(`https://cluster${path}`));
    assert.equal(response.status, status);
    assert.match(await response.text(), text);
  });

for (const path of ["/version", "/api", "/apis/apps/v1", "/openapi/v3", "/healthz"])
  test(`only GET is for ${path}`, async () => {
    const { call } = openTestPlane();
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, body } = await call(method, path);
      assert.deepEqual([status, body.reason], [405, "MethodNotAllowed"], method);
    }
  });

test("nobody can be impersonated, and it is said rather than passed over", async () => {
  const { call } = openTestPlane();
  const headers = { "impersonate-user": "somebody" };
  const { status, body } = await call("GET", "/api/v1/pods", undefined, headers);
  assert.equal(status, 403);
  assert.match(body.message, /^users "somebody" is forbidden: impersonation is not served/);
});
