// Parts of the date that a number of seconds since 1970 stands for, always in UTC. Reckoned by hand,
// since the language asks for no more than the proleptic Gregorian calendar and a day of 86,400 s.
import type { NumberFunction } from "./function-families.ts";

export const dateFunctions: ReadonlyMap<string, NumberFunction> = new Map<string, NumberFunction>([
  ["minute", (seconds) => modulo(Math.floor(Math.trunc(seconds) / 60), 60)],
  ["hour", (seconds) => modulo(Math.floor(Math.trunc(seconds) / 3600), 24)],
  // The first day of 1970 was a Thursday.
  ["day_of_week", (seconds) => modulo(dayNumber(seconds) + 4, 7)],
  ["day_of_month", (seconds) => dateOf(seconds).day],
  ["day_of_year", dayOfYear],
  ["days_in_month", (seconds) => daysInMonth(dateOf(seconds))],
  ["month", (seconds) => dateOf(seconds).month],
  ["year", (seconds) => dateOf(seconds).year],
]);

/** `month` and `day` begin at 1. */
type CivilDate = { readonly year: number; readonly month: number; readonly day: number };

/** Always between 0 and `divisor`, also for what lies before 1970. */
function modulo(value: number, divisor: number): number {
  return value - Math.floor(value / divisor) * divisor;
}

/** Days since 1970. A fraction of a second is cut off toward zero, as Go does it. */
function dayNumber(seconds: number): number {
  return Math.floor(Math.trunc(seconds) / 86_400);
}

/**
 * Counts in years that begin in March, so that the leap day is the last of its year, and in eras of
 * 400 such years, which all have 146,097 days. Source: Howard Hinnant, "chrono-compatible low-level
 * date algorithms". The 0th second is 1970-01-01. What is no finite number has no date: all NaN.
 */
function dateOf(seconds: number): CivilDate {
  // 0000-03-01 was 719,468 days before 1970-01-01.
  const days = dayNumber(seconds) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayFromMarch =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153);
  const day = dayFromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day };
}

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth({ year, month }: CivilDate): number {
  return month === 2 && isLeap(year) ? 29 : (daysOfMonths[month - 1] ?? NaN);
}

function dayOfYear(seconds: number): number {
  const { year, month, day } = dateOf(seconds);
  let days = day;
  for (let before = 1; before < month; before++) days += daysInMonth({ year, month: before, day });
  return days;
}
