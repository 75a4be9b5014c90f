// What benchmarks run beside themselves, in a thread of its own: the server that they compare with, and
// a watcher whose event loop is not the server's.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { benchClient, markOf } from "./api-client.ts";

export type WorkerRole =
  /** Sends back what it is sent; posts its port. */
  | { readonly role: "echo"; readonly key: string; readonly cert: string }
  /** Posts once that it watches, then each mark with the time of its coming, in ms since 1970. */
  | { readonly role: "watch"; readonly kubeconfig: string; readonly path: string };

// The benchmark that starts this thread hands it one of these.
const given = workerData as WorkerRole;
switch (given.role) {
  case "echo": {
    const server = createServer(given, (incoming, outgoing) => incoming.pipe(outgoing));
    server.listen(0, "127.0.0.1", () => {
      parentPort?.postMessage((server.address() as AddressInfo).port);
    });
    break;
  }
  case "watch": {
    await benchClient(given.kubeconfig, 1).watch(given.path, (line) => {
      const atMs = performance.timeOrigin + performance.now();
      const mark = markOf(line);
      if (mark !== undefined) parentPort?.postMessage({ mark: Number(mark), atMs });
    });
    parentPort?.postMessage("watching");
    break;
  }
}
