// The variables that tell a container of the Services of its namespace, as Kubernetes gives them. The names
// say a Service's port, the values where it is reached: below 1024 these differ. Pure.
import type { Service, ServicePort } from "../../resources/service.ts";
import { mappedPort } from "./service-ports.ts";

export function serviceLinks(services: readonly Service[]): Readonly<Record<string, string>> {
  const links = services
    .filter(({ spec }) => spec.type !== "ExternalName" && /^\d/.test(spec.clusterIP ?? ""))
    .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
    .map(linksOf);
  return Object.assign({}, ...links);
}

function linksOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const name = variableName(metadata.name);
  const host = spec.clusterIP ?? "";
  const ports = spec.ports ?? [];
  const [first] = ports;
  if (!first) return {};
  const reached = (port: number): string => String(mappedPort(port));
  const named = ports.flatMap((port) =>
    port.name
      ? [[`${name}_SERVICE_PORT_${variableName(port.name)}`, reached(port.port)] as const]
      : [],
  );
  return {
    [`${name}_SERVICE_HOST`]: host,
    [`${name}_SERVICE_PORT`]: reached(first.port),
    ...Object.fromEntries(named),
    [`${name}_PORT`]: urlOf(host, first),
    ...Object.assign({}, ...ports.map((port) => portLinks(name, host, port))),
  };
}

/** In the form that Docker's links had. */
function portLinks(
  name: string,
  host: string,
  port: ServicePort,
): Readonly<Record<string, string>> {
  const { protocol = "TCP" } = port;
  const prefix = `${name}_PORT_${port.port}_${protocol}`;
  return {
    [prefix]: urlOf(host, port),
    [`${prefix}_PROTO`]: protocol.toLowerCase(),
    [`${prefix}_PORT`]: String(mappedPort(port.port)),
    [`${prefix}_ADDR`]: host,
  };
}

const urlOf = (host: string, { port, protocol = "TCP" }: ServicePort): string =>
  `${protocol.toLowerCase()}://${host}:${mappedPort(port)}`;

const variableName = (name: string): string => name.toUpperCase().replaceAll("-", "_");
