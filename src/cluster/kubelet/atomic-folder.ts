// A folder whose files change all at once, as a kubelet's volumes do: each name in it is a link into
// `..data`, which is itself a link, and moving that one link changes everything.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { VolumeFiles } from "./volume-files.ts";

const dataLink = "..data";

/** Makes the folder hold these files and no others. Whether that was a change. */
export function writeFolder(folder: string, files: VolumeFiles): boolean {
  mkdirSync(folder, { recursive: true });
  if (holds(join(folder, dataLink), files)) return false;
  const old = linkTarget(join(folder, dataLink));
  const next = mkdtempSync(`${folder}/..`);
  chmodSync(next, 0o755);
  for (const [path, { data, mode }] of files) {
    const file = join(next, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, data, { mode });
    chmodSync(file, mode); // Whatever this process keeps from others by default.
  }
  const link = join(folder, "..data_tmp");
  rmSync(link, { force: true });
  symlinkSync(next.slice(folder.length + 1), link);
  renameSync(link, join(folder, dataLink));
  linkNames(folder, new Set([...files.keys()].map((path) => path.split("/")[0] ?? path)));
  if (old !== undefined) rmSync(join(folder, old), { recursive: true, force: true });
  return true;
}

function holds(data: string, files: VolumeFiles): boolean {
  if (!statSync(data, { throwIfNoEntry: false })) return false;
  const present = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  if (present.length !== files.size) return false;
  return [...files].every(([path, file]) => {
    const stat = statSync(join(data, path), { throwIfNoEntry: false });
    return (
      stat?.isFile() === true &&
      (stat.mode & 0o777) === (file.mode & 0o777) &&
      readFileSync(join(data, path)).equals(file.data)
    );
  });
}

/** New names appear after their files, old ones go with theirs. */
function linkNames(folder: string, names: ReadonlySet<string>): void {
  for (const name of names)
    if (!lstatSync(join(folder, name), { throwIfNoEntry: false }))
      symlinkSync(join(dataLink, name), join(folder, name));
  for (const name of readdirSync(folder))
    if (!name.startsWith("..") && !names.has(name))
      rmSync(join(folder, name), { recursive: true, force: true });
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
