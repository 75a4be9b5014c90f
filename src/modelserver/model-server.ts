// One model server: an engine, its metrics and the HTTP server in front of it, wired together.
import type { Clock } from "../lib/clock.ts";
import { completionsHandler } from "./completions.ts";
import type { Engine, EngineEvent } from "./engine.ts";
import type { Handler } from "./http-message.ts";
import { HttpServer } from "./http-server.ts";
import { routes } from "./routes.ts";
import { vllmMetrics } from "./vllm-metrics.ts";

export type ModelServerOptions = {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Called once; `observe` is how the engine's events reach the metrics. */
  readonly makeEngine: (observe: (event: EngineEvent) => void) => Engine;
  /** The names that requests may ask for; the first one labels the metrics. */
  readonly modelNames: readonly string[];
  readonly modelRoot: string;
  /** Which engine runs, and why, in a sentence. */
  readonly engineReason: string;
};

/** What probes and scrapers ask for every second; logged only when it fails. */
const quietPaths = new Set(["/", "/health", "/metrics", "/v2/health/live", "/v2/health/ready"]);
/** 8 MiB: a prompt of a million tokens, and then some. */
const maxBodyBytes = 8 * 1024 * 1024;

export class ModelServer {
  readonly #engine: Engine;
  readonly #http: HttpServer;
  readonly handler: Handler;

  constructor(options: ModelServerOptions) {
    const { clock, log, modelNames } = options;
    const metrics = vllmMetrics(modelNames[0] ?? "");
    const engine = options.makeEngine((event) => metrics.observe(event));
    this.#engine = engine;
    this.handler = routes({
      chat: completionsHandler("chat", { engine, clock, modelNames }),
      completions: completionsHandler("text", { engine, clock, modelNames }),
      metrics: () => metrics.render(engine.load()),
      modelNames,
      modelRoot: options.modelRoot,
      maxModelLen: engine.maxModelLen,
      createdSeconds: Math.floor(clock.nowMs() / 1000),
      engine: options.engineReason,
    });
    this.#http = new HttpServer({ handler: this.handler, clock, log, quietPaths, maxBodyBytes });
  }

  /** Resolves with the port once requests are taken; rejects when the address cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return this.#http.listen(host, port);
  }

  /** Finishes what runs, takes no new connections, and resolves when the last answer is sent. */
  async drain(): Promise<void> {
    await this.#http.drain();
    this.#engine.close();
  }

  /** Ends everything now. */
  close(): void {
    this.#engine.close();
    this.#http.close();
  }
}
