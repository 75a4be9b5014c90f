// The real programs that end-to-end tests drive. An absent one skips the test and says how to get
// it; where CI=true it fails instead, because there it should have been installed.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

const sources: Readonly<Record<string, string>> = {
  kubectl:
    "see https://kubernetes.io/docs/tasks/tools/, or npm run clients puts it into test/clients/bin",
  hey: "apt-get install hey, or go install github.com/rakyll/hey@latest",
  prometheus: "apt-get install prometheus",
  promtool: "apt-get install prometheus",
  setpriv: "apt-get install util-linux",
  pgrep: "apt-get install procps",
};

/** Whether all of the programs are there. If not, the test is skipped (or fails) with the reason. */
export function hasTools(test: TestContext, ...names: readonly string[]): boolean {
  const missing = names.filter((name) => !isOnPath(name));
  if (missing.length === 0) return true;
  return lacks(
    test,
    missing.map((name) => `${name} is not on the PATH (${sources[name]})`).join("; "),
  );
}

/** A machine without a program may still run all other tests; CI has every one, or fails. */
export function lacks(test: TestContext, how: string): false {
  if (process.env["CI"]) throw new Error(`${how}; CI must not skip this test`);
  test.skip(how);
  return false;
}

function isOnPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
