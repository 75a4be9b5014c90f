// What a service wants to exist, on the manifest that people bring along, and what is said about it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClusterStorageContainer } from "../resources/cluster-storage-container.ts";
import type { InferenceService, Predictor } from "../resources/inference-service.ts";
import { conditionOf } from "../resources/object.ts";
import { childrenOf } from "./children.ts";
import type { Children } from "./children.ts";

type Strings = Readonly<Record<string, string>>;

const scraping: Strings = {
  "serving.kserve.io/enable-prometheus-scraping": "true",
  "prometheus.io/scrape": "true",
  "prometheus.io/path": "/metrics",
  "prometheus.io/port": "8080",
  "prometheus.io/scheme": "http",
};
const raw = "serving.kserve.io/deploymentMode";
const autoscalerClass = "serving.kserve.io/autoscalerClass";

const predictor: Predictor = {
  model: {
    modelFormat: { name: "huggingface" },
    args: ["--model_name=qwen"],
    storageUri: "hf://Qwen/Qwen2.5-0.5B-Instruct",
    resources: {
      limits: { cpu: "2", memory: "6Gi", "nvidia.com/gpu": "1" },
      requests: { cpu: "1", memory: "4Gi", "nvidia.com/gpu": "1" },
    },
  },
  minReplicas: 1,
  maxReplicas: 5,
  autoScaling: {
    metrics: [
      {
        type: "External",
        external: {
          metric: {
            backend: "prometheus",
            serverAddress: "http://prometheus.istio-system.svc.cluster.local:9090",
            query: "vllm:num_requests_running",
          },
          target: { type: "Value", value: "2" },
        },
      },
    ],
  },
};

function qwen(
  over: Partial<Predictor> = {},
  annotations: Strings = {},
  labels?: Strings,
): InferenceService {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: {
      name: "huggingface-qwen",
      namespace: "default",
      uid: "1234",
      ...(labels && { labels }),
      annotations: {
        [raw]: "RawDeployment",
        [autoscalerClass]: "keda",
        ...scraping,
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        ...annotations,
      },
    },
    spec: { predictor: { ...predictor, ...over } },
  };
}

function childrenOfQwen(
  service = qwen(),
  config?: Strings,
  storageContainers: readonly ClusterStorageContainer[] = [],
): Children {
  const result = childrenOf(service, { config, storageContainers });
  if (result.kind === "invalid") assert.fail(JSON.stringify(result.causes));
  return result;
}

const hub: ClusterStorageContainer = {
  apiVersion: "serving.kserve.io/v1alpha1",
  kind: "ClusterStorageContainer",
  metadata: { name: "hf-hub" },
  spec: {
    container: {
      name: "storage-initializer",
      image: "kserve/storage-initializer:latest",
      env: [
        {
          name: "HF_TOKEN",
          valueFrom: { secretKeyRef: { name: "hf-secret", key: "HF_TOKEN", optional: false } },
        },
      ],
      resources: {
        requests: { memory: "2Gi", cpu: "1" },
        limits: { memory: "4Gi", cpu: "1" },
      },
    },
    supportedUriFormats: [{ prefix: "hf://" }],
  },
};

const name = "huggingface-qwen-predictor";
const labels = {
  app: "isvc.huggingface-qwen-predictor",
  "serving.kserve.io/inferenceservice": "huggingface-qwen",
  component: "predictor",
};
const annotations = {
  "prometheus.kserve.io/port": "8080",
  "prometheus.kserve.io/path": "/metrics",
  [raw]: "RawDeployment",
  [autoscalerClass]: "keda",
  ...scraping,
};
const ownerReferences = [
  {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    name: "huggingface-qwen",
    uid: "1234",
    controller: true,
    blockOwnerDeletion: true,
  },
];
const metadata = { name, namespace: "default", labels, annotations, ownerReferences };

