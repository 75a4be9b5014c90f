// Rules of custom resources: what they see, what they say, and which are refused before they are asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema, ValidationRule } from "../../resources/schema.ts";
import { compileRules } from "./schema-rules.ts";

const fields: Readonly<Record<string, Schema>> = {
  replicas: { type: "integer" },
  max: { type: "integer" },
  ratio: { type: "number" },
  name: { type: "string" },
  on: { type: "boolean" },
  note: { type: "string", nullable: true },
  names: { type: "array", items: { type: "string" } },
  sizes: { type: "array", items: { type: "integer" } },
  labels: { type: "object", additionalProperties: { type: "string" } },
  port: { "x-kubernetes-int-or-string": true },
  start: { type: "string", format: "date-time" },
  timeout: { type: "string", format: "duration" },
  bytes: { type: "string", format: "byte" },
  "dash-ed": { type: "string" },
  namespace: { type: "string" },
  inner: { type: "object", properties: { a: { type: "integer" }, b: { type: "string" } } },
  parts: {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["key"],
    items: {
      type: "object",
      required: ["key"],
      properties: { key: { type: "string" }, value: { type: "integer" } },
    },
  },
  any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
};

function schemaOf(rules: readonly ValidationRule[], more: Readonly<Record<string, Schema>> = {}) {
  const spec = { type: "object", properties: { ...fields, ...more } } as const;
  return {
    type: "object",
    properties: { spec: { ...spec, "x-kubernetes-validations": rules } },
  } satisfies Schema;
}

function verdict(rule: string, spec: object, old?: object): readonly string[] {
  const { problems, validate } = compileRules(schemaOf([{ rule }]), "schema");
  assert.deepEqual(problems, [], rule);
  return validate({ spec }, old && { spec: old }).map(({ message }) => message);
}

