import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { keepAliveGet } from "./http-get.ts";
import { jobDefaults, type HttpSettings } from "./scrape-job.ts";

async function listen(t: TestContext, handler: RequestListener) {
  const server = createServer(handler);
  const connections = new Set<unknown>();
  server.on("connection", (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, connections };
}

const getter = (settings: Partial<HttpSettings> = {}) => {
  const get = keepAliveGet({ ...jobDefaults.http, ...settings });
  const options = { timeoutMs: 1500, maxBytes: 1000, signal: new AbortController().signal };
  return async (url: string) => {
    const { body, contentType } = await get(url, options);
    return { text: body.toString(), contentType };
  };
};

test("pages come over one connection that is kept, with Prometheus' request headers", async (t) => {
  const asked: unknown[] = [];
  const { origin, connections } = await listen(t, ({ headers }, response) => {
    asked.push(headers);
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end('x{a="é"} 1\n');
  });
  const get = getter();
  const page = { text: 'x{a="é"} 1\n', contentType: "text/plain; version=0.0.4" };
  assert.deepEqual(await get(`${origin}/metrics`), page);
  assert.deepEqual(await get(`${origin}/metrics`), page);
  assert.equal(connections.size, 1);
  assert.deepEqual(asked[0], {
    accept:
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "accept-encoding": "gzip",
    connection: "keep-alive",
    host: origin.slice("http://".length),
    "user-agent": "dunlin",
    "x-prometheus-scrape-timeout-seconds": "1.5",
  });
});

test("a compressed page is inflated, but not beyond the limit", async (t) => {
  const { origin } = await listen(t, ({ url }, response) => {
    response.setHeader("content-encoding", "gzip");
    if (url === "/good") response.end(gzipSync("x 1\n"));
    else if (url === "/bomb") response.end(gzipSync(Buffer.alloc(50_000_000)));
    else response.end("not gzip");
  });
  const get = getter();
  assert.equal((await get(`${origin}/good`)).text, "x 1\n");
  await assert.rejects(get(`${origin}/bomb`), { message: "body size limit exceeded" });
  await assert.rejects(get(`${origin}/bad`), /invalid gzip/);
});

test("a target that sends without end is cut off", async (t) => {
  let sent = 0;
  const { origin } = await listen(t, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && sent < 100_000_000) {
        sent += 65_536;
        if (!response.write(Buffer.alloc(65_536, 0x61))) return void response.once("drain", more);
      }
    };
    more();
  });
  await assert.rejects(getter()(origin), { message: "body size limit exceeded" });
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
});

test("other answers than 200 are told", async (t) => {
  const { origin } = await listen(t, ({ url }, response) => {
    if (url === "/zip") response.writeHead(200, { "content-encoding": "br" }).end("x");
    else response.writeHead(503).end("not yet");
  });
  await assert.rejects(getter()(origin), {
    message: "server returned HTTP status 503 Service Unavailable",
  });
  await assert.rejects(getter()(`${origin}/zip`), { message: "unsupported Content-Encoding br" });
});

test("redirects are followed, unless the job says otherwise, and not for ever", async (t) => {
  const { origin } = await listen(t, ({ url }, response) => {
    if (url === "/there") response.end("x 1\n");
    else response.writeHead(302, { location: url === "/loop" ? "/loop" : "/there" }).end();
  });
  assert.equal((await getter()(`${origin}/here`)).text, "x 1\n");
  await assert.rejects(getter({ followRedirects: false })(`${origin}/here`), {
    message: "server returned HTTP status 302 Found",
  });
  await assert.rejects(getter()(`${origin}/loop`), { message: "stopped after 10 redirects" });
});

test("secrets are sent, those in files as they are now, and not to where a redirect leads", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dunlin-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "token");
  const seen: (string | undefined)[] = [];
  const other = await listen(t, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.end();
  });
  const { origin } = await listen(t, ({ headers, url }, response) => {
    seen.push(headers.authorization);
    if (url === "/away") response.writeHead(307, { location: other.origin }).end();
    else response.end();
  });
  const get = getter({
    authorization: { kind: "credentials", type: "Bearer", credentials: { file } },
  });
  writeFileSync(file, "one\n");
  await get(origin);
  writeFileSync(file, "two");
  await get(`${origin}/away`);
  const basic = { kind: "basic", username: { text: "me" }, password: { text: "p:w" } } as const;
  await getter({ authorization: basic })(origin);
  assert.deepEqual(seen, ["Bearer one", "Bearer two", undefined, "Basic bWU6cDp3"]);
  rmSync(file);
  await assert.rejects(get(origin), /ENOENT/);
});

test("a connection that the server closed while it was idle is replaced without a failure", async (t) => {
  const used = new WeakSet();
  let requests = 0;
  const { origin } = await listen(t, (request, response) => {
    requests++;
    if (used.has(request.socket)) request.socket.destroy();
    else response.end("x 1\n");
    used.add(request.socket);
  });
  const get = getter();
  assert.equal((await get(origin)).text, "x 1\n");
  assert.equal((await get(origin)).text, "x 1\n");
  assert.equal(requests, 3);
});

test("aborting ends a request that hangs", async (t) => {
  const { origin } = await listen(t, () => {});
  const get = keepAliveGet(jobDefaults.http);
  const abort = new AbortController();
  const page = get(origin, { timeoutMs: 100, maxBytes: 0, signal: abort.signal });
  abort.abort();
  await assert.rejects(page, { name: "AbortError" });
});
