// What is wrong with a predictor by itself: what it runs, with which environment, and from where the
// model comes.
import { invalid, required, type Cause } from "./cause.ts";
import type { Predictor } from "./inference-service.ts";

export function predictorCauses(predictor: Predictor): readonly Cause[] {
  return [
    ...implementationCauses(predictor),
    ...environmentCauses(predictor),
    ...storageCauses(predictor),
  ];
}

/** KServe's name for a transformer that runs in the predictor's pod. */
const transformerContainerName = "transformer-container";

/** KServe's name for the predictor's container; one in `containers` of that name takes over. */
const servingContainerName = "kserve-container";

function implementationCauses(predictor: Predictor): readonly Cause[] {
  const { model, containers = [] } = predictor;
  const custom = containers.some(({ name }) => name === servingContainerName);
  if (model && custom)
    return [
      invalid(
        "spec.predictor",
        ["model", `containers[${servingContainerName}]`],
        "exactly one implementation may be given; keep model, or the container, but not both",
      ),
    ];
  if (!model && !custom)
    return [
      required(
        "spec.predictor.model",
        `exactly one implementation must be given: a model, or a container named "${servingContainerName}" in containers`,
      ),
    ];
  if (model?.name === undefined) return [];
  return [
    invalid(
      "spec.predictor.model.name",
      model.name,
      "the name of this container is fixed; leave it out",
    ),
  ];
}

function environmentCauses(predictor: Predictor): readonly Cause[] {
  const { model, containers = [], initContainers = [] } = predictor;
  const places = [
    ...(model ? [["spec.predictor.model", { ...model, name: servingContainerName }] as const] : []),
    ...containers.map((one, index) => [`spec.predictor.containers[${index}]`, one] as const),
    ...initContainers.map(
      (one, index) => [`spec.predictor.initContainers[${index}]`, one] as const,
    ),
  ];
  return places.flatMap(([field, container]) =>
    (container.env ?? []).flatMap(({ name }, index) => {
      const at = `${field}.env[${index}].name`;
      if (name === "PYTHONPATH")
        return [invalid(at, name, "would change which code the model server loads; remove it")];
      if (name === "STORAGE_URI" && container.name === transformerContainerName)
        return [invalid(at, name, "the transformer fetches no model; remove it")];
      return [];
    }),
  );
}

function storageCauses(predictor: Predictor): readonly Cause[] {
  const { storageUri, storageUris = [] } = predictor.model ?? {};
  const causes: Cause[] = [];
  if (storageUri !== undefined && storageUris.length > 0)
    causes.push(
      invalid(
        "spec.predictor.model.storageUris",
        storageUris.map(({ uri }) => uri),
        "may not be set together with storageUri; keep one of them",
      ),
    );
  if (storageUri !== undefined && !isUri(storageUri))
    causes.push(invalid("spec.predictor.model.storageUri", storageUri, uriRule));
  for (const [index, { uri, mountPath = "/mnt/models" }] of storageUris.entries()) {
    const field = `spec.predictor.model.storageUris[${index}]`;
    if (!isUri(uri)) causes.push(invalid(`${field}.uri`, uri, uriRule));
    if (!mountPath.startsWith("/") || mountPath === "/" || mountPath.includes(".."))
      causes.push(
        invalid(
          `${field}.mountPath`,
          mountPath,
          'must be an absolute path other than "/" and without ".."',
        ),
      );
  }
  return causes;
}

const uriRule = "must be a URI with a scheme, as hf://owner/model, or an absolute path";

function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]|^\/./i.test(text);
}