const holding: readonly (readonly [rule: string, spec: object])[] = [
  ["self.replicas <= self.max", { replicas: 1, max: 2 }],
  ["!has(self.replicas) || self.replicas > 0", {}],
  ["has(self.inner) && has(self.inner.a)", { inner: { a: 1 } }],
  ["has(self.parts[0].value) && !has(self.parts[1].value)", { parts: [{ value: 1 }, {}] }],
  ["has(self.labels.a) && !has(self.labels.b)", { labels: { a: "x" } }],
  ["!has(self.inner.a)", { inner: {} }],
  ["self.ratio > 0.5 && self.ratio < 2", { ratio: 1 }],
  ["self.name.startsWith('a') && self.name.size() == 3", { name: "abc" }],
  ["self.name.matches('^[[:alpha:]]+$')", { name: "abc" }],
  ["matches(self.name, '^a')", { name: "abc" }],
  ["self.port != 80 && self.port in [1, 'http']", { port: "http" }],
  ["self.labels[?'z'].orValue('none') == 'none'", { labels: { a: "b" } }],
  ["self.name in ['a', 'b']", { name: "a" }],
  ["self.on", { on: true }],
  ["self.note == null", { note: null }],
  ["self.names.all(n, n.size() < 3)", { names: ["a", "bb"] }],
  ["self.names.exists(n, n == 'a')", { names: ["b", "a"] }],
  ["self.names.exists_one(n, n == 'a')", { names: ["b", "a"] }],
  ["self.names.map(n, n + '!') == ['a!']", { names: ["a"] }],
  ["self.names.filter(n, n != 'a').size() == 1", { names: ["a", "b"] }],
  ["size(self.names) == 2 && self.names.isSorted()", { names: ["a", "b"] }],
  ["self.sizes.sum() == 6 && self.sizes.max() == 3 && self.sizes.min() == 1", { sizes: [1, 2, 3] }],
  ["self.sizes.indexOf(2) == 1 && self.sizes.lastIndexOf(2) == 2", { sizes: [1, 2, 2] }],
  ["self.labels.all(k, self.labels[k] != '')", { labels: { a: "b" } }],
  ["'a' in self.labels && self.labels['a'] == 'b'", { labels: { a: "b" } }],
  ["type(self.port) == int ? self.port > 0 : self.port != ''", { port: 80 }],
  ["type(self.port) == int ? self.port > 0 : self.port != ''", { port: "http" }],
  ["self.start < timestamp('2030-01-01T00:00:00Z')", { start: "2026-01-01T00:00:00Z" }],
  ["self.start.getFullYear() == 2026", { start: "2026-01-01T00:00:00Z" }],
  ["self.timeout <= duration('1h')", { timeout: "30m" }],
  ["self.bytes == b'abc'", { bytes: "YWJj" }],
  ["self.dash__dash__ed == 'x'", { "dash-ed": "x" }],
  ["self.__namespace__ == 'x'", { namespace: "x" }],
  ["self.inner == self.inner", { inner: { a: 1, b: "c" } }],
  ["self.parts.exists(p, p.key == 'x' && p.value == 1)", { parts: [{ key: "x", value: 1 }] }],
  ["self.?name.orValue('none') == 'none'", {}],
  ["self.?name.optMap(n, n.size() > 5).orValue(true)", {}],
  ["self.name.charAt(1) == 'b' && self.name.indexOf('c') == 2", { name: "abc" }],
  [
    "self.name.replace('a', 'x') == 'xbxb' && self.name.replace('a', 'x', 1) == 'xbab'",
    { name: "abab" },
  ],
  ["self.name.upperAscii() == 'ABC' && self.name.substring(1) == 'bc'", { name: "abc" }],
  ["self.name.split(',').join('-') == 'a-b'", { name: "a,b" }],
  ["' a '.trim() == 'a' && 'abc'.reverse() == 'cba'", {}],
  ["self.name.find('[0-9]+') == '12' && self.name.findAll('[0-9]').size() == 2", { name: "a12" }],
  ["'%s has %d'.format([self.name, self.replicas]) == 'a has 2'", { name: "a", replicas: 2 }],
  ["quantity(self.name).isLessThan(quantity('1'))", { name: "500m" }],
  ["quantity('1Gi').asInteger() == 1073741824 && quantity('1') == quantity('1000m')", {}],
  [
    "isQuantity(self.name) && quantity(self.name).add(1).compareTo(quantity('1500m')) == 0",
    { name: "500m" },
  ],
  [
    "isURL(self.name) && url(self.name).getHostname() == 'a.b' && url(self.name).getPort() == '80'",
    { name: "http://a.b:80/c?d=e" },
  ],
  [
    "url(self.name).getQuery()['d'][0] == 'e' && url(self.name).getScheme() == 'http'",
    { name: "http://a.b:80/c?d=e" },
  ],
  [
    "isIP(self.name) && ip(self.name).family() == 4 && !ip(self.name).isLoopback()",
    { name: "10.0.0.1" },
  ],
  [
    "cidr('10.0.0.0/8').containsIP(self.name) && cidr('10.0.0.0/8').containsIP(ip(self.name))",
    { name: "10.0.0.1" },
  ],
  [
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
    {},
  ],
  ["ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:0db8::1')", {}],
  [
    "sets.contains(self.names, ['a']) && sets.intersects(self.names, ['b', 'z'])",
    { names: ["a", "b"] },
  ],
  ["sets.equivalent(self.names, ['b', 'a', 'a'])", { names: ["a", "b"] }],
  ["!format.dns1123Label().validate(self.name).hasValue()", { name: "abc" }],
  ["format.named('uuid').value().validate(self.name).hasValue()", { name: "abc" }],
  ["cel.bind(n, self.name, n == n)", { name: "abc" }],
];

test("rules that hold say nothing", () => {
  for (const [rule, spec] of holding) assert.deepEqual(verdict(rule, spec), [], rule);
});

