// What an Ingress asks for and does not get here, in words for its author. Pure.
import type { Ingress } from "../../resources/ingress.ts";

export type UnservedField = { readonly reason: string; readonly message: string };

/** `address` is where the front door is reached. */
export function unservedFields(
  { metadata, spec }: Ingress,
  address: string,
): readonly UnservedField[] {
  const tls = spec.tls?.length
    ? [
        {
          reason: "TLSNotSupported",
          message: `spec.tls is not served: this front door speaks plain HTTP only, at http://${address}`,
        },
      ]
    : [];
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ];
  const resources = backends.some((backend) => backend && !backend.service)
    ? [
        {
          reason: "ResourceBackendNotSupported",
          message: "backend.resource is not served: name a Service with backend.service",
        },
      ]
    : [];
  // Orders to some ingress controller; the class alone means none here, as every class is served.
  const orders = Object.keys(metadata.annotations ?? {}).filter(
    (name) =>
      /(?:^|\.)ingress\.kubernetes\.io\//.test(name) || /^(?:traefik|haproxy|konghq)\./.test(name),
  );
  const annotations = orders.length
    ? [
        {
          reason: "AnnotationNotSupported",
          message: `these annotations have no effect here: ${orders.toSorted().join(", ")}`,
        },
      ]
    : [];
  return [...tls, ...resources, ...annotations];
}
