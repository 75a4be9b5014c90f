// Reads a storage URI. KServe knows many schemes; this version knows Hugging Face's.

export type ModelUri = {
  /** `owner/model`. */
  readonly model: string;
  readonly revision: string;
};

export type ParsedModelUri =
  | { readonly kind: "ok"; readonly uri: ModelUri }
  | { readonly kind: "invalid"; readonly message: string };

const form = "hf://owner/model or hf://owner/model:revision";
/** Names of the hub: letters, digits, dots, dashes and underscores, but not dots alone. */
const part = /^(?!\.+$)[\w.-]+$/;
const revisionPart = /^(?!\.)[\w./-]+$/;

export function parseModelUri(text: string): ParsedModelUri {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme === undefined)
    return invalid(`${JSON.stringify(text)} is no storage URI; use ${form}`);
  if (scheme !== "hf")
    return invalid(`${scheme}:// is not supported by this version; hf:// is: ${form}`);
  const rest = text.slice("hf://".length);
  const colon = rest.indexOf(":");
  const model = colon < 0 ? rest : rest.slice(0, colon);
  const revision = colon < 0 ? "main" : rest.slice(colon + 1);
  const parts = model.split("/");
  if (parts.length !== 2)
    return invalid(`${text} has ${parts.length} path parts and must have two: ${form}`);
  if (!parts.every((name) => part.test(name)))
    return invalid(`${text} does not name an owner and a model: ${form}`);
  if (!revisionPart.test(revision) || revision.includes(".."))
    return invalid(`${text} has no valid revision after the colon: ${form}`);
  return { kind: "ok", uri: { model, revision } };
}

function invalid(message: string): ParsedModelUri {
  return { kind: "invalid", message };
}
