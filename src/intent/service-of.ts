// The Service of a predictor: port 80 of a stable name, before the pods' first port.
import type { Deployment } from "../resources/deployment.ts";
import type { ContainerPort } from "../resources/pod.ts";
import type { Service, ServicePort } from "../resources/service.ts";
import { childMetadata } from "./component.ts";
import type { Component } from "./component.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";

export function serviceOf(
  component: Component,
  deployment: Deployment,
  config: InferenceServiceConfig,
): Service {
  const ports = deployment.spec.template.spec.containers[0]?.ports ?? [];
  const [first, ...others] = ports;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMetadata(component),
    spec: {
      selector: component.selector,
      ports: first
        ? [
            servicePort(first, component.name, 80),
            ...others.map((port) => servicePort(port, `${component.name}-${port.containerPort}`)),
          ]
        : [{ name: component.name, port: 80, targetPort: 8080, protocol: "TCP" }],
      ...(config.service.serviceClusterIPNone && { clusterIP: "None" }),
    },
  };
}

function servicePort(
  { name, containerPort, protocol }: ContainerPort,
  fallbackName: string,
  port = containerPort,
): ServicePort {
  const http2 = name !== undefined && /^(?:grpc|h2c)/.test(name);
  return {
    name: name ?? fallbackName,
    port,
    targetPort: containerPort,
    protocol: protocol ?? "TCP",
    ...(http2 && { appProtocol: "kubernetes.io/h2c" }),
  };
}
