// The lines by which another shell reaches the cluster, ready to be pasted or evaluated.
export function exportLines(cluster: {
  readonly kubeconfig: string;
  readonly ingress: { readonly host: string; readonly port: number };
}): readonly string[] {
  return [
    `export KUBECONFIG=${shellQuoted(cluster.kubeconfig)}`,
    `export INGRESS_HOST=${cluster.ingress.host}`,
    `export INGRESS_PORT=${cluster.ingress.port}`,
  ];
}

function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
