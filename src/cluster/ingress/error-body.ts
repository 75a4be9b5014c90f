// What a proxy of the cluster says in its own name, in the form that the OpenAI API and its clients have
// for errors. Pure.
export function errorBody(code: number, message: string): string {
  return JSON.stringify({ error: { message, type: "ingress", code } }) + "\n";
}
