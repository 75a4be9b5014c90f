// The kubeconfig with which kubectl and every other client find the cluster and are let in.

export type KubeconfigOptions = {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
  /** That commands go to when they name none. */
  readonly namespace?: string;
};

const name = "dunlin";

/** JSON, which is YAML too. The token is in it: write it readable for its owner only. */
export function kubeconfigText({
  url,
  authority,
  token,
  namespace = "default",
}: KubeconfigOptions): string {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [
      {
        name,
        cluster: {
          server: url,
          "certificate-authority-data": Buffer.from(authority).toString("base64"),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
