// One probe of one container: connect, ask over HTTP, or run a command, and say how it went in the
// words of Kubernetes' Unhealthy events. It counts nothing and repeats nothing.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import type { Container, Probe } from "../../resources/pod.ts";
import type { CommandResult } from "./container-command.ts";

export type ProbeOutcome =
  | { readonly kind: "success" }
  | { readonly kind: "failure"; readonly message: string };

export type ProbeTarget = {
  readonly address: string;
  readonly container: Pick<Container, "ports">;
  /** Runs a command as the container would; kills it when the signal aborts. */
  readonly exec: (command: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
};

const success: ProbeOutcome = { kind: "success" };
const failure = (message: string): ProbeOutcome => ({ kind: "failure", message });

/** Never rejects: whatever goes wrong is a failure of the probe. An abort counts as a timeout. */
export async function probeOnce(
  probe: Probe,
  target: ProbeTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const timeout = new AbortController();
  const cancel = clock.after((probe.timeoutSeconds ?? 1) * 1000, () => timeout.abort());
  const either = AbortSignal.any([signal, timeout.signal]);
  try {
    return await attempt(probe, target, either);
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error));
  } finally {
    cancel();
  }
}

async function attempt(
  probe: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  if (probe.httpGet) return get(probe.httpGet, target, signal);
  if (probe.tcpSocket) {
    const port = portNumber(probe.tcpSocket.port, target.container);
    return dial(probe.tcpSocket.host ?? target.address, port, signal);
  }
  if (probe.exec) return run(probe.exec.command ?? [], target, signal);
  if (probe.grpc)
    return failure("gRPC probes are not supported here; probe with tcpSocket, httpGet or exec");
  return failure("missing probe handler");
}

function dial(host: string, port: number, signal: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome: ProbeOutcome) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(outcome);
    };
    const onAbort = () => finish(failure(`dial tcp ${host}:${port}: i/o timeout`));
    socket.once("connect", () => finish(success));
    socket.once("error", (error) => finish(failure(dialError(error, host, port))));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

async function get(
  action: HttpAction,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const code = await httpStatus(action, target, signal);
  const good = code >= 200 && code < 400;
  return good ? success : failure(`HTTP probe failed with statuscode: ${code}`);
}

type HttpAction = NonNullable<Probe["httpGet"]>;

/** The status of the answer to a GET. Rejects, in the words of a kubelet, when there is none. */
export function httpStatus(
  action: HttpAction,
  { address, container }: ProbeTarget,
  signal: AbortSignal,
): Promise<number> {
  const secure = action.scheme?.toUpperCase() === "HTTPS";
  const host = action.host ?? address;
  const port = portNumber(action.port, container);
  const path = `/${(action.path ?? "/").replace(/^\//, "")}`;
  const url = `${secure ? "https" : "http"}://${host}:${port}${path}`;
  const headers: Record<string, string> = { "user-agent": "kube-probe/1.32", accept: "*/*" };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise((resolve, reject) => {
    const send = secure ? httpsRequest : httpRequest;
    // A connection of its own each time: a probe asks whether new clients are served.
    const options = { headers, agent: false, signal, rejectUnauthorized: false };
    const request = send(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on("error", (error) => {
      const reason = signal.aborted
        ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        : dialError(error, host, port);
      reject(new Error(`Get "${url}": ${reason}`, { cause: error }));
    });
    request.end();
  });
}

async function run(
  command: readonly string[],
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const { exitCode, output } = await target.exec(command, signal);
  if (signal.aborted) return failure(`command timed out: "${command.join(" ")}"`);
  return exitCode === 0 ? success : failure(output.trim() || `command exited with ${exitCode}`);
}

/** Throws for a name that no port of the container has. */
function portNumber(port: number | string, { ports }: Pick<Container, "ports">): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  const named = ports?.find((candidate) => candidate.name === port);
  if (!named) throw new Error(`couldn't find port: "${port}" in the container's ports`);
  return named.containerPort;
}

function dialError(error: NodeJS.ErrnoException, host: string, port: number): string {
  const reason = error.code === "ECONNREFUSED" ? "connect: connection refused" : error.message;
  return `dial tcp ${host}:${port}: ${reason}`;
}
