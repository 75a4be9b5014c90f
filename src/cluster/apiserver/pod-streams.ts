// exec, attach and port-forward as the query asks for them: which pod, container and streams, before
// any protocol has been chosen.
import type { Duplex } from "node:stream";
import type { Pod } from "../../resources/pod.ts";
import { badRequest } from "../api-status.ts";
import type { CommandRun, NodeAccess, Wants } from "./node-access.ts";
import { containerOf } from "./pod-container.ts";
import { booleanParameter } from "./request-path.ts";

export type PodStream =
  | { readonly kind: "command"; readonly wants: Wants; readonly run: CommandRun }
  | {
      readonly kind: "ports";
      /** Named in the query by clients that cannot open streams of their own. */
      readonly ports: readonly number[];
      /** Rejects, in words for the user, when nothing listens there. */
      readonly connect: (port: number) => Promise<Duplex>;
    };

const streamSubresources = ["exec", "attach", "portforward"] as const;
export type StreamSubresource = (typeof streamSubresources)[number];

export function isStreamSubresource(name: string | undefined): name is StreamSubresource {
  return streamSubresources.some((one) => one === name);
}

/** Throws an ApiProblem for a query that makes no sense, a NodeProblem where the node refuses. */
export function podStream(
  pod: Pod,
  subresource: StreamSubresource,
  query: URLSearchParams,
  node: NodeAccess,
): PodStream {
  if (!pod.spec.nodeName)
    throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  if (subresource === "portforward")
    return { kind: "ports", ports: portsOf(query), connect: (port) => node.connect(pod, port) };
  const container = containerOf(pod, query.get("container"));
  const wants = wantsOf(query);
  if (subresource === "attach")
    return { kind: "command", wants, run: node.attach(pod, { container, ...wants }) };
  const command = query.getAll("command");
  if (command.length === 0) throw badRequest("you must specify at least one command for exec");
  return { kind: "command", wants, run: node.exec(pod, { container, command, ...wants }) };
}

/** What a client asks of the stream, in the form that admission webhooks are shown. */
export function streamOptions(subresource: StreamSubresource, query: URLSearchParams): object {
  const apiVersion = "v1";
  if (subresource === "portforward")
    return { kind: "PodPortForwardOptions", apiVersion, ports: portsOf(query) };
  const container = query.get("container");
  const wanted = ["stdin", "stdout", "stderr", "tty"].filter((name) =>
    booleanParameter(query, name),
  );
  return {
    kind: subresource === "exec" ? "PodExecOptions" : "PodAttachOptions",
    apiVersion,
    ...Object.fromEntries(wanted.map((name) => [name, true])),
    ...(container !== null && { container }),
    ...(subresource === "exec" && { command: query.getAll("command") }),
  };
}

function wantsOf(query: URLSearchParams): Wants {
  const wanted = (name: string): boolean => booleanParameter(query, name);
  const [stdin, stdout, stderr, tty] = [
    wanted("stdin"),
    wanted("stdout"),
    wanted("stderr"),
    wanted("tty"),
  ];
  if (!stdin && !stdout && !stderr)
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  return { stdin, stdout, stderr: stderr && !tty, tty };
}

function portsOf(query: URLSearchParams): readonly number[] {
  const texts = query.getAll("ports").flatMap((list) => list.split(","));
  return texts.map((text) => {
    const port = parsePort(text);
    if (port === undefined)
      throw badRequest(`invalid value for the query parameter ports: "${text}"`);
    return port;
  });
}

/** Undefined for what is no port number. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
