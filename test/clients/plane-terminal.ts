// The control plane alone, over HTTPS: what kubectl meets where no pod needs to run.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ControlPlane } from "../../src/cluster/apiserver/api-handler.ts";
import { serveApi } from "../../src/cluster/apiserver/api-server.ts";
import { makeCertificates } from "../../src/cluster/apiserver/certificates.ts";
import { kubeconfigText } from "../../src/cluster/apiserver/kubeconfig.ts";
import { seededRandom } from "../../src/lib/random.ts";
import { wallClock } from "../../src/lib/wall-clock.ts";
import { builtinKinds } from "../../src/resources/builtin-kinds.ts";
import { customKinds } from "../../src/resources/custom-kinds.ts";
import type { Terminal } from "./step.ts";

/** An empty one, for this test; it and the terminal's folder go with the test. */
export async function openPlaneTerminal(t: TestContext, program: string): Promise<Terminal> {
  const directory = mkdtempSync(join(tmpdir(), "dunlin-kubectl-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const problems: string[] = [];
  const log = (line: string): void => void problems.push(line);
  const plane = ControlPlane.open({
    clock: wallClock,
    random: seededRandom(1),
    kinds: builtinKinds,
    customKinds,
    admission: [],
    newUid: randomUUID,
    log,
  });
  const tls = await makeCertificates(Date.now());
  const token = randomUUID();
  const served = await serveApi({ plane, port: 0, tls, token, log });
  t.after(async () => {
    await served.close();
    await plane.close();
    // What the server did not expect fails the test, whatever its clients made of it.
    if (problems.length > 0) throw new Error(problems.join("\n"));
  });
  const kubeconfig = join(directory, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText({ url: served.url, authority: tls.authority, token }));
  return { program, directory, kubeconfig };
}
