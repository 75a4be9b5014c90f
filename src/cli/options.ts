// Reading command lines: what is wrong with one is said in a sentence, with what would be right.
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UserError } from "../lib/user-error.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Throws a UserError for options that are unknown or lack their value, and for stray arguments. */
export function readOptions<O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // The platform's messages name the option; its hint about positionals helps nobody here.
    const [message = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new UserError(`${message.replace(/\.$/, "")}; --help lists the options`);
  }
}

/** Throws a UserError that names the flag when the text is no integer in the range. */
export function integerOption(
  flag: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UserError(`${flag} takes a whole number from ${min} to ${max}, not "${text}"`);
}
