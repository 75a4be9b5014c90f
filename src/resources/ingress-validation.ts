// What is wrong with an Ingress that fits its schema.
import { invalid, notSupported, required, type Cause } from "./cause.ts";
import type { Ingress, IngressBackend, IngressPath } from "./ingress.ts";
import { dns1035LabelProblems, dnsSubdomainProblems, portProblems } from "./label-syntax.ts";

export function validateIngress({ spec }: Ingress): readonly Cause[] {
  const { rules = [], defaultBackend } = spec;
  return [
    ...(rules.length === 0 && !defaultBackend
      ? [invalid("spec", [], "either `defaultBackend` or `rules` must be specified")]
      : []),
    ...(defaultBackend ? validateBackend(defaultBackend, "spec.defaultBackend") : []),
    ...rules.flatMap(({ host, http }, index) => [
      ...validateHost(host, `spec.rules[${index}].host`),
      ...(http?.paths ?? []).flatMap((path, at) =>
        validatePath(path, `spec.rules[${index}].http.paths[${at}]`),
      ),
    ]),
  ];
}

function validateHost(host: string | undefined, field: string): readonly Cause[] {
  if (!host) return [];
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
    for (const part of ["//", "/./", "/../", "%2f", "%2F"])
      if (path.includes(part) && pathType !== "ImplementationSpecific")
        causes.push(invalid(`${field}.path`, path, `must not contain '${part}'`));
  }
  return [...causes, ...validateBackend(backend, `${field}.backend`)];
}

function validateBackend(backend: IngressBackend, field: string): readonly Cause[] {
  const { service } = backend;
  if (!service) return "resource" in backend ? [] : [required(`${field}.service`)];
  const { number, name } = service.port ?? {};
  return [
    ...(service.name === ""
      ? [required(`${field}.service.name`)]
      : dns1035LabelProblems(service.name).map((problem) =>
          invalid(`${field}.service.name`, service.name, problem),
        )),
    ...(!number && !name
      ? [required(`${field}.service.port`, "port name or number is required")]
      : []),
    ...(number ? portProblems(number) : []).map((problem) =>
      invalid(`${field}.service.port.number`, number, problem),
    ),
  ];
}