describe("the manifest with a Prometheus metric", () => {
  const children = childrenOfQwen(qwen(), undefined, [hub]);

  test("becomes a Deployment whose replicas are left to the scaler", () => {
    assert.deepEqual(children.deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: { app: "isvc.huggingface-qwen-predictor" } },
        template: {
          metadata: { labels, annotations },
          spec: {
            initContainers: [
              {
                name: "storage-initializer",
                image: "kserve/storage-initializer:latest",
                args: ["hf://Qwen/Qwen2.5-0.5B-Instruct", "/mnt/models"],
                env: [
                  {
                    name: "HF_TOKEN",
                    valueFrom: {
                      secretKeyRef: { name: "hf-secret", key: "HF_TOKEN", optional: false },
                    },
                  },
                  { name: "HF_HUB_ENABLE_HF_TRANSFER", value: "1" },
                  { name: "HF_XET_HIGH_PERFORMANCE", value: "1" },
                  { name: "HF_XET_NUM_CONCURRENT_RANGE_GETS", value: "8" },
                ],
                resources: {
                  requests: { cpu: "1", memory: "2Gi" },
                  limits: { cpu: "1", memory: "4Gi" },
                },
                terminationMessagePolicy: "FallbackToLogsOnError",
                volumeMounts: [{ name: "kserve-provision-location", mountPath: "/mnt/models" }],
              },
            ],
            containers: [
              {
                name: "kserve-container",
                image: "kserve/huggingfaceserver:latest-gpu",
                imagePullPolicy: "IfNotPresent",
                args: ["--model_name=huggingface-qwen", "--model_name=qwen"],
                env: [
                  { name: "LMCACHE_USE_EXPERIMENTAL", value: "True" },
                  { name: "INFERENCE_SERVICE_NAME", value: "huggingface-qwen" },
                ],
                resources: predictor.model?.resources,
                volumeMounts: [
                  { name: "devshm", mountPath: "/dev/shm" },
                  { name: "kserve-provision-location", mountPath: "/mnt/models", readOnly: true },
                ],
                readinessProbe: {
                  tcpSocket: { port: 8080 },
                  timeoutSeconds: 1,
                  periodSeconds: 10,
                  successThreshold: 1,
                  failureThreshold: 3,
                },
              },
            ],
            volumes: [
              { name: "devshm", emptyDir: { medium: "Memory" } },
              { name: "kserve-provision-location", emptyDir: {} },
            ],
            terminationGracePeriodSeconds: 30,
          },
        },
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
        },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
    });
  });

  test("becomes a Service from port 80 to 8080", () => {
    assert.deepEqual(children.service, {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        selector: { app: "isvc.huggingface-qwen-predictor" },
        ports: [{ name, port: 80, targetPort: 8080, protocol: "TCP" }],
      },
    });
  });

  test("becomes a ScaledObject with an explicit query over its own pods", () => {
    assert.deepEqual(children.scaledObject, {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata,
      spec: {
        scaleTargetRef: { name },
        minReplicaCount: 1,
        maxReplicaCount: 5,
        triggers: [
          {
            type: "prometheus",
            metadata: {
              serverAddress: "http://prometheus.istio-system.svc.cluster.local:9090",
              query:
                'sum(vllm:num_requests_running{namespace="default",' +
                'pod=~"huggingface-qwen-predictor-[a-z0-9]+-[a-z0-9]{5}"})',
              threshold: "2",
            },
            metricType: "AverageValue",
          },
        ],
        advanced: {
          horizontalPodAutoscalerConfig: {
            behavior: {
              scaleUp: { stabilizationWindowSeconds: 0 },
              scaleDown: { stabilizationWindowSeconds: 300 },
            },
          },
        },
      },
    });
  });

  test("becomes an Ingress for both of its hosts", () => {
    const http = {
      paths: [
        {
          path: "/",
          pathType: "Prefix" as const,
          backend: { service: { name, port: { number: 80 } } },
        },
      ],
    };
    assert.deepEqual(children.ingress, {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { ...metadata, name: "huggingface-qwen" },
      spec: {
        ingressClassName: "istio",
        rules: [
          { host: "huggingface-qwen-default.example.com", http },
          { host: "huggingface-qwen-predictor-default.example.com", http },
        ],
      },
    });
    assert.deepEqual(children.urls, {
      url: "http://huggingface-qwen-default.example.com",
      address: "http://huggingface-qwen-predictor.default.svc.cluster.local",
      predictor: "http://huggingface-qwen-predictor-default.example.com",
    });
  });

  test("is told how its metric was read", () => {
    assert.equal(children.servingRuntime, "kserve-huggingfaceserver");
    assert.deepEqual(children.conditions, [
      {
        type: "dunlin.dev/AutoscalerSupported",
        status: "True",
        reason: "ScaledObject",
        message: "autoscalerClass keda: scaled by a ScaledObject",
      },
      {
        type: "dunlin.dev/MetricsUnderstood",
        status: "True",
        reason: "Understood",
        message:
          "vllm:num_requests_running keeps pod: scaled by its sum over this service's pods, " +
          "2 per replica (target type Value read as an average)",
      },
    ]);
  });
});

