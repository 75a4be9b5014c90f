// Whether the ports that a pod will listen on are free at its address. A program of this machine that
// listens on all addresses has them at every pod's: the pod could not listen, and whoever probes or
// calls it would reach that program instead.
import { connect } from "node:net";
import type { Container, Probe } from "../../resources/pod.ts";

/** The first of the ports at which something answers; undefined when all are free. */
export async function takenPort(
  address: string,
  ports: readonly number[],
): Promise<number | undefined> {
  const answers = await Promise.all(ports.map((port) => answersAt(address, port)));
  return ports.find((_, index) => answers[index]);
}

/** The TCP ports that the containers declare or are probed at by number. */
export function portsOf(containers: readonly Container[]): readonly number[] {
  const ports = containers.flatMap(({ livenessProbe, ports: declared = [], ...rest }) => [
    ...declared
      .filter(({ protocol = "TCP" }) => protocol === "TCP")
      .map(({ containerPort }) => containerPort),
    ...[rest.readinessProbe, rest.startupProbe, livenessProbe].map(probedPort),
  ]);
  const numbers = ports.filter((port): port is number => typeof port === "number");
  return [...new Set(numbers)];
}

function probedPort(probe: Probe | undefined): number | string | undefined {
  if (!probe) return undefined;
  const { httpGet, tcpSocket } = probe;
  const action = httpGet ?? tcpSocket;
  // A probe of another host says nothing of the pod's own ports.
  return action?.host === undefined ? action?.port : undefined;
}

/** A loopback address answers or refuses at once, so that no timeout is needed. */
function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
