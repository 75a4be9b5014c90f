// The host names of a service, and the Ingress that leads from them to its predictor.
import { invalid } from "../resources/cause.ts";
import type { Cause } from "../resources/cause.ts";
import type { Ingress, IngressPath } from "../resources/ingress.ts";
import { controllerReference } from "../resources/object.ts";
import type { Component } from "./component.ts";
import { renderTemplate } from "./go-template.ts";
import type { InferenceServiceConfig } from "./inference-service-config.ts";

export type Urls = {
  /** `status.url`: through the ingress, by host name. */
  readonly url: string;
  /** `status.address.url`: within the cluster. */
  readonly address: string;
  /** `status.components.predictor.url`. */
  readonly predictor: string;
};

export type IngressResult =
  | {
      readonly kind: "ingress";
      readonly urls: Urls;
      /** Undefined for a service that is not to be reached from outside. */
      readonly ingress: Ingress | undefined;
    }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

/** Both hosts, the service's and its predictor's, lead to the Service of the predictor. */
export function ingressOf(
  component: Component,
  { ingress: config }: InferenceServiceConfig,
): IngressResult {
  const { service, name, namespace } = component;
  const { metadata } = service;
  const host = hostOf(metadata.name, component, config);
  const predictorHost = hostOf(name, component, config);
  if (host.kind === "invalid") return host;
  if (predictorHost.kind === "invalid") return predictorHost;
  const urls: Urls = {
    url: `${config.urlScheme}://${host.text}`,
    address: `http://${name}.${namespace}.svc.cluster.local`,
    predictor: `http://${predictorHost.text}`,
  };
  const isLocal =
    config.disableIngressCreation ||
    config.ingressDomain === "svc.cluster.local" ||
    metadata.labels?.["networking.kserve.io/visibility"] === "cluster-local";
  if (isLocal) return { kind: "ingress", urls, ingress: undefined };

  const path: IngressPath = {
    path: "/",
    pathType: "Prefix",
    backend: { service: { name, port: { number: 80 } } },
  };
  const hosts = [host.text, predictorHost.text];
  return {
    kind: "ingress",
    urls,
    ingress: {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: metadata.name,
        namespace,
        labels: component.labels,
        annotations: component.annotations,
        ownerReferences: [controllerReference(service)],
      },
      spec: {
        ingressClassName: config.ingressClassName,
        rules: hosts.map((one) => ({ host: one, http: { paths: [path] } })),
      },
    },
  };
}

type HostResult =
  | { readonly kind: "host"; readonly text: string }
  | { readonly kind: "invalid"; readonly causes: readonly Cause[] };

function hostOf(
  name: string,
  { service, namespace }: Component,
  { domainTemplate, ingressDomain }: InferenceServiceConfig["ingress"],
): HostResult {
  const { labels = {}, annotations = {} } = service.metadata;
  const fields = { Labels: labels, Annotations: annotations, IngressDomain: ingressDomain };
  const rendered = renderTemplate(domainTemplate, { ...fields, Name: name, Namespace: namespace });
  if (rendered.kind === "malformed") {
    const detail = `the ingress.domainTemplate of inferenceservice-config: ${rendered.message}`;
    return { kind: "invalid", causes: [invalid("metadata.name", service.metadata.name, detail)] };
  }
  const { text } = rendered;
  const isDomain =
    text.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.|$))+$/.test(text);
  if (isDomain && !text.endsWith(".")) return { kind: "host", text };
  const detail = `its host name ${text} is no domain name; no part may exceed 63 characters`;
  return { kind: "invalid", causes: [invalid("metadata.name", service.metadata.name, detail)] };
}
