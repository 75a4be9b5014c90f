// Where the targets of a job come from besides the cluster: lists in the configuration, files that others
// write, and servers that are asked. A source that fails keeps the targets that it gave last: that nobody
// can be asked says nothing about them.
import { readdirSync, readFileSync, statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../lib/error-text.ts";
import { sleep, type CancelTimer, type Clock } from "../lib/clock.ts";
import { keepAliveGet, type HttpGet } from "./http-get.ts";
import { redactedUrl } from "./redacted-url.ts";
import type { FileDiscovery, HttpDiscovery, ScrapeJob, TargetGroup } from "./scrape-job.ts";
import { jsonGroups, yamlGroups, type FoundGroups } from "./target-groups.ts";

export type DiscoveryOptions = {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Replaces what that source has found, as ScrapePool's `set` does. */
  readonly onGroups: (source: string, groups: readonly TargetGroup[]) => void;
  /** Stands in for HTTP with the source's own settings. */
  readonly get?: HttpGet;
};

/** Looks for the job's targets until the signal aborts. */
export function discover(job: ScrapeJob, options: DiscoveryOptions, signal: AbortSignal): void {
  const { groups, files, http } = job.discovery;
  if (groups.length > 0) options.onGroups("static", groups);
  for (const [index, each] of files.entries())
    new FileSource(each, `file_sd_configs[${index}]`, job.name, options).start(signal);
  for (const [index, each] of http.entries())
    void askServer(each, `http_sd_configs[${index}]`, job.name, options, signal);
}

/** Says each trouble of a source once, until it is another one or over. */
class Troubles {
  readonly #log: (line: string) => void;
  readonly #last = new Map<string, string>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  tell(what: string, trouble: string | undefined): void {
    const last = this.#last.get(what);
    if (trouble === last) return;
    if (trouble === undefined) this.#last.delete(what);
    else this.#last.set(what, trouble);
    this.#log(`${what}: ${trouble ?? "recovered"}`);
  }
}

const stay = "; the targets that it gave last stay";

/** A writer may write a file in several pieces; it is read when it has come to rest. */
const restMs = 100;

class FileSource {
  readonly #discovery: FileDiscovery;
  readonly #name: string;
  readonly #options: DiscoveryOptions;
  readonly #troubles: Troubles;
  /** What stood in those that have given targets, and these. */
  readonly #known = new Map<string, KnownFile>();

  constructor(discovery: FileDiscovery, name: string, job: string, options: DiscoveryOptions) {
    this.#discovery = discovery;
    this.#name = name;
    this.#options = options;
    this.#troubles = new Troubles((line) => options.log(`job ${job}: ${line}`));
  }

  start(signal: AbortSignal): void {
    const { clock } = this.#options;
    let cancel: CancelTimer = () => {};
    const soon = (): void => {
      cancel();
      cancel = clock.after(restMs, () => this.#read());
    };
    const folders = new Set(this.#discovery.patterns.map(dirname));
    const watchers = [...folders].flatMap((folder) => watchFolder(folder, soon) ?? []);
    const stop = (): void => {
      cancel();
      for (const watcher of watchers) watcher.close();
    };
    signal.addEventListener("abort", stop, { once: true });
    void this.#readAgainAndAgain(signal);
  }

  async #readAgainAndAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#read();
      await sleep(this.#options.clock, this.#discovery.refreshMs, signal);
    }
  }

  #read(): void {
    const paths = new Set(this.#discovery.patterns.flatMap((pattern) => this.#matching(pattern)));
    let isChanged = false;
    for (const path of paths) if (this.#readFile(path)) isChanged = true;
    for (const path of this.#known.keys()) {
      if (paths.has(path)) continue;
      this.#known.delete(path);
      isChanged = true;
    }
    // All at once: each call looks through all targets of the job.
    if (isChanged)
      this.#options.onGroups(
        this.#name,
        [...this.#known.values()].flatMap(({ groups }) => groups),
      );
  }

  /** Returns whether it has given something new. */
  #readFile(path: string): boolean {
    const read = readText(path);
    const isSame = "text" in read && read.text === this.#known.get(path)?.text;
    const found = isSame || "problem" in read ? read : groupsIn(read.text, path);
    this.#troubles.tell(path, "problem" in found ? found.problem + stay : undefined);
    if (!("groups" in found) || !("text" in read)) return false;
    const groups = withLabels(found.groups, { __meta_filepath: path });
    this.#known.set(path, { text: read.text, groups });
    return true;
  }

  #matching(pattern: string): readonly string[] {
    const name = basename(pattern);
    if (!name.includes("*")) {
      // One that is named and missing is gone, as one of many would be; Prometheus sees it so too.
      const isThere = readdirOrNone(dirname(pattern)).includes(name);
      if (!isThere) this.#troubles.tell(pattern, "there is no such file");
      return isThere ? [pattern] : [];
    }
    const form = new RegExp(
      `^${name
        .split(/\*+/)
        .map((part) => RegExp.escape(part))
        .join(".*")}$`,
      "s",
    );
    const folder = dirname(pattern);
    try {
      const paths = readdirSync(folder).filter((each) => form.test(each));
      this.#troubles.tell(folder, undefined);
      return paths.toSorted().map((each) => join(folder, each));
    } catch (error) {
      this.#troubles.tell(folder, messageOf(error) + stay);
      return [...this.#known.keys()].filter((path) => dirname(path) === folder);
    }
  }
}

function readdirOrNone(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that is not there holds no file.
    return [];
  }
}

