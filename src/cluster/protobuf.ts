// placeholder, see next commit
import { unsupportedMediaType } from "./api-status.ts";
export function decodeProtobuf(_bytes: Uint8Array): unknown {
  throw unsupportedMediaType("protobuf");
}