const failing: readonly (readonly [rule: ValidationRule, spec: object, expected: string])[] = [
  [
    { rule: "self.replicas <= self.max" },
    { replicas: 3, max: 2 },
    'spec: Invalid value: "object": failed rule: self.replicas <= self.max',
  ],
  [
    { rule: "self.replicas <= self.max", message: "replicas must not exceed max" },
    { replicas: 3, max: 2 },
    'spec: Invalid value: "object": replicas must not exceed max',
  ],
  [
    {
      rule: "self.replicas <= self.max",
      messageExpression: "'at most %d'.format([self.max])",
      fieldPath: ".replicas",
    },
    { replicas: 3, max: 2 },
    'spec.replicas: Invalid value: "object": at most 2',
  ],
  [
    {
      rule: "has(self.name)",
      reason: "FieldValueRequired",
      fieldPath: ".name",
      message: "name it",
    },
    {},
    "spec.name: Required value: name it",
  ],
  [
    { rule: "!has(self.name)", reason: "FieldValueForbidden", message: "not now" },
    { name: "a" },
    "spec: Forbidden: not now",
  ],
  [
    { rule: "self.replicas > 0" },
    {},
    'spec: Invalid value: "object": no such key: replicas evaluating rule: self.replicas > 0',
  ],
];

test("rules that fail say so in Kubernetes' words, at their field", () => {
  for (const [rule, spec, expected] of failing) {
    const { problems, validate } = compileRules(schemaOf([rule]), "schema");
    assert.deepEqual(problems, [], rule.rule);
    const causes = validate({ spec }, undefined);
    assert.deepEqual(
      causes.map(({ field, message }) => `${field}: ${message}`),
      [expected],
    );
  }
});

test("rules stand at any level, also in lists and maps", () => {
  const positive = [{ rule: "self > 0", message: "must be positive" }];
  const number: Schema = { type: "integer", "x-kubernetes-validations": positive };
  const schema: Schema = {
    type: "object",
    "x-kubernetes-validations": [{ rule: "self.metadata.name != 'bad'" }],
    properties: {
      metadata: {
        type: "object",
        properties: {
          name: {
            type: "string",
            "x-kubernetes-validations": [{ rule: "self.size() > 5", message: "too short" }],
          },
        },
      },
      spec: {
        type: "object",
        properties: {
          list: { type: "array", items: number },
          map: { type: "object", additionalProperties: number },
        },
      },
    },
  };
  const { problems, validate } = compileRules(schema, "schema");
  assert.deepEqual(problems, []);
  const object = { metadata: { name: "bad" }, spec: { list: [1, 0], map: { k: -1 } } };
  assert.deepEqual(
    validate(object, undefined).map(({ field }) => field),
    ["<nil>", "spec.list[1]", "spec.map[k]", "metadata.name"],
  );
});

test("transition rules are asked of updates alone, and find the old item by its keys", () => {
  assert.deepEqual(verdict("self.name == oldSelf.name", { name: "a" }), []);
  assert.deepEqual(verdict("self.name == oldSelf.name", { name: "a" }, { name: "a" }), []);
  assert.equal(verdict("self.name == oldSelf.name", { name: "a" }, { name: "b" }).length, 1);
  const item: Schema = {
    ...fields["parts"]?.items,
    "x-kubernetes-validations": [{ rule: "self.value >= oldSelf.value" }],
  };
  const schema = schemaOf([], { parts: { ...fields["parts"], items: item } });
  const { problems, validate } = compileRules(schema, "schema");
  assert.deepEqual(problems, []);
  const parts = (...values: readonly (readonly [string, number])[]) => ({
    spec: { parts: values.map(([key, value]) => ({ key, value })) },
  });
  const causes = validate(parts(["b", 1], ["a", 5]), parts(["a", 5], ["b", 2]));
  assert.deepEqual(
    causes.map(({ field }) => field),
    ["spec.parts[0]"],
  );
});

test("an optional oldSelf is there at a create too", () => {
  const rule = {
    rule: "oldSelf.hasValue() || self.replicas == 1",
    optionalOldSelf: true,
    message: "must start with 1",
  };
  const { problems, validate } = compileRules(schemaOf([rule]), "schema");
  assert.deepEqual(problems, []);
  assert.equal(validate({ spec: { replicas: 2 } }, undefined).length, 1);
  assert.equal(validate({ spec: { replicas: 2 } }, { spec: { replicas: 1 } }).length, 0);
});

test("what has not changed is not asked about again", () => {
  assert.deepEqual(verdict("self.replicas < 3", { replicas: 5 }, { replicas: 5 }), []);
  assert.equal(verdict("self.replicas < 3", { replicas: 6 }, { replicas: 5 }).length, 1);
});

