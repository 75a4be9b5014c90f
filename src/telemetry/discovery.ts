// Where the targets of a job come from besides the cluster: lists in the configuration, files that others
// write, and servers that are asked. A source that fails keeps the targets that it gave last: that nobody
// can be asked says nothing about them.
import { readdirSync, readFileSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sleep, type CancelTimer, type Clock } from "../lib/clock.ts";
import { YamlReader } from "../lib/yaml-reader.ts";
import { keepAliveGet, type HttpGet } from "./http-get.ts";
import { staticGroup } from "./scrape-config.ts";
import type { FileDiscovery, HttpDiscovery, ScrapeJob, TargetGroup } from "./scrape-job.ts";

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
    this.#log(
      trouble === undefined
        ? `${what}: recovered`
        : `${what}: ${trouble}; the targets that it gave last stay`,
    );
  }
}

/** A writer may write a file in several pieces; it is read when it has come to rest. */
const restMs = 100;

class FileSource {
  readonly #discovery: FileDiscovery;
  readonly #name: string;
  readonly #options: DiscoveryOptions;
  readonly #troubles: Troubles;
  /** Those that have given targets. */
  readonly #known = new Set<string>();

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
    for (const path of paths) {
      const labels = { __meta_filepath: path };
      const found = groupsOf(readText(path), path, labels);
      this.#troubles.tell(path, "problem" in found ? found.problem : undefined);
      if ("problem" in found) continue;
      this.#known.add(path);
      this.#options.onGroups(`${this.#name} ${path}`, found.groups);
    }
    for (const path of this.#known) {
      if (paths.has(path)) continue;
      this.#known.delete(path);
      this.#options.onGroups(`${this.#name} ${path}`, []);
    }
  }

  #matching(pattern: string): readonly string[] {
    const name = basename(pattern);
    if (!name.includes("*")) {
      // One that is named and missing is gone, as one of many would be; Prometheus sees it so too.
      return isThere(pattern) ? [pattern] : [];
    }
    const form = new RegExp(
      `^${name
        .split("*")
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
      this.#troubles.tell(folder, messageOf(error));
      return [...this.#known].filter((path) => dirname(path) === folder);
    }
  }
}

function isThere(path: string): boolean {
  return readdirOrNone(dirname(path)).includes(basename(path));
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

function readText(path: string): string | Error {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return new Error(messageOf(error), { cause: error });
  }
}

/** A list of many thousand targets is smaller than this. */
const maxAnswerBytes = 16 * 1024 * 1024;
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
  const what = `${name} ${withoutPassword(url)}`;
  while (!signal.aborted) {
    const found = await answerOf(get, url, {
      clock,
      timeoutMs: Math.min(refreshMs, longestAnswerMs),
      signal,
    });
    if (signal.aborted) return;
    troubles.tell(what, "problem" in found ? found.problem : undefined);
    if (!("problem" in found)) onGroups(name, found.groups);
    await sleep(clock, refreshMs, signal);
  }
}

async function answerOf(
  get: HttpGet,
  url: string,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<Found> {
  const late = new AbortController();
  const cancel = clock.after(timeoutMs, () =>
    late.abort(new Error(`no answer within ${timeoutMs} ms`)),
  );
  try {
    const either = AbortSignal.any([signal, late.signal]);
    const page = await get(url, { timeoutMs, maxBytes: maxAnswerBytes, signal: either });
    const type = page.contentType ?? "";
    if (!/^application\/json\s*(?:;|$)/i.test(type))
      return {
        problem: `unsupported content type ${JSON.stringify(type)}; it must be application/json`,
      };
    return groupsOf(page.body.toString("utf8"), withoutPassword(url), { __meta_url: url });
  } catch (error) {
    // What HTTP says when it is aborted is less than the reason.
    return { problem: messageOf(late.signal.aborted ? late.signal.reason : error) };
  } finally {
    cancel();
  }
}

type Found = { readonly groups: readonly TargetGroup[] } | { readonly problem: string };

/** A list of groups as discovery has them, in JSON or YAML. */
function groupsOf(text: string | Error, name: string, labels: TargetGroup["labels"]): Found {
  if (text instanceof Error) return { problem: text.message };
  const reader = new YamlReader(text, name);
  const isReadable = reader.problems.length === 0;
  const isEmptyFile = isReadable && reader.root.node === null;
  const values = isReadable && !isEmptyFile ? (reader.list(reader.root) ?? []) : [];
  const groups = values.flatMap((value) => staticGroup(reader, value) ?? []);
  const [first, ...more] = reader.problems;
  if (first !== undefined)
    return { problem: more.length === 0 ? first : `${first} (and ${more.length} more)` };
  return { groups: groups.map((each) => ({ ...each, labels: { ...each.labels, ...labels } })) };
}

function withoutPassword(url: string): string {
  return url.replace(/^(https?:\/\/[^/@:]*):[^/@]*@/, "$1:<secret>@");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