describe("autoscaler classes", () => {
  const cases: readonly {
    readonly name: string;
    readonly service: InferenceService;
    readonly replicas?: number;
    readonly says: string;
  }[] = [
    {
      name: "hpa is said to be missing",
      service: qwen({}, { [autoscalerClass]: "hpa" }),
      says: "False HorizontalPodAutoscalerNotSupported",
    },
    {
      name: "external leaves the count alone",
      service: qwen({}, { [autoscalerClass]: "external" }),
      says: "True External",
    },
    {
      name: "none pins the count to the minimum",
      service: qwen({ minReplicas: 2 }, { [autoscalerClass]: "none" }),
      replicas: 2,
      says: "True Fixed",
    },
    {
      name: "the predictor's own annotation wins",
      service: qwen({ annotations: { [autoscalerClass]: "none" } }),
      replicas: 1,
      says: "True Fixed",
    },
  ];
  for (const { name: title, service, replicas, says } of cases)
    test(title, () => {
      const { scaledObject, deployment, conditions } = childrenOfQwen(service);
      assert.equal(scaledObject, undefined);
      assert.equal(deployment.spec.replicas, replicas);
      const told = conditionOf(conditions, "dunlin.dev/AutoscalerSupported");
      assert.equal(`${told?.status} ${told?.reason}`, says);
    });
});

describe("the ScaledObject's bounds and behavior", () => {
  const specOf = (over: Partial<Predictor>, config?: Strings) => {
    const { scaledObject } = childrenOfQwen(qwen(over), config);
    assert.ok(scaledObject);
    return scaledObject.spec;
  };

  test("an absent minimum is one, and the maximum is no less than the minimum", () => {
    const { minReplicas: _, ...rest } = predictor;
    const service = { ...qwen(), spec: { predictor: { ...rest, maxReplicas: 0 } } };
    const { scaledObject } = childrenOfQwen(service);
    assert.equal(scaledObject?.spec.minReplicaCount, 1);
    assert.equal(scaledObject?.spec.maxReplicaCount, 1);
    assert.equal(specOf({ minReplicas: 7, maxReplicas: 5 }).maxReplicaCount, 7);
  });

  test("windows come from the ConfigMap, and the service's own win", () => {
    const config = {
      autoscaler: JSON.stringify({
        scaleUpStabilizationWindowSeconds: "5",
        scaleDownStabilizationWindowSeconds: "20",
      }),
    };
    const behaviorOf = (over: Partial<Predictor>) =>
      specOf(over, config).advanced?.horizontalPodAutoscalerConfig?.behavior;
    assert.deepEqual(behaviorOf({}), {
      scaleUp: { stabilizationWindowSeconds: 5 },
      scaleDown: { stabilizationWindowSeconds: 20 },
    });
    const policies = [{ type: "Pods" as const, value: 1, periodSeconds: 60 }];
    const scaleDown = { stabilizationWindowSeconds: 60, policies };
    const autoScaling = { ...predictor.autoScaling, behavior: { scaleDown } };
    assert.deepEqual(behaviorOf({ autoScaling }), {
      scaleUp: { stabilizationWindowSeconds: 5 },
      scaleDown: { stabilizationWindowSeconds: 60, policies },
    });
  });

  test("a minimum of zero is taken, and said to be a sleep without waking", () => {
    const { scaledObject, conditions } = childrenOfQwen(qwen({ minReplicas: 0 }));
    assert.equal(scaledObject?.spec.minReplicaCount, 0);
    assert.equal(conditionOf(conditions, "dunlin.dev/WakesFromZero")?.status, "False");
  });

  test("a metric that is not understood stops the autoscaler, and a condition names it", () => {
    const metric = predictor.autoScaling?.metrics?.[0];
    assert.ok(metric?.external);
    const withQuery = (query: string) => ({
      ...metric,
      external: { ...metric.external, metric: { ...metric.external?.metric, query } },
    });
    const autoScaling = { metrics: [metric, withQuery("sum by (model_name) (x)")] };
    const { scaledObject, conditions } = childrenOfQwen(qwen({ autoScaling }));
    assert.equal(scaledObject, undefined);
    assert.equal(
      conditionOf(conditions, "dunlin.dev/MetricsUnderstood")?.message,
      "spec.predictor.autoScaling.metrics[1].external.metric.query: it returns groups by model_name " +
        "without pod; add pod to the labels, or sum over all of them",
    );
  });

  test("no metric at all is told, too", () => {
    const { scaledObject, conditions } = childrenOfQwen(qwen({ autoScaling: {} }));
    assert.equal(scaledObject, undefined);
    assert.equal(conditionOf(conditions, "dunlin.dev/MetricsUnderstood")?.status, "False");
  });
});