const refused: readonly (readonly [rule: ValidationRule, field: string, problem: RegExp])[] = [
  [{ rule: "self.missing > 1" }, "rule", /ERROR: <input>:1:6: undefined field 'missing'/],
  [{ rule: "has(self.missing)" }, "rule", /undefined field 'missing'/],
  [{ rule: "has(self)" }, "rule", /has\(\) invalid argument/],
  [{ rule: "self.names.all(n, has(n.x))" }, "rule", /compilation failed/],
  [{ rule: "self.any.x == 1" }, "rule", /undefined field 'x'/],
  [{ rule: "self.inner.all(k, true)" }, "rule", /type 'Object.spec.inner' cannot be range/],
  [{ rule: "self.names.all(i, n, i < 3)" }, "rule", /undeclared reference to 'i'/],
  [{ rule: "other == 1" }, "rule", /undeclared reference to 'other' \(in container ''\)/],
  [{ rule: "self.name.unknown()" }, "rule", /found no matching overload for 'string.unknown\(\)'/],
  [{ rule: "unknown(self.name)" }, "rule", /found no matching overload for 'unknown\(string\)'/],
  [{ rule: "self.name + 1 == 2" }, "rule", /no such overload: string \+ int/],
  [{ rule: "self.name" }, "rule", /must evaluate to a bool/],
  [{ rule: "self.name ==" }, "rule", /ERROR: <input>:1:13/],
  [{ rule: "self.name.matches('(?=a)')" }, "rule", /invalid or unsupported Perl syntax/],
  [{ rule: "" }, "rule", /Required value: rule is not specified/],
  [{ rule: "true", messageExpression: "1" }, "messageExpression", /must evaluate to a string/],
  [{ rule: "true", fieldPath: ".missing" }, "fieldPath", /does not refer to a valid field/],
  [{ rule: "true", reason: "Other" }, "reason", /Unsupported value: "Other"/],
  [{ rule: "true", optionalOldSelf: true }, "optionalOldSelf", /oldSelf is not used/],
  [{ rule: "true ||\nfalse" }, "message", /must be specified if rule contains line breaks/],
];

test("a rule that cannot be asked is refused, with its place", () => {
  for (const [rule, field, problem] of refused) {
    const { problems } = compileRules(schemaOf([rule]), "schema");
    assert.equal(problems.length, 1, `${rule.rule}: ${JSON.stringify(problems)}`);
    const at = `schema.properties[spec].x-kubernetes-validations[0].${field}`;
    assert.equal(problems[0]?.field, at);
    assert.match(problems[0]?.message ?? "", problem);
  }
});

test("a rule about old items is refused where no old item can be found", () => {
  const item: Schema = {
    type: "string",
    "x-kubernetes-validations": [{ rule: "self == oldSelf" }],
  };
  const { problems } = compileRules(schemaOf([], { names: { type: "array", items: item } }), "s");
  assert.match(problems[0]?.message ?? "", /oldSelf cannot be used on the uncorrelatable portion/);
});

test("a rule that makes a text without measure is stopped, and the object refused", () => {
  const object = { names: Array.from({ length: 5_000 }, () => "a"), name: "a".repeat(5_000) };
  for (const rule of [
    "self.names.join(self.name).split('a').size() > 0",
    "self.name.replace('a', self.name).size() > 0",
    "self.names.map(n, '%s'.format([self.name])).join().size() > 0",
  ])
    assert.match(verdict(rule, object)[0] ?? "", /longer than the 3145728 allowed/, rule);
});

test("methods are named in mistakes as they were written", () => {
  const [problem] = compileRules(
    schemaOf([{ rule: "self.sizes.join() == ''" }], {
      sizes: { type: "array", items: { type: "integer" } },
    }),
    "s",
  ).problems;
  assert.match(problem?.message ?? "", /join/);
  assert.doesNotMatch(problem?.message ?? "", /joinTexts/);
});

test(
  "a rule that loops without measure is stopped, and the object refused",
  { timeout: 20_000 },
  () => {
    const sizes = Array.from({ length: 3000 }, (_, index) => index);
    const messages = verdict("self.sizes.all(a, self.sizes.all(b, a + b >= 0))", { sizes });
    assert.match(messages[0] ?? "", /running out of cost budget/);
  },
);
