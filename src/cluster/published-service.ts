// Services for what runs in the cluster's own process and has no pod, such as Prometheus: a Service
// without a selector, and the slice that says where it is reached.
import { isAlreadyExists, type KubeClient } from "../kube/client.ts";
import { endpointSliceKind, serviceNameLabel } from "../resources/endpoint-slice.ts";
import { namespaceKind } from "../resources/namespace.ts";
import { serviceKind } from "../resources/service.ts";

export type PublishedService = {
  readonly namespace: string;
  readonly name: string;
  /** What clients of the Service use. */
  readonly port: number;
  /** Where it listens. */
  readonly address: string;
  readonly targetPort: number;
  /** "http" unless it says otherwise. */
  readonly portName?: string;
  /** Any free one unless it says otherwise. */
  readonly clusterIP?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

/** Makes what is missing, the namespace included, and brings what an earlier run left up to date. */
export async function publishService(client: KubeClient, service: PublishedService): Promise<void> {
  const { namespace, name, port, address, targetPort, clusterIP, labels = {} } = service;
  const { portName = "http" } = service;
  const metadata = { name, namespace };
  const ports = [{ name: portName, port, targetPort, protocol: "TCP" }];
  const spec = { ports, ...(clusterIP !== undefined && { clusterIP, clusterIPs: [clusterIP] }) };
  const where = {
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: portName, port: targetPort, protocol: "TCP" }],
  };
  await orElse(
    () =>
      client.create(namespaceKind, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace },
      }),
    () => Promise.resolve(),
  );
  await orElse(
    () =>
      client.create(serviceKind, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { ...metadata, labels },
        spec,
      }),
    () => client.patch(serviceKind, metadata, { spec }),
  );
  await orElse(
    () =>
      client.create(endpointSliceKind, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { ...metadata, labels: { [serviceNameLabel]: name, ...labels } },
        addressType: "IPv4",
        ...where,
      }),
    () => client.patch(endpointSliceKind, metadata, where),
  );
}

async function orElse(
  create: () => Promise<unknown>,
  update: () => Promise<unknown>,
): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await update();
  }
}
