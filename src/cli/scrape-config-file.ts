// The file of `--scrape-config`: Prometheus' own configuration, read once at the start.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isMap, isPair, isScalar, parseDocument, visit } from "yaml";
import { UserError } from "../lib/user-error.ts";
import { redactedUrl } from "../telemetry/redacted-url.ts";
import { parseScrapeConfig } from "../telemetry/scrape-config.ts";
import type { ScrapeJob } from "../telemetry/scrape-job.ts";
import { podsJob, servicesJob } from "../telemetry/scrape-targets.ts";

export type ScrapeConfigFile = {
  readonly jobs: readonly ScrapeJob[];
  /** As it may be shown: without its secrets. */
  readonly text: string;
};

/** Paths in it are relative to its folder. Throws a UserError with a line for each thing that is wrong. */
export function readScrapeConfigFile(path: string): ScrapeConfigFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`--scrape-config: cannot read ${path}: ${reason}`, { cause });
  }
  const folder = dirname(path);
  const files = {
    resolve: (each: string) => resolve(folder, each),
    read: (each: string) => readFileSync(each, "utf8"),
  };
  const taken = [podsJob.name, servicesJob.name];
  const { jobs, problems } = parseScrapeConfig(text, path, files, taken);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return { jobs, text: withoutSecrets(text) };
}

const secretFields: ReadonlySet<string> = new Set([
  "password",
  "credentials",
  "bearer_token",
  "key",
]);

/**
 * As Prometheus shows them, and what stands beside a user's name in an address likewise. Without the
 * comments, as there: what is commented out may have been a secret, and may still be one.
 */
function withoutSecrets(text: string): string {
  const document = parseDocument(text);
  document.comment = null;
  document.commentBefore = null;
  visit(document, {
    Node(_, node) {
      node.comment = null;
      node.commentBefore = null;
    },
    Pair(_, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || isMap(pair.value)) return;
      const name = String(pair.key.value);
      if (secretFields.has(name)) pair.value = document.createNode("<secret>");
      else if (name === "url" && isScalar(pair.value) && typeof pair.value.value === "string")
        pair.value.value = redactedUrl(pair.value.value);
    },
  });
  return document.toString();
}
