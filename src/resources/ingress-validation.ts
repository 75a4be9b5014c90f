// What is wrong with an Ingress that fits its schema.
import { invalid, notSupported, required, type Cause } from "./cause.ts";
import type { Ingress, IngressBackend, IngressPath } from "./ingress.ts";
import { ipProblems } from "./ip-syntax.ts";
import {
  dns1035LabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portProblems,
} from "./label-syntax.ts";

export function validateIngress({ spec }: Ingress): readonly Cause[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  return [
    ...(ingressClassName === undefined ? [] : dnsSubdomainProblems(ingressClassName)).map(
      (problem) => invalid("spec.ingressClassName", ingressClassName, problem),
    ),
    ...tls.flatMap(({ hosts = [], secretName = "" }, index) => [
      ...hosts.flatMap((host, at) => validateHost(host, `spec.tls[${index}].hosts[${at}]`)),
      ...(secretName === "" ? [] : dnsSubdomainProblems(secretName)).map((problem) =>
        invalid(`spec.tls[${index}].secretName`, secretName, problem),
      ),
    ]),
    ...(rules.length === 0 && !defaultBackend
      ? [invalid("spec", [], "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...(defaultBackend ? validateBackend(defaultBackend, "spec.defaultBackend") : []),
    ...rules.flatMap(({ host, http }, index) => [
      ...validateHost(host, `spec.rules[${index}].host`),
      ...(http?.paths.length === 0 ? [required(`spec.rules[${index}].http.paths`)] : []),
      ...(http?.paths ?? []).flatMap((path, at) =>
        validatePath(path, `spec.rules[${index}].http.paths[${at}]`),
      ),
    ]),
  ];
}

function validateHost(host: string | undefined, field: string): readonly Cause[] {
  if (!host) return [];
  if (ipProblems(host).length === 0)
    return [invalid(field, host, "must be a DNS name, not an IP address")];
  // One leading wildcard label is allowed.
  return dnsSubdomainProblems(host.replace(/^\*\./, "")).map((problem) =>
    invalid(field, host, problem),
  );
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

function validatePath({ path = "", pathType, backend }: IngressPath, field: string) {
  const causes: Cause[] = [];
  if (!pathTypes.includes(pathType))
    causes.push(notSupported(`${field}.pathType`, pathType, pathTypes));
  else if (pathType !== "ImplementationSpecific" || path !== "") {
    if (!path.startsWith("/"))
      causes.push(invalid(`${field}.path`, path, "must be an absolute path"));
    for (const end of ["/..", "/."])
      if (path.endsWith(end) && pathType !== "ImplementationSpecific")
        causes.push(invalid(`${field}.path`, path, `cannot end with '${end}'`));
    for (const part of ["//", "/./", "/../", "%2f", "%2F"])
      if (path.includes(part) && pathType !== "ImplementationSpecific")
        causes.push(invalid(`${field}.path`, path, `must not contain '${part}'`));
  }
  return [...causes, ...validateBackend(backend, `${field}.backend`)];
}

function validateBackend(backend: IngressBackend, field: string): readonly Cause[] {
  const { service, resource } = backend;
  if (service && resource)
    return [invalid(field, "", "cannot set both resource and service backends")];
  if (!service)
    return resource ? [] : [invalid(field, "", "resource or service backend is required")];
  const { number, name } = service.port ?? {};
  return [
    ...(service.name === ""
      ? [required(`${field}.service.name`)]
      : dns1035LabelProblems(service.name).map((problem) =>
          invalid(`${field}.service.name`, service.name, problem),
        )),
    ...(!number && !name ? [required(field, "port name or number is required")] : []),
    ...(number && name ? [invalid(field, "", "cannot set both port name & port number")] : []),
    ...(name && !number ? portNameProblems(name) : []).map((problem) =>
      invalid(`${field}.service.port.name`, name, problem),
    ),
    ...(number ? portProblems(number) : []).map((problem) =>
      invalid(`${field}.service.port.number`, number, problem),
    ),
  ];
}
