// The body of a request as a value, whatever its encoding. What cannot be read is refused with the
// position and the reason; a patch is left to its own format.
import { isJsonObject, isTooDeep, jsonDepthMax } from "../../lib/json.ts";
import { ApiProblem, badRequest, unsupportedMediaType } from "../api-status.ts";

export type Body = {
  /** Without parameters, in lower case. */
  readonly contentType: string;
  readonly value: unknown;
  /** The JSON text, where the body was JSON. */
  readonly text: string | undefined;
};

/** Upstream's limit. */
export const bodyBytesMax = 3 * 1024 * 1024;

export async function readBody(request: Request): Promise<Body> {
  const body = await decodedBody(request);
  if (isTooDeep(body.value)) throw tooDeep();
  return body;
}

async function decodedBody(request: Request): Promise<Body> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > bodyBytesMax)
    throw new ApiProblem(
      413,
      "RequestEntityTooLarge",
      `Request entity too large: limit is ${bodyBytesMax}`,
    );
  const contentType = mediaTypeOf(request.headers.get("content-type"));
  if (bytes.length === 0) return { contentType, value: undefined, text: undefined };
  if (contentType === "application/vnd.kubernetes.protobuf") {
    const { decodeProtobuf } = await import("../protobuf/protobuf.ts");
    return { contentType, value: decodeProtobuf(bytes), text: undefined };
  }
  const text = textOf(bytes);
  if (contentType.endsWith("yaml")) {
    // kubectl sends JSON as YAML, which it is, and JSON is read a hundred times faster.
    const json = jsonOrUndefined(text);
    if (json !== undefined) return { contentType, value: json, text };
    return { contentType, value: await parseYaml(text), text: undefined };
  }
  if (contentType === "" || contentType.endsWith("json"))
    return { contentType, value: parseJson(text), text };
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf`,
  );
}

/** An object with kind and apiVersion, or 400. */
export function requireObject(body: Body): Readonly<Record<string, unknown>> {
  if (body.value === undefined) throw badRequest("the request has no body");
  if (!isJsonObject(body.value)) throw badRequest("the body of the request is not an object");
  return body.value;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
}

function mediaTypeOf(header: string | null): string {
  return (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`);
  }
}

function jsonOrUndefined(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function parseYaml(text: string): Promise<unknown> {
  const { parseYamlText } = await import("./yaml-body.ts");
  try {
    return parseYamlText(text);
  } catch (error) {
    // The parser descends as deep as the text does.
    if (messageOf(error).startsWith("Maximum call stack")) throw tooDeep();
    throw badRequest(`error converting YAML to JSON: ${messageOf(error)}`);
  }
}

function tooDeep(): ApiProblem {
  return badRequest(
    `the body of the request is nested more than ${jsonDepthMax} levels deep; this server takes no more`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