describe("the pod", () => {
  const podOf = (over: Partial<Predictor>) =>
    childrenOfQwen(qwen(over)).deployment.spec.template.spec;

  test("without a GPU runs the plain image, with the runtime's resources filled in", () => {
    const model = { modelFormat: { name: "huggingface" }, resources: { limits: { cpu: "4" } } };
    const [container] = podOf({ model }).containers;
    assert.equal(container?.image, "kserve/huggingfaceserver:latest");
    assert.deepEqual(container?.resources, {
      requests: { cpu: "1", memory: "2Gi" },
      limits: { cpu: "4", memory: "2Gi" },
    });
    assert.deepEqual(container?.args, ["--model_name=huggingface-qwen"]);
    assert.equal(podOf({ model }).initContainers, undefined);
  });

  test("takes the version that is asked for, and leaves an image of the user's own alone", () => {
    const model = { ...predictor.model, modelFormat: { name: "huggingface" } };
    const imageOf = (more: object) => podOf({ model: { ...model, ...more } }).containers[0]?.image;
    assert.equal(imageOf({ runtimeVersion: "v0.15" }), "kserve/huggingfaceserver:v0.15-gpu");
    assert.equal(imageOf({ image: "mine/vllm:1" }), "mine/vllm:1");
  });

  test("keeps what stands inline in the predictor", () => {
    const pod = podOf({
      nodeSelector: { zone: "a" },
      logger: {},
      serviceAccountName: "loader",
      containers: [{ name: "proxy", image: "proxy:1" }],
    });
    assert.deepEqual(pod.nodeSelector, { zone: "a" });
    assert.equal(pod.serviceAccountName, "loader");
    assert.deepEqual(
      pod.containers.map((container) => container.name),
      ["kserve-container", "proxy"],
    );
    assert.equal("minReplicas" in pod, false);
    assert.equal("autoScaling" in pod, false);
    assert.equal("logger" in pod, false);
  });

  test("follows the container's own port, in its probe and in the Service", () => {
    const model = { modelFormat: { name: "huggingface" }, ports: [{ containerPort: 9000 }] };
    const { deployment, service } = childrenOfQwen(qwen({ model }));
    const [container] = deployment.spec.template.spec.containers;
    assert.deepEqual(container?.readinessProbe?.tcpSocket, { port: 9000 });
    assert.equal(service.spec.ports?.[0]?.port, 80);
    assert.equal(service.spec.ports?.[0]?.targetPort, 9000);
  });
});

