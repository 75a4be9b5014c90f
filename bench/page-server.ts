// A process of its own that stands for many vLLM servers: each at a loopback address of its own, all at
// one port, with a page whose values change. It prints the port, and ends with its standard input.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { vllmPage } from "./vllm-page.ts";

/** The address of one of them. */
export const pageAddress = (index: number): string => `127.77.${index >> 8}.${(index & 255) + 1}`;

if (import.meta.main) {
  const count = Number(process.argv[2]);
  const pages = Array.from({ length: 8 }, (_, round) => Buffer.from(vllmPage(round)));
  let asked = 0;
  const answer: RequestListener = (_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(pages[Math.floor(asked++ / count) % pages.length]);
  };
  const listen = (host: string, port: number): Promise<number> =>
    new Promise((resolve) => {
      const server = createServer({ keepAliveTimeout: 60_000 }, answer);
      server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
    });
  const port = await listen(pageAddress(0), 0);
  for (let index = 1; index < count; index++) await listen(pageAddress(index), port);
  process.stdout.write(`${port}\n`);
  process.stdin.resume().once("end", () => process.exit());
}
