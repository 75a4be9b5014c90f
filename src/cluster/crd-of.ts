// placeholder until resources has it
import type { CustomResourceDefinition } from "../resources/custom-resource-definition.ts";
import type { Kind } from "../resources/kind.ts";
export function crdOf(kind: Kind): CustomResourceDefinition {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      names: {
        plural: kind.plural,
        singular: kind.singular,
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        ...(kind.shortNames && { shortNames: kind.shortNames }),
        ...(kind.categories && { categories: kind.categories }),
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: kind.schema },
          subresources: {
            ...(kind.subresources?.status && { status: {} }),
            ...(kind.subresources?.scale && { scale: kind.subresources.scale }),
          },
          additionalPrinterColumns: kind.columns,
        },
      ],
    },
  };
}
