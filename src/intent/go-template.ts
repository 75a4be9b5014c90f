// The small part of Go's text/template that KServe's configuration and runtimes use: the value of a
// field, as in `{{ .Name }}` or `{{ .Labels.team }}`. Everything else is refused, not passed through.

export type TemplateFields = {
  readonly [field: string]: string | Readonly<Record<string, string>>;
};

export type TemplateResult =
  | { readonly kind: "rendered"; readonly text: string }
  | { readonly kind: "malformed"; readonly message: string };

export function renderTemplate(template: string, fields: TemplateFields): TemplateResult {
  const complaints: string[] = [];
  const text = template.replaceAll(/\{\{-?(.*?)-?\}\}/gs, (action, body: string) => {
    const [, field = "", key] = /^\s*\.([A-Za-z]\w*)(?:\.([\w-]+))?\s*$/.exec(body) ?? [];
    const found = Object.hasOwn(fields, field) ? fields[field] : undefined;
    const value = typeof found === "object" && key !== undefined ? found[key] : found;
    if (typeof value === "string" && (key === undefined || typeof found === "object")) return value;
    complaints.push(`${action} names nothing that is known here`);
    return "";
  });
  return complaints.length > 0
    ? { kind: "malformed", message: complaints.join("; ") }
    : { kind: "rendered", text };
}
