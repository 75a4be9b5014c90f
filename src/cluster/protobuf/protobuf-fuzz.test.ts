// Random bodies: written by the table of messages, then damaged. Whatever arrives is an object or a
// refusal, and soon.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, type Random } from "../../lib/random.ts";
import { builtinKinds } from "../../resources/builtin-kinds.ts";
import { apiVersionOf } from "../../resources/kind.ts";
import { chance, pick } from "../../resources/random-value-fixture.ts";
import { ApiProblem } from "../api-status.ts";
import { envelope, message } from "./encode-fixture.ts";
import type { Field } from "./message.ts";
import { messages } from "./messages.ts";
import { decodeProtobuf } from "./protobuf.ts";

type Part = readonly [number: number, value: number | string | Uint8Array];

/** How many fields a body may still get: schemas in schemas would never end. */
type Budget = { left: number };

function randomMessage(name: string, random: Random, budget: Budget): Uint8Array {
  const parts = Object.entries(messages[name] ?? {}).flatMap(([number, field]): Part[] =>
    chance(random, 0.4) && budget.left-- > 0
      ? [[Number(number), randomField(field, random, budget)]]
      : [],
  );
  return message(...parts);
}

function randomField([, type, form]: Field, random: Random, budget: Budget): Part[1] {
  const value = randomScalar(type, random, budget);
  return form === "map"
    ? message([1, pick<string>(random, ["a", "", "__proto__"])], [2, value])
    : value;
}

function randomScalar(type: string, random: Random, budget: Budget): Part[1] {
  switch (type) {
    case "int":
    case "bool":
      return pick<number>(random, [0, 1, 300, 2 ** 40]);
    case "string":
    case "bytes":
      return pick<string>(random, ["", "x", "häß"]);
    case "quantity":
      return message([1, "1Gi"]);
    case "intOrString":
      return message([1, 1], [3, "25%"]);
    case "json":
      return message([1, pick<string>(random, ['{"a":1}', "[", ""])]);
    case "double":
      return 1;
    default:
      return randomMessage(messages[type] ? type : "JSONSchemaProps", random, budget);
  }
}

/** Some bytes changed, cut out, put in or doubled. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const list = [...bytes];
  for (let count = Math.floor(random() * 4); count >= 0; count--) {
    const at = 4 + Math.floor(random() * (list.length - 4));
    const byte = Math.floor(random() * 256);
    switch (Math.floor(random() * 4)) {
      case 0:
        list[at] = byte;
        break;
      case 1:
        list.splice(at, 1 + Math.floor(random() * 8));
        break;
      case 2:
        list.splice(at, 0, byte);
        break;
      default:
        list.splice(at, 0, ...list.slice(at, at + 16));
    }
  }
  return new Uint8Array(list);
}

test("a damaged body is read or refused", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  let read = 0;
  const [first, ...others] = builtinKinds;
  assert.ok(first);
  for (let index = 0; index < 3000; index++) {
    const kind = pick(random, [first, ...others]);
    const body = envelope(
      apiVersionOf(kind),
      kind.kind,
      randomMessage(kind.kind, random, { left: 200 }),
    );
    const bytes = index % 2 === 0 ? body : damaged(body, random);
    try {
      const object = decodeProtobuf(bytes);
      assert.equal(Object.getPrototypeOf(object), Object.prototype);
      JSON.stringify(object);
      read++;
    } catch (error) {
      const refused = error instanceof ApiProblem && (error.code === 400 || error.code === 415);
      if (!refused)
        throw new Error(`seed ${seed}, body ${Buffer.from(bytes).toString("hex")}`, {
          cause: error,
        });
    }
  }
  assert.ok(read > 500, `seed ${seed}: only ${read} were read`);
});

test("bytes of no sense at all are refused", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  const random = seededRandom(seed);
  for (let index = 0; index < 3000; index++) {
    const noise = Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256);
    const bytes = index % 2 === 0 ? noise : envelope("v1", "Pod", noise);
    try {
      decodeProtobuf(bytes);
    } catch (error) {
      assert.ok(error instanceof ApiProblem && error.code < 500, `seed ${seed}: ${String(error)}`);
    }
  }
});

// If the time grew with the square of the length, these would take hours.
test("a body of three MiB of the smallest parts is read", { timeout: 60_000 }, () => {
  const raw = (part: readonly number[]): Uint8Array =>
    Uint8Array.from({ length: 3_000_000 }, (_, at) => part[at % part.length] ?? 0);
  const finalizers = decodeProtobuf(envelope("v1", "Pod", message([1, raw([0x72, 0])])));
  assert.equal((finalizers["metadata"] as { finalizers: object[] }).finalizers.length, 1_500_000);
  const data = decodeProtobuf(envelope("v1", "ConfigMap", raw([0x12, 0])));
  assert.deepEqual(data["data"], { "": "" });
});