/** Undefined where it cannot be watched; then the refresh interval alone tells of changes. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

type KnownFile = { readonly text: string; readonly groups: readonly TargetGroup[] };
type ReadText = { readonly text: string } | { readonly problem: string };

/** A pipe would be waited for, and nothing else would happen meanwhile. */
function readText(path: string): ReadText {
  try {
    const about = statSync(path);
    if (!about.isFile()) return { problem: "is not a regular file" };
    const maxBytes = isJson(path) ? maxListBytes : maxYamlBytes;
    if (about.size > maxBytes) return { problem: tooLarge(maxBytes) };
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function tooLarge(maxBytes: number): string {
  const advice = maxBytes === maxYamlBytes ? "; JSON may have more" : "";
  return `has more than ${maxBytes / 1024 / 1024} MiB${advice}`;
}

const isJson = (path: string): boolean => path.toLowerCase().endsWith(".json");

function groupsIn(text: string, path: string): FoundGroups {
  return isJson(path) ? jsonGroups(text) : yamlGroups(text, path);
}

function withLabels(
  groups: readonly TargetGroup[],
  labels: TargetGroup["labels"],
): readonly TargetGroup[] {
  return groups.map((each) => ({ ...each, labels: { ...each.labels, ...labels } }));
}

/** A list of many thousand targets is smaller than this. */
const maxListBytes = 16 * 1024 * 1024;
/** Reading YAML takes a hundred times as long, and decisions wait meanwhile. */
const maxYamlBytes = 1024 * 1024;
const longestAnswerMs = 30_000;

async function askServer(
  { url, refreshMs, http }: HttpDiscovery,
  name: string,
  job: string,
  options: DiscoveryOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, onGroups } = options;
  const get = options.get ?? keepAliveGet(http);
  const troubles = new Troubles((line) => log(`job ${job}: ${line}`));
  const what = `${name} ${redactedUrl(url)}`;
  let known: string | undefined;
  while (!signal.aborted) {
    const timeoutMs = Math.min(refreshMs, longestAnswerMs);
    const answer = await answerOf(get, url, { clock, timeoutMs, signal });
    if (signal.aborted) return;
    if ("problem" in answer) troubles.tell(what, answer.problem + stay);
    else {
      const found = answer.text === known ? undefined : jsonGroups(answer.text);
      troubles.tell(what, found && "problem" in found ? found.problem + stay : undefined);
      if (found && "groups" in found) {
        known = answer.text;
        onGroups(name, withLabels(found.groups, { __meta_url: redactedUrl(url) }));
      }
    }
    await sleep(clock, refreshMs, signal);
  }
}

async function answerOf(
  get: HttpGet,
  url: string,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<ReadText> {
  const late = new AbortController();
  const cancel = clock.after(timeoutMs, () =>
    late.abort(new Error(`no answer within ${timeoutMs} ms`)),
  );
  try {
    const either = AbortSignal.any([signal, late.signal]);
    const page = await get(url, { timeoutMs, maxBytes: maxListBytes, signal: either });
    const type = page.contentType ?? "";
    if (!/^application\/json\s*(?:;|$)/i.test(type))
      return {
        problem: `unsupported content type ${JSON.stringify(type)}; it must be application/json`,
      };
    return { text: page.body.toString("utf8") };
  } catch (error) {
    // What HTTP says when it is aborted is less than the reason.
    return { problem: messageOf(late.signal.aborted ? late.signal.reason : error) };
  } finally {
    cancel();
  }
}
