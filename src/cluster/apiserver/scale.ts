// The scale subresource: the replica count of a kind that has one, read and written by the paths
// that the kind (or its CRD) names.
import { isJsonObject } from "../../lib/json.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import type { ScalePaths } from "../../resources/kind.ts";
import type { KubeObject, LabelSelector } from "../../resources/object.ts";
import type { Scale } from "../../resources/scale.ts";
import { formatSelector, selectorOf } from "../../resources/selector.ts";
import { badRequest, invalidObject } from "../api-status.ts";
import type { Resource } from "../resource-catalog.ts";

export function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const replicas = valueAt(object, paths.specReplicasPath);
  const current = valueAt(object, paths.statusReplicasPath);
  const selector =
    paths.labelSelectorPath === undefined
      ? ""
      : selectorText(valueAt(object, paths.labelSelectorPath));
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    // As upstream sends it: a count of zero is left out.
    spec: typeof replicas === "number" && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: typeof current === "number" ? current : 0,
      ...(selector !== "" && { selector }),
    },
  };
}

/**
 * The object with the replica count of `scale`, and with its resourceVersion to be checked. Throws 400
 * for what is no Scale, or one of another object.
 */
export function withScale(object: KubeObject, paths: ScalePaths, scale: unknown): KubeObject {
  const wanted = isJsonObject(scale) ? scale : {};
  requireScaleOf(object, wanted);
  const spec = isJsonObject(wanted["spec"]) ? wanted["spec"] : {};
  const replicas = spec["replicas"] ?? 0;
  if (typeof replicas !== "number" || !Number.isInteger(replicas) || replicas < 0)
    throw invalidObject({ group: "autoscaling", kind: "Scale" }, object.metadata.name, [
      {
        reason: "FieldValueInvalid",
        field: "spec.replicas",
        message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
      },
    ]);
  const scaled = withValueAt(object, partsOf(paths.specReplicasPath), replicas) as KubeObject;
  const metadata = isJsonObject(wanted["metadata"]) ? wanted["metadata"] : {};
  const resourceVersion = metadata["resourceVersion"];
  return typeof resourceVersion === "string"
    ? { ...scaled, metadata: { ...scaled.metadata, resourceVersion } }
    : scaled;
}

function requireScaleOf({ metadata }: KubeObject, scale: Readonly<Record<string, unknown>>): void {
  const { kind = "Scale", apiVersion = "autoscaling/v1" } = scale;
  if (kind !== "Scale" || apiVersion !== "autoscaling/v1")
    throw badRequest("the body must be a Scale of autoscaling/v1");
  const { name = metadata.name } = isJsonObject(scale["metadata"]) ? scale["metadata"] : {};
  if (name !== metadata.name)
    throw badRequest(
      `the name of the object (${typeof name === "string" ? name : JSON.stringify(name)}) does not match the name on the URL (${metadata.name})`,
    );
}

/** A Scale that is applied, as a configuration of the object itself: its replica count, no more. */
export function scaleConfiguration(scale: unknown, { kind }: Resource): unknown {
  const wanted = isJsonObject(scale) ? scale : {};
  if (wanted["kind"] !== "Scale" || wanted["apiVersion"] !== "autoscaling/v1")
    throw badRequest("the body must be a Scale of autoscaling/v1");
  const metadata = isJsonObject(wanted["metadata"]) ? wanted["metadata"] : {};
  const { name, namespace, uid, resourceVersion } = metadata;
  const bare = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, namespace, uid, resourceVersion },
  };
  const spec = isJsonObject(wanted["spec"]) ? wanted["spec"] : {};
  const path = kind.subresources?.scale?.specReplicasPath;
  if (path === undefined || spec["replicas"] === undefined) return bare;
  return withValueAt(bare, partsOf(path), spec["replicas"]);
}

/** Custom kinds keep the selector as text, built-in ones as a LabelSelector. */
function selectorText(selector: unknown): string {
  if (typeof selector === "string") return selector;
  return isJsonObject(selector) ? formatSelector(selectorOf(selector as LabelSelector)) : "";
}

function partsOf(path: string): readonly string[] {
  return path.split(".").filter((part) => part !== "");
}

function valueAt(object: unknown, path: string): unknown {
  return partsOf(path).reduce<unknown>(
    (value, part) => (isJsonObject(value) ? value[part] : undefined),
    object,
  );
}

function withValueAt(value: unknown, [part, ...rest]: readonly string[], next: unknown): unknown {
  if (part === undefined) return next;
  const base = isJsonObject(value) ? value : {};
  return { ...base, [part]: withValueAt(base[part], rest, next) };
}
