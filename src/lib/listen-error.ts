// A port that cannot be listened on, told to whoever chose it.
import { UserError } from "./user-error.ts";

export function listenError(
  error: unknown,
  { host, port, flag }: { readonly host: string; readonly port: number; readonly flag: string },
): UserError {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const why =
    code === "EADDRINUSE"
      ? `port ${port} of ${host} is in use`
      : `cannot listen on port ${port} of ${host} (${code})`;
  return new UserError(`${why}; choose another one with ${flag}`, { cause: error });
}
