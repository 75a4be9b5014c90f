// Lays one container over another as a strategic merge patch does: lists of named things join by
// their key, maps join, everything else is replaced.
import type { Container, EnvVar, ResourceRequirements } from "../resources/pod.ts";

/** `over` wins. Its args replace those of `base`, too; who wants both concatenates them. */
export function mergeContainer(base: Container, over: Partial<Container>): Container {
  const env = joined(base.env, over.env, ({ name }) => name);
  const volumeMounts = joined(base.volumeMounts, over.volumeMounts, ({ mountPath }) => mountPath);
  const ports = joined(base.ports, over.ports, (port) => `${port.containerPort}/${port.protocol}`);
  const resources = mergeResources(base.resources, over.resources);
  return {
    ...base,
    ...over,
    ...(env && { env }),
    ...(volumeMounts && { volumeMounts }),
    ...(ports && { ports }),
    ...(resources && { resources }),
  };
}

/** Adds the variables whose names are not taken yet. */
export function withEnvDefaults(container: Container, defaults: readonly EnvVar[]): Container {
  const taken = new Set(container.env?.map(({ name }) => name));
  const env = [...(container.env ?? []), ...defaults.filter(({ name }) => !taken.has(name))];
  return { ...container, env };
}

function mergeResources(
  base: ResourceRequirements | undefined,
  over: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  if (!base || !over) return over ?? base;
  const requests = { ...base.requests, ...over.requests };
  const limits = { ...base.limits, ...over.limits };
  return {
    ...over,
    ...(Object.keys(requests).length > 0 && { requests }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

function joined<T>(
  base: readonly T[] | undefined,
  over: readonly T[] | undefined,
  keyOf: (item: T) => string,
): readonly T[] | undefined {
  if (!base || !over) return over ?? base;
  const replaced = new Map(over.map((item) => [keyOf(item), item]));
  const kept = base.map((item) => replaced.get(keyOf(item)) ?? item);
  const known = new Set(base.map(keyOf));
  return [...kept, ...over.filter((item) => !known.has(keyOf(item)))];
}
