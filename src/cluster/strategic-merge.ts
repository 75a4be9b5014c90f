// placeholder, see next commit
import type { Schema } from "../resources/schema.ts";
import { mergePatch } from "./patch-merge.ts";
export function strategicMerge(_schema: Schema, target: object, patch: unknown): unknown {
  return mergePatch(target, patch);
}
