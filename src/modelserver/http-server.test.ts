import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { tutorialQwen } from "../inference/profiles.ts";
import { VirtualClock } from "../lib/virtual-clock.ts";
import { wallClock } from "../lib/wall-clock.ts";
import { type ApiRequest, type Handler, jsonResponse } from "./http-message.ts";
import { HttpServer } from "./http-server.ts";
import { ModelServer } from "./model-server.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

/** Requests go over one connection that is kept alive, as a gateway's do. */
async function serve(t: TestContext, handler: Handler) {
  const lines: string[] = [];
  const clock = new VirtualClock();
  const server = new HttpServer({
    handler,
    clock,
    log: (line) => lines.push(line),
    quietPaths: new Set(["/quiet"]),
    maxBodyBytes: 100,
  });
  const port = await server.listen("127.0.0.1", 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => {
    agent.destroy();
    server.close();
  });
  const open = (path: string, body = "", method = "POST"): ClientRequest => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, agent });
    outgoing.end(body);
    return outgoing;
  };
  const ask = async (path: string, body?: string, method?: string) => {
    const [incoming] = (await once(open(path, body, method), "response")) as [IncomingMessage];
    return { incoming, body: await text(incoming) };
  };
  return { server, clock, lines, open, ask, port };
}

const echo: Handler = ({ method, path, body }) => jsonResponse(200, { method, path, body });

test("bodies and answers pass, and one line a request is logged, but not of probes", async (t) => {
  const { ask, lines } = await serve(t, async (request) => {
    return { ...(await echo(request)), tokens: () => 7 };
  });
  const { incoming, body } = await ask("/a?b=c", "hello");
  assert.equal(incoming.statusCode, 200);
  assert.equal(incoming.headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(body), { method: "POST", path: "/a", body: "hello" });
  await ask("/quiet", "", "GET");
  assert.equal((await ask("/a", "", "HEAD")).body, "");
  assert.deepEqual(lines, ["POST /a 200 7 tokens 0.000 s", "HEAD /a 200 7 tokens 0.000 s"]);
});

test("a body beyond the limit is refused, and the connection lives on", async (t) => {
  const { ask } = await serve(t, echo);
  const { incoming, body } = await ask("/", "x".repeat(1_000_000));
  assert.equal(incoming.statusCode, 413);
  assert.match(body, /exceeds 100 bytes/);
  assert.equal((await ask("/", "x")).incoming.statusCode, 200);
});

test("a handler that throws is a 500 whose cause is in the log alone", async (t) => {
  const { ask, lines } = await serve(t, () => {
    throw new Error("the cat sat on it");
  });
  const { incoming, body } = await ask("/");
  assert.equal(incoming.statusCode, 500);
  assert.doesNotMatch(body, /cat/);
  assert.match(lines.join("\n"), /the cat sat on it/);
});

test("the handler's signal aborts when the client is gone", async (t) => {
  const handling = Promise.withResolvers<ApiRequest>();
  const gone = Promise.withResolvers<void>();
  const { open, lines } = await serve(t, async (request) => {
    handling.resolve(request);
    await once(request.signal, "abort");
    gone.resolve();
    return jsonResponse(503, {});
  });
  const outgoing = open("/long");
  outgoing.on("error", () => {});
  await handling.promise;
  outgoing.destroy();
  await gone.promise;
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(lines.join(), /^POST \/long - .*client gone/);
});

test("draining finishes what runs, answers open connections once more, then ends", async (t) => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  async function* twoHalves(): AsyncGenerator<string> {
    yield "one ";
    started.resolve();
    await gate.promise;
    yield "two";
  }
  const { server, clock, ask, port } = await serve(t, (request) =>
    request.path === "/stream"
      ? { status: 200, contentType: "text/plain", body: twoHalves() }
      : echo(request),
  );
  const stream = ask("/stream");
  await started.promise;
  let drained = false;
  const draining = server.drain().then(() => (drained = true));
  const refused = request({ host: "127.0.0.1", port });
  const [error] = (await once(refused.end(), "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");
  await clock.advance(60_000);
  assert.equal(drained, false);
  gate.resolve();
  assert.equal((await stream).body, "one two");
  const late = await ask("/late");
  assert.equal(late.incoming.statusCode, 200);
  assert.equal(late.incoming.headers.connection, "close");
  while (!drained) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(100);
  }
  await draining;
});

test("over a real socket: a stream arrives in pieces, and leaving it frees the slot", async (t) => {
  const profile = { ...tutorialQwen, step: { ...tutorialQwen.step, baseMs: 2, perDecodeMs: 0 } };
  const server = new ModelServer({
    clock: wallClock,
    log: () => {},
    makeEngine: (observe) => new SimulatedEngine({ profile, clock: wallClock, seed: 1, observe }),
    modelNames: ["qwen"],
    modelRoot: "qwen",
    engineReason: "",
  });
  const port = await server.listen("127.0.0.1", 0);
  t.after(() => server.close());
  const url = `http://127.0.0.1:${port}`;
  const running = async (): Promise<string | undefined> => {
    const page = await (await fetch(`${url}/metrics`)).text();
    return /^vllm:num_requests_running\{.*\} (\d+)$/m.exec(page)?.[1];
  };
  const body = { model: "qwen", prompt: "Once", stream: true, ignore_eos: true };
  const complete = (tokens: number, signal?: AbortSignal) =>
    fetch(`${url}/openai/v1/completions`, {
      method: "POST",
      body: JSON.stringify({ ...body, max_tokens: tokens }),
      ...(signal ? { signal } : {}),
    });

  const whole = await (await complete(10)).text();
  assert.equal(whole.match(/^data: /gm)?.length, 10 + 1 + 1);
  assert.ok(whole.endsWith("data: [DONE]\n\n"));
  assert.equal(await running(), "0");

  const leaving = new AbortController();
  const endless = await complete(30_000, leaving.signal);
  await endless.body?.getReader().read();
  assert.equal(await running(), "1");
  leaving.abort();
  while ((await running()) !== "0") await new Promise((resolve) => setImmediate(resolve));
});