describe("what is wrong with a service", () => {
  const model = predictor.model;
  assert.ok(model);
  const cases: readonly {
    readonly name: string;
    readonly service: InferenceService;
    readonly config?: Strings;
    readonly says: string;
  }[] = [
    {
      name: "an unknown model format names what exists",
      service: qwen({ model: { ...model, modelFormat: { name: "onnx" } } }),
      says: 'spec.predictor.model.modelFormat.name: Unsupported value: "onnx": supported values: "huggingface"',
    },
    {
      name: "an unknown runtime names what exists",
      service: qwen({ model: { ...model, runtime: "mine" } }),
      says: 'spec.predictor.model.runtime: Unsupported value: "mine": supported values: "kserve-huggingfaceserver"',
    },
    {
      name: "an unknown autoscaler class names what exists",
      service: qwen({}, { [autoscalerClass]: "kpa" }),
      says: 'metadata.annotations[serving.kserve.io/autoscalerClass]: Unsupported value: "kpa": supported values: "hpa", "external", "keda", "none"',
    },
    {
      name: "another deployment mode is not served",
      service: qwen({}, { [raw]: "Knative" }),
      says: 'metadata.annotations[serving.kserve.io/deploymentMode]: Unsupported value: "Knative": supported values: "Standard", "RawDeployment"',
    },
    {
      name: "a storage scheme that nobody fetches",
      service: qwen({ model: { ...model, storageUri: "ftp://a/b" } }),
      says: 'spec.predictor.model.storageUri: Invalid value: "ftp://a/b": no ClusterStorageContainer supports it, and it is none of hf://, gs://, s3://, http://, https://, hdfs://, webhdfs://, file://, a path',
    },
    {
      name: "several URIs, which nobody fetches yet",
      service: qwen({ model: { ...model, storageUris: [{ uri: "hf://a/b" }] } }),
      says: "spec.predictor.model.storageUris: Forbidden: is not supported yet; use storageUri",
    },
    {
      name: "neither a model nor a container",
      service: { ...qwen(), spec: { predictor: {} } },
      says: "spec.predictor.model: Required value: give a model, or a container named kserve-container",
    },
    {
      name: "a host name that is too long",
      service: {
        ...qwen(),
        metadata: { name: "a".repeat(45), namespace: "b".repeat(20), annotations: {} },
      },
      says: `metadata.name: Invalid value: "${"a".repeat(45)}": its host name ${"a".repeat(45)}-${"b".repeat(20)}.example.com is no domain name; no part may exceed 63 characters`,
    },
  ];
  for (const { name: title, service, config, says } of cases)
    test(title, () => {
      const result = childrenOf(service, { config, storageContainers: [] });
      assert.equal(result.kind, "invalid");
      const told = result.causes.map(({ field, message }) => `${field}: ${message}`);
      assert.deepEqual(told, [says]);
    });
});

describe("the ConfigMap", () => {
  test("sets the domain of the hosts", () => {
    const ingress = JSON.stringify({
      ingressDomain: "models.test",
      domainTemplate: "{{ .Name }}.{{ .Labels.team }}.{{ .IngressDomain }}",
      urlScheme: "https",
    });
    const { urls } = childrenOfQwen(qwen({}, {}, { team: "blue" }), { ingress });
    assert.equal(urls.url, "https://huggingface-qwen.blue.models.test");
  });

  test("may keep services inside the cluster", () => {
    const config = { ingress: JSON.stringify({ disableIngressCreation: true }) };
    assert.equal(childrenOfQwen(qwen(), config).ingress, undefined);
    const local = qwen({}, {}, { "networking.kserve.io/visibility": "cluster-local" });
    assert.equal(childrenOfQwen(local).ingress, undefined);
  });

  test("that is malformed is told by its key, and the defaults hold", () => {
    const { conditions, urls } = childrenOfQwen(qwen(), { ingress: "{", autoscaler: "[]" });
    assert.equal(urls.url, "http://huggingface-qwen-default.example.com");
    const told = conditionOf(conditions, "dunlin.dev/ConfigUnderstood");
    assert.equal(told?.status, "False");
    assert.match(told.message ?? "", /ingress is no JSON: .*; autoscaler must be a JSON object/);
  });
});

test("enable-prometheus-scraping leaves the port where the manifest has it", () => {
  const { deployment } = childrenOfQwen();
  const { annotations = {} } = deployment.spec.template.metadata ?? {};
  assert.equal(annotations["serving.kserve.io/enable-prometheus-scraping"], "true");
  assert.equal(annotations["prometheus.io/port"], "8080");
});
