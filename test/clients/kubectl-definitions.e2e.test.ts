// Definitions of one's own kinds, by kubectl: several versions, columns, defaults, every sort of
// refusal, rules in CEL, and what explain makes of the schema.
import { openPlaneTerminal } from "./plane-terminal.ts";
import { deleted, testStories, type Story } from "./story.ts";

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: brews.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: brews, singular: brew, kind: Brew, shortNames: [br]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.bean}]
    additionalPrinterColumns:
    - {name: Bean, type: string, jsonPath: .spec.bean}
    - {name: Cups, type: integer, jsonPath: .spec.cups}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Owner, type: string, priority: 1, jsonPath: '.metadata.annotations.example\\.org/owner'}
    schema:
      openAPIV3Schema:
        type: object
        description: Coffee to be made.
        required: [spec]
        properties:
          spec:
            type: object
            description: How it is wanted.
            required: [bean]
            x-kubernetes-validations:
            - rule: self.cups <= self.cupsMax
              messageExpression: "'%d cups are more than %d'.format([self.cups, self.cupsMax])"
            - rule: self.bean == oldSelf.bean
              message: bean is immutable
              fieldPath: .bean
              reason: FieldValueForbidden
            properties:
              bean: {type: string, description: Which bean., enum: [arabica, robusta]}
              cups: {type: integer, minimum: 1, default: 1}
              cupsMax: {type: integer, default: 4}
              water:
                type: string
                x-kubernetes-validations:
                - {rule: "quantity(self).isLessThan(quantity('2'))", message: must be under 2 litres}
              strength: {x-kubernetes-int-or-string: true}
              at: {type: string, format: date-time}
              extras: {type: array, x-kubernetes-list-type: set, items: {type: string}}
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;

const brew = (name: string, spec: string): string => `
apiVersion: example.org/v1
kind: Brew
metadata: {name: ${name}, annotations: {example.org/owner: me}}
spec: ${spec}
`;

const stories: readonly Story[] = [
  {
    name: "a definition and its objects",
    files: {
      "crd.yaml": definition,
      "a.yaml": brew("a", "{bean: arabica, cups: 2, strength: 3, extras: [milk]}"),
      "b.yaml": brew("b", "{bean: robusta}"),
      "moved.yaml": brew("a", "{bean: robusta, cups: 2}"),
      "many.yaml": brew("a", "{bean: arabica, cups: 9}"),
      "wrong.yaml": brew("c", "{bean: tea, cups: 0, strength: 1.5, at: now, extras: [x, x]}"),
      "water.yaml": brew("c", "{bean: arabica, water: 2500m}"),
      "unknown.yaml": brew("c", "{bean: arabica, sugar: 1}"),
    },
    steps: [
      {
        run: "apply -f crd.yaml",
        out: "customresourcedefinition.apiextensions.k8s.io/brews.example.org created\n",
      },
      {
        run: "wait --for=condition=Established crd/brews.example.org --timeout=10s",
        out: "customresourcedefinition.apiextensions.k8s.io/brews.example.org condition met\n",
      },
      { run: "get crd brews.example.org", out: /^NAME +CREATED AT\nbrews.example.org +\d{4}-/ },
      {
        run: "apply -f a.yaml -f b.yaml",
        out: "brew.example.org/a created\nbrew.example.org/b created\n",
      },
      { run: "apply -f a.yaml", out: "brew.example.org/a unchanged\n" },
      {
        run: "get brews",
        out: /^NAME +BEAN +CUPS +READY\na +arabica +2 +\nb +robusta +1 +\n$/,
      },
      {
        run: `patch br a --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'`,
        out: "brew.example.org/a patched\n",
      },
      { run: "get br a -o wide", out: /READY +OWNER\na +arabica +2 +True +me\n$/ },
      { run: "get br --field-selector spec.bean=robusta -o name", out: "brew.example.org/b\n" },
      { run: "get br b -o jsonpath={.spec}", out: '{"bean":"robusta","cups":1,"cupsMax":4}' },
      {
        run: "apply -f wrong.yaml",
        err: /^The Brew "c" is invalid: \n\* spec.at: Invalid value: "now": spec.at in body must be of type date-time: "now"\n\* spec.bean: Unsupported value: "tea": supported values: "arabica", "robusta"\n\* spec.cups: Invalid value: 0: spec.cups in body should be greater than or equal to 1\n\* spec.extras\[1\]: Duplicate value: "x"\n\* spec.strength: Invalid value: "number": spec.strength in body must be of type integer,string: "number"\n$/,
      },
      {
        run: "apply -f many.yaml",
        err: /spec: Invalid value: "object": 9 cups are more than 4\n$/,
      },
      { run: "apply -f moved.yaml", err: /spec.bean: Forbidden: bean is immutable\n$/ },
      {
        run: "apply -f water.yaml",
        err: /spec.water: Invalid value: "string": must be under 2 litres\n$/,
      },
      {
        run: "apply -f unknown.yaml",
        err: /strict decoding error: unknown field "spec.sugar"\n$/,
      },
      {
        run: "apply --validate=warn -f unknown.yaml",
        out: "brew.example.org/c created\n",
        err: /^Warning: unknown field "spec.sugar"\n$/,
        code: 0,
      },
      {
        run: "get brews.v1beta1.example.org a -o jsonpath={.apiVersion}",
        out: "example.org/v1beta1",
        err: /^Warning: example.org\/v1beta1 Brew is deprecated; use example.org\/v1 Brew\n$/,
        code: 0,
      },
      { run: "explain brew", out: /KIND: +Brew\n[^]*Coffee to be made\.[^]*-required-/ },
      {
        run: "explain br.spec",
        out: /FIELD: spec <Object>[^]*How it is wanted\.[^]*bean\t<string> -required-\n[^]*Which bean\./,
      },
      { run: "explain brew --recursive", out: /\n {4}extras\t<\[\]string>\n/ },
      {
        run: "explain brew --api-version=example.org/v1beta1",
        out: /VERSION: +v1beta1\n/,
      },
      {
        run: "delete crd brews.example.org",
        out: deleted("customresourcedefinition.apiextensions.k8s.io", "brews.example.org"),
      },
      { run: "get crd brews.example.org", err: /NotFound/ },
    ],
  },
  {
    name: "definitions that are refused",
    files: {
      "rule.yaml": definition.replace("self.cups <= self.cupsMax", "self.cups <= self.most"),
      "default.yaml": definition.replace("default: 4", "default: four"),
      "pattern.yaml": definition.replace("format: date-time", "pattern: '(?=a)'"),
      "keyword.yaml": definition.replace("minimum: 1", "minimun: 1"),
    },
    steps: [
      {
        run: "create -f rule.yaml",
        err: /x-kubernetes-validations\[0\].rule: Invalid value: [^]*compilation failed: ERROR: <input>:1:19: undefined field 'most'\n \| self.cups <= self.most\n \| \.{18}\^\n$/,
      },
      {
        run: "create -f default.yaml",
        err: /properties\[cupsMax\].default: Invalid value: "string": [^]*must be of type integer: "string"\n$/,
      },
      {
        run: "create -f pattern.yaml",
        err: /pattern: Invalid value: "\(\?=a\)": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: `\(\?=`\n$/,
      },
      {
        run: "create -f keyword.yaml",
        err: /strict decoding error: unknown field "[^"]*minimun"\n$/,
      },
    ],
  },
];

testStories("kubectl on definitions", openPlaneTerminal, stories);
