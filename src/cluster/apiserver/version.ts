// The server's version, and its health. Some installations of kubectl are dispatchers that run the
// kubectl of the server's minor version, so the number decides what clients do.
const kubernetesVersion = { major: "1", minor: "32" } as const;

export function versionAnswer(pathname: string): Response | undefined {
  if (pathname === "/version") {
    const { major, minor } = kubernetesVersion;
    const body = {
      major,
      minor,
      gitVersion: `v${major}.${minor}.0+dunlin`,
      gitCommit: "",
      gitTreeState: "",
      buildDate: "1970-01-01T00:00:00Z",
      goVersion: "",
      compiler: "",
      platform: "",
    };
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
  }
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(pathname))
    return new Response("ok", { headers: { "content-type": "text/plain; charset=utf-8" } });
  return undefined;
}
