// Defaults of a Deployment, and what is wrong with one that fits its schema.
import { forbidden, invalid, negative, notSupported, type Cause } from "./cause.ts";
import type { Deployment, DeploymentStrategy } from "./deployment.ts";
import { templateWithDefaults } from "./pod-defaults.ts";
import { validateWorkload } from "./workload-validation.ts";

export function deploymentWithDefaults(deployment: Deployment): Deployment {
  const { spec } = deployment;
  return {
    ...deployment,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
      strategy: strategyWithDefaults(spec.strategy),
      template: templateWithDefaults(spec.template),
    },
  };
}

export function validateDeployment(
  { spec }: Deployment,
  old: Deployment | undefined,
): readonly Cause[] {
  const { minReadySeconds = 0, progressDeadlineSeconds } = spec;
  return [
    ...validateWorkload(spec, old?.spec, "deployment"),
    ...validateStrategy(spec.strategy ?? {}),
    ...negative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...(progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds
      ? [
          invalid(
            "spec.progressDeadlineSeconds",
            progressDeadlineSeconds,
            "must be greater than minReadySeconds",
          ),
        ]
      : []),
  ];
}

function strategyWithDefaults(strategy: DeploymentStrategy = {}): DeploymentStrategy {
  const { type = "RollingUpdate", rollingUpdate } = strategy;
  if (type !== "RollingUpdate") return { ...strategy, type };
  return { type, rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%", ...rollingUpdate } };
}

const strategies = ["Recreate", "RollingUpdate"];

function validateStrategy(strategy: DeploymentStrategy): readonly Cause[] {
  const { type = "RollingUpdate", rollingUpdate } = strategy;
  const field = "spec.strategy.rollingUpdate";
  if (!strategies.includes(type)) return [notSupported("spec.strategy.type", type, strategies)];
  if (type === "Recreate")
    return rollingUpdate === undefined
      ? []
      : [forbidden(field, "may not be specified when strategy `type` is 'Recreate'")];
  const { maxSurge = "25%", maxUnavailable = "25%" } = rollingUpdate ?? {};
  const causes = [
    ...validatePart(`${field}.maxUnavailable`, maxUnavailable),
    ...validatePart(`${field}.maxSurge`, maxSurge),
  ];
  if (parseInt(`${maxSurge}`, 10) === 0 && parseInt(`${maxUnavailable}`, 10) === 0)
    causes.push(
      invalid(`${field}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"),
    );
  if (parseInt(`${maxUnavailable}`, 10) > 100 && typeof maxUnavailable === "string")
    causes.push(
      invalid(`${field}.maxUnavailable`, maxUnavailable, "must not be greater than 100%"),
    );
  return causes;
}

function validatePart(field: string, part: number | string): readonly Cause[] {
  if (typeof part === "number") return negative(field, part);
  if (/^[0-9]+%$/.test(part)) return [];
  return [
    invalid(
      field,
      part,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ),
  ];
}
