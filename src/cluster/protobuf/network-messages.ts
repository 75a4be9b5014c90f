// Service, its endpoints in both forms, and Ingress.
import { metadata, type Messages } from "./message.ts";

export const networkMessages: Messages = {
  Service: {
    1: metadata,
    2: ["spec", "ServiceSpec"],
    3: ["status", "ServiceStatus"],
  },
  ServiceSpec: {
    1: ["ports", "ServicePort", "list"],
    2: ["selector", "string", "map"],
    3: ["clusterIP", "string"],
    4: ["type", "string"],
    5: ["externalIPs", "string", "list"],
    7: ["sessionAffinity", "string"],
    8: ["loadBalancerIP", "string"],
    9: ["loadBalancerSourceRanges", "string", "list"],
    10: ["externalName", "string"],
    11: ["externalTrafficPolicy", "string"],
    12: ["healthCheckNodePort", "int"],
    13: ["publishNotReadyAddresses", "bool"],
    14: ["sessionAffinityConfig", "SessionAffinityConfig", "pointer"],
    17: ["ipFamilyPolicy", "string", "pointer"],
    18: ["clusterIPs", "string", "list"],
    19: ["ipFamilies", "string", "list"],
    20: ["allocateLoadBalancerNodePorts", "bool", "pointer"],
    21: ["loadBalancerClass", "string", "pointer"],
    22: ["internalTrafficPolicy", "string", "pointer"],
    23: ["trafficDistribution", "string", "pointer"],
  },
  ServicePort: {
    1: ["name", "string"],
    2: ["protocol", "string"],
    3: ["port", "int", "always"],
    4: ["targetPort", "intOrString"],
    5: ["nodePort", "int"],
    6: ["appProtocol", "string", "pointer"],
  },
  SessionAffinityConfig: {
    1: ["clientIP", "ClientIPConfig", "pointer"],
  },
  ClientIPConfig: {
    1: ["timeoutSeconds", "int", "pointer"],
  },
  ServiceStatus: {
    1: ["loadBalancer", "LoadBalancerStatus"],
    2: ["conditions", "Condition", "list"],
  },
  LoadBalancerStatus: {
    1: ["ingress", "LoadBalancerIngress", "list"],
  },
  LoadBalancerIngress: {
    1: ["ip", "string"],
    2: ["hostname", "string"],
    3: ["ipMode", "string", "pointer"],
    4: ["ports", "PortStatus", "list"],
  },
  PortStatus: {
    1: ["port", "int", "always"],
    2: ["protocol", "string", "always"],
    3: ["error", "string", "pointer"],
  },
  Endpoints: {
    1: metadata,
    2: ["subsets", "EndpointSubset", "list"],
  },
  EndpointSubset: {
    1: ["addresses", "EndpointAddress", "list"],
    2: ["notReadyAddresses", "EndpointAddress", "list"],
    3: ["ports", "EndpointPort", "list"],
  },
  EndpointAddress: {
    1: ["ip", "string", "always"],
    2: ["targetRef", "ObjectReference", "pointer"],
    3: ["hostname", "string"],
    4: ["nodeName", "string", "pointer"],
  },
  EndpointPort: {
    1: ["name", "string"],
    2: ["port", "int", "always"],
    3: ["protocol", "string"],
    4: ["appProtocol", "string", "pointer"],
  },
  EndpointSlice: {
    1: metadata,
    2: ["endpoints", "Endpoint", "list"],
    3: ["ports", "EndpointSlicePort", "list"],
    4: ["addressType", "string", "always"],
  },
  Endpoint: {
    1: ["addresses", "string", "list"],
    2: ["conditions", "EndpointConditions"],
    3: ["hostname", "string", "pointer"],
    4: ["targetRef", "ObjectReference", "pointer"],
    5: ["deprecatedTopology", "string", "map"],
    6: ["nodeName", "string", "pointer"],
    7: ["zone", "string", "pointer"],
    8: ["hints", "EndpointHints", "pointer"],
  },
  EndpointConditions: {
    1: ["ready", "bool", "pointer"],
    2: ["serving", "bool", "pointer"],
    3: ["terminating", "bool", "pointer"],
  },
  EndpointHints: {
    1: ["forZones", "ForZone", "list"],
    2: ["forNodes", "ForNode", "list"],
  },
  ForZone: { 1: ["name", "string", "always"] },
  ForNode: { 1: ["name", "string", "always"] },
  EndpointSlicePort: {
    1: ["name", "string", "pointer"],
    2: ["protocol", "string", "pointer"],
    3: ["port", "int", "pointer"],
    4: ["appProtocol", "string", "pointer"],
  },
  Ingress: {
    1: metadata,
    2: ["spec", "IngressSpec"],
    3: ["status", "IngressStatus"],
  },
  IngressSpec: {
    1: ["defaultBackend", "IngressBackend", "pointer"],
    2: ["tls", "IngressTLS", "list"],
    3: ["rules", "IngressRule", "list"],
    4: ["ingressClassName", "string", "pointer"],
  },
  IngressBackend: {
    3: ["resource", "TypedLocalObjectReference", "pointer"],
    4: ["service", "IngressServiceBackend", "pointer"],
  },
  IngressServiceBackend: {
    1: ["name", "string", "always"],
    2: ["port", "ServiceBackendPort"],
  },
  ServiceBackendPort: {
    1: ["name", "string"],
    2: ["number", "int"],
  },
  IngressTLS: {
    1: ["hosts", "string", "list"],
    2: ["secretName", "string"],
  },
  IngressRule: {
    1: ["host", "string"],
    2: ["", "IngressRuleValue", "inline"],
  },
  IngressRuleValue: {
    1: ["http", "HTTPIngressRuleValue", "pointer"],
  },
  HTTPIngressRuleValue: {
    1: ["paths", "HTTPIngressPath", "list"],
  },
  HTTPIngressPath: {
    1: ["path", "string"],
    2: ["backend", "IngressBackend"],
    3: ["pathType", "string", "pointer"],
  },
  IngressStatus: {
    1: ["loadBalancer", "IngressLoadBalancerStatus"],
  },
  IngressLoadBalancerStatus: {
    1: ["ingress", "IngressLoadBalancerIngress", "list"],
  },
  IngressLoadBalancerIngress: {
    1: ["ip", "string"],
    2: ["hostname", "string"],
    4: ["ports", "PortStatus", "list"],
  },
};
