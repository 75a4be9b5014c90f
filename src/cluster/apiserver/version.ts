// The server's version, and its health. Some installations of kubectl are dispatchers that run the
// kubectl of the server's minor version, so the number decides what clients do.
const kubernetesVersion = { major: "1", minor: "32" } as const;

export function versionAnswer(pathname: string, query: URLSearchParams): Response | undefined {
  // The generated clients of several languages ask with the slash.
  if (pathname === "/version" || pathname === "/version/") {
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
  return healthAnswer(pathname, query);
}

/** Whoever is answered has a server that is up, so the one check there is passes. */
function healthAnswer(pathname: string, query: URLSearchParams): Response | undefined {
  const match = /^\/(healthz|livez|readyz)(\/ping)?\/?$/.exec(pathname);
  if (!match) return undefined;
  const [, endpoint, check] = match;
  const isTold = check === undefined && query.has("verbose");
  return new Response(isTold ? `[+]ping ok\n${endpoint} check passed\n` : "ok", {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
