// The public Python client library against `dunlin up`; python_client.py says what it does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram, startDunlin } from "../dunlin.ts";

test("the Python client library, which reads strictly", async (t) => {
  const python = pythonWithClient(t);
  if (python === undefined) return;
  const dunlin = await startDunlin();
  t.after(() => dunlin.stop());
  const script = fileURLToPath(new URL("python_client.py", import.meta.url));
  const { code, stderr } = await runProgram(python, ["-B", "-W", "ignore", script], dunlin.env);
  assert.equal(code, 0, stderr);
});

/** The distribution's own Python has the library where another one comes first on the PATH. */
function pythonWithClient(t: TestContext): string | undefined {
  for (const python of ["python3", "/usr/bin/python3"])
    if (spawnSync(python, ["-c", "import kubernetes"]).status === 0) return python;
  const how = "no Python has the kubernetes library (apt-get install python3-kubernetes)";
  if (process.env["CI"]) throw new Error(`${how}; CI must not skip this test`);
  t.skip(how);
  return undefined;
}
