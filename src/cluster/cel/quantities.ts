// Resource quantities in CEL: `quantity("500m").isLessThan(quantity("1"))`.
import type { Environment } from "@marcbachmann/cel-js";
import {
  compareQuantities,
  parseQuantity,
  quantityComplaint,
  type Quantity,
} from "../../lib/quantity.ts";
import { registerFunctions } from "./function-table.ts";

const nanoPerUnit = 1_000_000_000n;
const int64Max = 2n ** 63n - 1n;

/** A quantity as CEL holds it: the library tells types apart by their class. */
class QuantityValue {
  readonly quantity: Quantity;

  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
}

export function registerQuantities(environment: Environment): void {
  environment.registerType("kubernetes.Quantity", QuantityValue);
  environment.registerOperator(
    "kubernetes.Quantity == kubernetes.Quantity",
    (left: QuantityValue, right: QuantityValue) => compare(left, right) === 0n,
  );
  const type = "kubernetes.Quantity";
  registerFunctions(environment, {
    [`quantity(string): ${type}`]: (text: string) => {
      const quantity = parseQuantity(text);
      if (!quantity) throw new RangeError(quantityComplaint);
      return new QuantityValue(quantity);
    },
    "isQuantity(string): bool": (text: string) => parseQuantity(text) !== undefined,
    [`${type}.sign(): int`]: ({ quantity }: QuantityValue) =>
      quantity.nano < 0n ? -1n : quantity.nano > 0n ? 1n : 0n,
    [`${type}.isInteger(): bool`]: ({ quantity }: QuantityValue) => isInteger(quantity),
    [`${type}.asInteger(): int`]: ({ quantity }: QuantityValue) => {
      if (!isInteger(quantity)) throw new RangeError("cannot convert value to integer");
      return quantity.nano / nanoPerUnit;
    },
    [`${type}.asApproximateFloat(): double`]: ({ quantity }: QuantityValue) =>
      Number(quantity.nano) / 1e9,
    [`${type}.add(${type}): ${type}`]: (left: QuantityValue, right: QuantityValue) =>
      plus(left, right.quantity.nano),
    [`${type}.add(int): ${type}`]: (left: QuantityValue, right: bigint) =>
      plus(left, right * nanoPerUnit),
    [`${type}.sub(${type}): ${type}`]: (left: QuantityValue, right: QuantityValue) =>
      plus(left, -right.quantity.nano),
    [`${type}.sub(int): ${type}`]: (left: QuantityValue, right: bigint) =>
      plus(left, -right * nanoPerUnit),
    [`${type}.compareTo(${type}): int`]: compare,
    [`${type}.isLessThan(${type}): bool`]: (left: QuantityValue, right: QuantityValue) =>
      compare(left, right) < 0n,
    [`${type}.isGreaterThan(${type}): bool`]: (left: QuantityValue, right: QuantityValue) =>
      compare(left, right) > 0n,
  });
}

function compare(left: QuantityValue, right: QuantityValue): bigint {
  return BigInt(compareQuantities(left.quantity, right.quantity));
}

function plus({ quantity }: QuantityValue, nano: bigint): QuantityValue {
  return new QuantityValue({ ...quantity, nano: quantity.nano + nano });
}

function isInteger({ nano }: Quantity): boolean {
  const whole = nano / nanoPerUnit;
  return nano % nanoPerUnit === 0n && whole <= int64Max && whole >= -int64Max - 1n;
}
