// Matches patterns within bounded time. Most of them V8 matches in linear time once it backtracks too
// much; the few that it cannot, and that could take for ever, are matched while a clock looks on.
import { createContext, Script } from "node:vm";

export type Pattern = {
  readonly regExp: RegExp;
  /** Whether the time that it takes grows with the text alone. */
  readonly isBounded: boolean;
};

/** What one text may take, and what all may take before others are served again. */
const timeMsMax = 500;
const turnMsMax = 1000;

export function patternMatches(pattern: Pattern, text: string): boolean {
  return within(pattern, text, (regExp) => regExp.test(text));
}

/** Empty where there is none. Throws a RangeError, as all here, for a text that takes too long. */
export function firstMatch(pattern: Pattern, text: string): string {
  return within(pattern, text, (regExp) => regExp.exec(text)?.[0] ?? "");
}

/** A negative limit means all. */
export function allMatches(pattern: Pattern, text: string, limit: number): readonly string[] {
  return within(pattern, text, ({ source, flags }) => {
    const found: string[] = [];
    for (const [match] of text.matchAll(new RegExp(source, `${flags}g`))) {
      if (limit >= 0 && found.length >= limit) break;
      found.push(match);
    }
    return found;
  });
}

const call = new Script("job()");
let context: { job?: () => unknown } | undefined;
let leftMs = turnMsMax;
let isRefilling = false;

function within<T>({ regExp, isBounded }: Pattern, text: string, job: (regExp: RegExp) => T): T {
  if (isBounded) return job(regExp);
  if (leftMs < 1) throw tooLong(regExp, text);
  context ??= createContext({});
  context.job = () => job(regExp);
  const startMs = performance.now();
  try {
    const timeout = Math.ceil(Math.min(timeMsMax, leftMs));
    return call.runInContext(context, { timeout }) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ERR_SCRIPT_EXECUTION_TIMEOUT" ? tooLong(regExp, text) : error;
  } finally {
    leftMs -= performance.now() - startMs;
    refillSoon();
  }
}

function refillSoon(): void {
  if (isRefilling) return;
  isRefilling = true;
  setImmediate(() => {
    isRefilling = false;
    leftMs = turnMsMax;
  });
}

function tooLong({ source }: RegExp, text: string): RangeError {
  return new RangeError(
    `matching ${text.length} characters with the pattern ${source} takes too long`,
  );
}
