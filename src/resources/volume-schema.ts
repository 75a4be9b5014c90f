// The schema of a pod's volumes. The types that manifests of today use are spelled out; those that
// Kubernetes has deprecated are taken as they are.
import { fieldReferenceSchema, resourceFieldReferenceSchema } from "./container-schema.ts";
import {
  labelSelectorSchema,
  localReferenceSchema,
  objectMetaSchema,
} from "./object-meta-schema.ts";
import {
  anyObject,
  atomic,
  boolean,
  int32,
  int64,
  list,
  map,
  object,
  quantity,
  string,
  type Schema,
} from "./schema.ts";

const keyToPath = object({ key: string, path: string, mode: int32 }, "key", "path");

const downwardItem = object(
  {
    path: string,
    fieldRef: fieldReferenceSchema,
    resourceFieldRef: resourceFieldReferenceSchema,
    mode: int32,
  },
  "path",
);

const projectedSource = object({
  configMap: object({ name: string, items: list(keyToPath), optional: boolean }),
  secret: object({ name: string, items: list(keyToPath), optional: boolean }),
  downwardAPI: object({ items: list(downwardItem) }),
  serviceAccountToken: object({ audience: string, expirationSeconds: int64, path: string }, "path"),
  clusterTrustBundle: object(
    {
      name: string,
      signerName: string,
      labelSelector: labelSelectorSchema,
      optional: boolean,
      path: string,
    },
    "path",
  ),
  podCertificate: object(
    {
      signerName: string,
      keyType: string,
      maxExpirationSeconds: int32,
      credentialBundlePath: string,
      keyPath: string,
      certificateChainPath: string,
      userAnnotations: map(string),
    },
    "signerName",
    "keyType",
  ),
});

const claimTemplate = object(
  {
    metadata: objectMetaSchema,
    spec: object({
      accessModes: list(string),
      selector: labelSelectorSchema,
      resources: object({ limits: map(quantity), requests: map(quantity) }),
      volumeName: string,
      storageClassName: string,
      volumeMode: string,
      dataSource: atomic(object({ apiGroup: string, kind: string, name: string }, "kind", "name")),
      dataSourceRef: object(
        { apiGroup: string, kind: string, name: string, namespace: string },
        "kind",
        "name",
      ),
      volumeAttributesClassName: string,
    }),
  },
  "spec",
);

const deprecatedTypes = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "glusterfs",
  "iscsi",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
] as const;

export const volumeSchema: Schema = object(
  {
    name: string,
    emptyDir: object({ medium: string, sizeLimit: quantity }),
    configMap: object({
      name: string,
      items: list(keyToPath),
      defaultMode: int32,
      optional: boolean,
    }),
    secret: object({
      secretName: string,
      items: list(keyToPath),
      defaultMode: int32,
      optional: boolean,
    }),
    persistentVolumeClaim: object({ claimName: string, readOnly: boolean }, "claimName"),
    hostPath: object({ path: string, type: string }, "path"),
    downwardAPI: object({ items: list(downwardItem), defaultMode: int32 }),
    projected: object({ sources: list(projectedSource), defaultMode: int32 }),
    nfs: object({ server: string, path: string, readOnly: boolean }, "server", "path"),
    csi: object(
      {
        driver: string,
        fsType: string,
        readOnly: boolean,
        nodePublishSecretRef: localReferenceSchema,
        volumeAttributes: map(string),
      },
      "driver",
    ),
    ephemeral: object({ volumeClaimTemplate: claimTemplate }),
    image: object({ reference: string, pullPolicy: string }),
    ...Object.fromEntries(deprecatedTypes.map((type) => [type, anyObject])),
  },
  "name",
);
