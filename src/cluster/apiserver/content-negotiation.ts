// Which form of an answer a client can read. Tables and partial metadata are forms of JSON, asked
// for in the Accept header; bare protobuf is not spoken.
import { notAcceptable } from "../api-status.ts";
import type { TableVersion } from "./table.ts";

export type AnswerForm =
  | { readonly kind: "json" }
  | { readonly kind: "table"; readonly version: TableVersion }
  | { readonly kind: "metadata"; readonly version: TableVersion };

export type MediaType = {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
};

/** In the order of the header, which is the client's order of preference. */
export function parseAccept(header: string | null): readonly MediaType[] {
  if (header === null || header.trim() === "") return [{ type: "*/*", parameters: {} }];
  return header.split(",").map((part) => {
    const [type = "", ...rest] = part.split(";").map((piece) => piece.trim());
    const parameters = Object.fromEntries(
      rest.map((piece) => {
        const [name = "", value = ""] = piece.split("=");
        return [name, value];
      }),
    );
    return { type: type.toLowerCase(), parameters };
  });
}

/** Throws 406 when the client reads nothing that the server writes. */
export function negotiate(header: string | null): AnswerForm {
  for (const { type, parameters } of parseAccept(header)) {
    if (!isJson(type)) continue;
    const form = parameters["as"];
    if (form === undefined) return { kind: "json" };
    const version = parameters["v"];
    if (parameters["g"] !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) continue;
    if (form === "Table") return { kind: "table", version };
    if (form.startsWith("PartialObjectMetadata")) return { kind: "metadata", version };
  }
  throw notAcceptable("application/json");
}

function isJson(type: string): boolean {
  return type === "application/json" || type === "*/*" || type === "application/*";
}
