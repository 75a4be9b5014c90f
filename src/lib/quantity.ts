// Kubernetes quantities ("500m", "4Gi", "1e3"): exact arithmetic in nano-units, and the one canonical
// text of each value. It refuses what the API server refuses, and never rounds through a float.

/** Which family of suffixes the text used; the canonical form keeps it. */
export type QuantityFormat = "binary" | "decimal" | "exponent";

export type Quantity = {
  /** The value times 10^9. Finer values are rounded away from zero, as Kubernetes does. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
};

/** What Kubernetes says of a text that is no quantity. */
export const quantityComplaint =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTPtpb]*[-+]?[0-9]*)$'";

const binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
/** Powers of 1000, from nano upwards. */
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const nanoPerUnit = 1_000_000_000n;

const quantityPattern =
  /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3})?$/;

/** Undefined for what is no quantity. A JSON number is read as its text, as the API server does. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const match = quantityPattern.exec(String(text).trim());
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(whole + fraction);
  const { format, multiplier, exponent } = scaleOf(suffix);
  const nano = shift(digits * multiplier, exponent + 9 - fraction.length);
  return { nano: sign === "-" ? -nano : nano, format };
}

/** The value as a float; undefined for what is no quantity. */
export function quantityValue(text: string | number): number | undefined {
  const quantity = parseQuantity(text);
  return quantity && Number(quantity.nano) / 1e9;
}

/** Negative, zero or positive, as a sort wants it. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  return left.nano < right.nano ? -1 : left.nano > right.nano ? 1 : 0;
}

/**
 * The canonical text: no fraction, and the largest suffix that leaves none: "0.5" is "500m", "1024Ki"
 * is "1Mi". Binary values under 1024 are written as decimals, as Kubernetes does.
 */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return "0";
  const inDecimals = format !== "binary" || magnitude(nano) < 1024n * nanoPerUnit;
  if (!inDecimals) {
    const [mantissa, power] = reduce(divideUp(nano, nanoPerUnit), 1024n, binarySuffixes.length);
    return `${mantissa}${power === 0 ? "" : binarySuffixes[power - 1]}`;
  }
  const [mantissa, power] = reduce(nano, 1000n, decimalSuffixes.length - 1);
  if (format !== "exponent") return `${mantissa}${decimalSuffixes[power]}`;
  return power === 3 ? `${mantissa}` : `${mantissa}e${(power - 3) * 3}`;
}

/** The canonical text of a quantity's text; what is no quantity comes back as it is. */
export function canonicalQuantity(text: string | number): string {
  const quantity = parseQuantity(text);
  return quantity ? formatQuantity(quantity) : String(text);
}

type Scale = {
  readonly format: QuantityFormat;
  readonly multiplier: bigint;
  readonly exponent: number;
};

function scaleOf(suffix: string): Scale {
  const binary = binarySuffixes.findIndex((known) => known === suffix);
  if (binary >= 0)
    return { format: "binary", multiplier: 1024n ** BigInt(binary + 1), exponent: 0 };
  if (/^[eE][+-]?\d/.test(suffix))
    return { format: "exponent", multiplier: 1n, exponent: Number(suffix.slice(1)) };
  const decimal = decimalSuffixes.findIndex((known) => known === suffix);
  return { format: "decimal", multiplier: 1n, exponent: (decimal - 3) * 3 };
}

/** Times 10^power; a negative power rounds up. */
function shift(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  return divideUp(value, 10n ** BigInt(-power));
}

/** Divides, rounding away from zero. */
function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** Takes out as many whole factors of `base` as there are, but no more than `powerMax`. */
function reduce(value: bigint, base: bigint, powerMax: number): [mantissa: bigint, power: number] {
  let mantissa = value;
  let power = 0;
  while (power < powerMax && mantissa % base === 0n) {
    mantissa /= base;
    power++;
  }
  return [mantissa, power];
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
