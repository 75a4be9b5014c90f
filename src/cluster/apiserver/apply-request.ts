// A PATCH that applies, as a function from the object of one moment to the object that is wanted.
import type { KubeObject } from "../../resources/object.ts";
import { apply, readConfiguration } from "../patch/apply.ts";
import { duplicateKeys } from "../schema/duplicate-keys.ts";
import { badRequest } from "../api-status.ts";
import { intake } from "./object-intake.ts";
import type { Target } from "./registry.ts";
import type { Body } from "./request-body.ts";
import { scaleConfiguration } from "./scale.ts";
import { applyParameters, fieldValidationOf } from "./write-parameters.ts";

export type ApplyRequest = {
  readonly target: Target;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly nowMs: number;
  readonly warn: (text: string) => void;
};

export type AppliedChange = {
  readonly manager: string;
  /** Without a live object, the one to be created. Throws 409 for conflicts. */
  readonly change: (live: KubeObject | undefined) => KubeObject;
};

export function isApply({ contentType }: Body): boolean {
  return contentType === "application/apply-patch+yaml";
}

/** Throws 400 or 422 for a configuration that cannot be applied, whatever the live object is. */
export function applyRequest(body: Body, request: ApplyRequest): AppliedChange {
  const { target, subresource, query, nowMs, warn } = request;
  const { resource, name } = target;
  const { manager, force } = applyParameters(query);
  reviewDuplicates(body, request);
  const wanted = subresource === "scale" ? scaleConfiguration(body.value, resource) : body.value;
  const applied = readConfiguration(wanted, resource);
  return {
    manager,
    change(live) {
      const options = { resource, manager, subresource, name, force, nowMs };
      // Unknown fields were refused already; nulls and wrong shapes are dealt with as in any write.
      return intake(apply(live, applied, options), {
        resource,
        validation: "Ignore",
        warn,
        isPatched: true,
      });
    },
  };
}

function reviewDuplicates({ value, text }: Body, { query, warn }: ApplyRequest): void {
  const validation = fieldValidationOf(query, "PatchOptions");
  if (validation === "Ignore" || text === undefined) return;
  const repeated = duplicateKeys(text, value).map((path) => `duplicate field "${path}"`);
  if (repeated.length === 0) return;
  if (validation === "Strict")
    throw badRequest(`error strict decoding YAML: ${repeated.join(", ")}`);
  repeated.forEach(warn);
}
