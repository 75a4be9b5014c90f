// What the API server asks of whoever runs the pods, beyond what goes through objects: logs, commands
// in containers, connections to ports, and what is used of the machine.
import type { Duplex, Readable, Writable } from "node:stream";
import type { Pod } from "../../resources/pod.ts";

export type NodeAccess = {
  /** Rejects with an ApiProblem (400 "container … is waiting to start", say). */
  readLog(
    pod: Pod,
    options: PodLogOptions,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
  /** Throws a NodeProblem when the command cannot be run: the container does not, say. */
  exec(pod: Pod, options: ExecOptions): CommandRun;
  /** Joins the container's own process. Throws a NodeProblem when it does not run. */
  attach(pod: Pod, options: AttachOptions): CommandRun;
  /** Rejects, with an Error in words for the user, when nothing listens there. */
  connect(pod: Pod, port: number): Promise<Duplex>;
  /** Pods without a running process are left out. */
  usage(): Promise<readonly PodUsage[]>;
};

/** The answer is the node's own words, as plain text: a kubelet's are no Status. */
export class NodeProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NodeProblem";
  }
}

export type PodLogOptions = {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** Milliseconds since the Unix epoch. */
  readonly sinceTimeMs?: number;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
  /** Both when absent. */
  readonly stream?: "stdout" | "stderr";
};

export type AttachOptions = { readonly container: string } & Wants;
export type ExecOptions = AttachOptions & { readonly command: readonly string[] };

/** With a terminal there is no stderr: everything comes through stdout. */
export type Wants = {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
};

export type TerminalSize = { readonly columns: number; readonly rows: number };

/** Those that were wanted. Outputs are not ended by whoever writes them, for the others may go on. */
export type CommandStreams = {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** Calls back with each size of the client's terminal. */
  readonly onResize?: (listener: (size: TerminalSize) => void) => void;
};

/**
 * Resolves with the exit code when all output has been handed over; rejects in words for the user when
 * it could not be run. The signal aborts when the client is gone: everything ends then.
 */
export type CommandRun = (streams: CommandStreams, signal: AbortSignal) => Promise<number>;

/** What the running containers of a pod had used by `atMs`. */
export type PodUsage = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly atMs: number;
  readonly containers: readonly ContainerUsage[];
};

export type ContainerUsage = {
  readonly name: string;
  /** A later one is another run, whose processor time begins at zero. */
  readonly startedAtMs: number;
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
};
