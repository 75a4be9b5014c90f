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
};

/** Makes what is missing, the namespace included, and brings what an earlier run left up to date. */
export async function publishService(
  client: KubeClient,
  { namespace, name, port, address, targetPort }: PublishedService,
): Promise<void> {
  const metadata = { name, namespace };
  const ports = [{ name: "http", port, targetPort, protocol: "TCP" }];
  const where = {
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "http", port: targetPort, protocol: "TCP" }],
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
      client.create(serviceKind, { apiVersion: "v1", kind: "Service", metadata, spec: { ports } }),
    () => client.patch(serviceKind, metadata, { spec: { ports } }),
  );
  await orElse(
    () =>
      client.create(endpointSliceKind, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { ...metadata, labels: { [serviceNameLabel]: name } },
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
