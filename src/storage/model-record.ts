// The note that the storage initializer leaves beside a model, dunlin-model.json: which model was
// asked for and whether it could be had. The model server chooses its engine by it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type JsonObject } from "../lib/json.ts";

export type ModelRecord = {
  readonly uri: string;
  readonly model: string;
  readonly revision: string;
  readonly reachable: boolean;
  /** A sentence: what was found, or why nothing was. */
  readonly reason: string;
  /** The model's config.json. */
  readonly config?: JsonObject;
};

const fileName = "dunlin-model.json";

export function writeModelRecord(folder: string, record: ModelRecord): void {
  writeFileSync(join(folder, fileName), `${JSON.stringify(record, null, 2)}\n`);
}

/** Undefined when there is none; throws on one that is not a record. */
export function readModelRecord(folder: string): ModelRecord | undefined {
  const path = join(folder, fileName);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const value: unknown = parse(text, path);
  if (!isJsonObject(value)) throw new Error(`${path} is not a JSON object`);
  const { uri, model, revision, reachable, reason, config } = value;
  if (
    typeof uri !== "string" ||
    typeof model !== "string" ||
    typeof revision !== "string" ||
    typeof reason !== "string" ||
    typeof reachable !== "boolean"
  )
    throw new Error(`${path} lacks uri, model, revision, reachable or reason`);
  const found = isJsonObject(config) ? { config } : {};
  return { uri, model, revision, reachable, reason, ...found };
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not valid JSON`, { cause });
  }
}
