// Server-side apply as a story of managers who write one object, one after another. What they own is
// told in paths, as in the messages of conflicts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deploymentKind } from "../../resources/deployment.ts";
import type { KubeObject, ManagedFieldsEntry } from "../../resources/object.ts";
import { podKind } from "../../resources/pod.ts";
import { serviceKind } from "../../resources/service.ts";
import { ApiProblem } from "../api-status.ts";
import { builtIn, type Resource } from "../resource-catalog.ts";
import { apply, readConfiguration } from "./apply.ts";
import { pathsOf } from "./field-set.ts";
import { trackUpdate } from "./track-update.ts";

const deployments = builtIn(deploymentKind);
const services = builtIn(serviceKind);
const pods = builtIn(podKind);
const startMs = Date.UTC(2026, 0, 2);

type Fields = Readonly<Record<string, unknown>>;

/** One object and who writes it; every write comes a minute after the last. */
class Story {
  readonly resource: Resource;
  object: KubeObject | undefined;
  #nowMs = startMs;

  constructor(resource: Resource = deployments) {
    this.resource = resource;
  }

  apply(
    manager: string,
    body: Fields,
    options: { force?: boolean; subresource?: string } = {},
  ): this {
    const { force = false, subresource } = options;
    const { apiVersion, kind } = this.#type();
    const configuration = { apiVersion, kind, metadata: { name: "a" }, ...body };
    this.object = apply(this.object, readConfiguration(configuration, this.resource), {
      resource: this.resource,
      manager,
      subresource,
      name: "a",
      force,
      nowMs: this.#tick(),
    });
    return this;
  }

  update(manager: string, change: (old: never) => unknown, subresource?: string): this {
    const { apiVersion, kind } = this.#type();
    const old = this.object;
    const bare = old ?? { apiVersion, kind, metadata: { name: "a" } };
    const next = change(bare as never) as KubeObject;
    const managedFields = trackUpdate(old, next, next.metadata.managedFields, {
      resource: this.resource,
      manager,
      subresource,
      nowMs: this.#tick(),
    });
    this.object = { ...next, metadata: { ...next.metadata, managedFields } };
    return this;
  }

  /** The object without its identity and without who owns what. */
  body(): Fields {
    const { apiVersion: _a, kind: _k, metadata, ...rest } = this.object as KubeObject;
    const { name: _n, managedFields: _m, ...others } = metadata;
    return Object.keys(others).length > 0 ? { metadata: others, ...rest } : rest;
  }

  /** `kubectl: .spec.replicas`, one line for each manager, in the order of the object. */
  owners(): readonly string[] {
    return this.entries().map(({ manager, operation, subresource, fieldsV1 }) => {
      const who = `${manager}${subresource ? `/${subresource}` : ""}${operation === "Update" ? "*" : ""}`;
      return `${who}: ${pathsOf(fieldsV1).join(" ")}`;
    });
  }

  entries(): readonly ManagedFieldsEntry[] {
    return this.object?.metadata.managedFields ?? [];
  }

  #type(): { apiVersion: string; kind: string } {
    const { group, version, kind } = this.resource.kind;
    return { apiVersion: group === "" ? version : `${group}/${version}`, kind };
  }

  #tick(): number {
    this.#nowMs += 60_000;
    return this.#nowMs;
  }
}

const container = (name: string, fields: Fields = {}): Fields => ({ name, ...fields });
const template = (...containers: readonly Fields[]): Fields => ({
  spec: { template: { spec: { containers } } },
});
const problemOf = (act: () => unknown): ApiProblem => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ApiProblem, String(error));
    return error;
  }
  return assert.fail("nothing was refused");
};

test("an applier owns what it applied, and no defaults", () => {
  const story = new Story().apply("kubectl", {
    metadata: { name: "a", labels: { app: "a" } },
    spec: { replicas: 2, selector: { matchLabels: { app: "a" } } },
  });
  assert.deepEqual(story.owners(), ["kubectl: .metadata.labels.app .spec.replicas .spec.selector"]);
  assert.equal(story.entries()[0]?.time, "2026-01-02T00:01:00Z");
});

test("a field that is left out goes", () => {
  const story = new Story()
    .apply("kubectl", { spec: { replicas: 2, paused: true } })
    .apply("kubectl", { spec: { replicas: 2 } });
  assert.deepEqual(story.body(), { spec: { replicas: 2 } });
  assert.deepEqual(story.owners(), ["kubectl: .spec.replicas"]);
});

test("a field that is left out stays as long as another applier wants it", () => {
  const story = new Story()
    .apply("one", { spec: { replicas: 2, paused: true } })
    .apply("two", { spec: { paused: true } })
    .apply("one", { spec: { replicas: 2 } });
  assert.deepEqual(story.body(), { spec: { replicas: 2, paused: true } });
  assert.deepEqual(story.owners(), ["two: .spec.paused", "one: .spec.replicas"]);
  assert.deepEqual(story.apply("two", {}).body(), { spec: { replicas: 2 } });
});

test("what nobody applied stays", () => {
  const story = new Story()
    .apply("kubectl", { spec: { replicas: 2, paused: true } })
    .update("controller", (old: Fields & { spec: Fields }) => ({
      ...old,
      spec: { ...old.spec, minReadySeconds: 5 },
    }))
    .apply("kubectl", { spec: { paused: true } });
  assert.deepEqual(story.body(), { spec: { paused: true, minReadySeconds: 5 } });
});

test("two appliers who agree share a field", () => {
  const story = new Story()
    .apply("one", { spec: { replicas: 2 } })
    .apply("two", { spec: { replicas: 2 } });
  assert.deepEqual(story.owners(), ["one: .spec.replicas", "two: .spec.replicas"]);
});

test("changing what another owns is a conflict, told in Kubernetes' words", () => {
  const story = new Story().update("kubectl-client-side-apply", (old: Fields) => ({
    ...old,
    spec: { replicas: 2 },
  }));
  const { code, reason, message, details } = problemOf(() =>
    story.apply("kubectl", { spec: { replicas: 3 } }),
  );
  assert.equal(code, 409);
  assert.equal(reason, "Conflict");
  assert.equal(
    message,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
  );
  assert.deepEqual(details?.causes, [
    {
      reason: "FieldManagerConflict",
      message: 'conflict with "kubectl-client-side-apply" using apps/v1',
      field: ".spec.replicas",
    },
  ]);
});

test("several conflicts are listed by manager", () => {
  const story = new Story().apply("one", { spec: { replicas: 2 } }).update(
    "scaler",
    (old: Fields & { spec: Fields }) => ({
      ...old,
      ...template(container("c", { image: "x" })),
    }),
    "scale",
  );
  story.update("labeler", (old: KubeObject & { spec: Fields }) => ({
    ...old,
    metadata: { ...old.metadata, labels: { app: "x" } },
    spec: { ...old.spec, replicas: 2 },
  }));
  const wanted = {
    metadata: { name: "a", labels: { app: "y" } },
    ...template(container("c", { image: "y" })),
  };
  assert.equal(
    problemOf(() => story.apply("two", wanted)).message,
    [
      'Apply failed with 2 conflicts: conflicts with "labeler" using apps/v1:',
      "- .metadata.labels.app",
      'conflicts with "scaler" with subresource "scale" using apps/v1:',
      '- .spec.template.spec.containers[name="c"].image',
    ].join("\n"),
  );
});

test("a manager who insists takes the field over", () => {
  const story = new Story()
    .apply("one", { spec: { replicas: 2, paused: true } })
    .apply("two", { spec: { replicas: 3 } }, { force: true });
  assert.deepEqual(story.owners(), ["one: .spec.paused", "two: .spec.replicas"]);
  const { message } = problemOf(() => story.apply("one", { spec: { replicas: 2 } }));
  assert.equal(message, 'Apply failed with 1 conflict: conflict with "two": .spec.replicas');
});

test("an update takes fields without asking", () => {
  const story = new Story()
    .apply("one", { spec: { replicas: 2, paused: true } })
    .update("scaler", (old: Fields) => ({ ...old, spec: { replicas: 5, paused: true } }), "scale");
  assert.deepEqual(story.owners(), ["one: .spec.paused", "scaler/scale*: .spec.replicas"]);
});

test("who stops owning a field lets others keep its value", () => {
  const story = new Story()
    .apply("one", { spec: { replicas: 2, paused: true } })
    .update("scaler", (old: Fields) => ({ ...old, spec: { replicas: 5, paused: true } }), "scale")
    .apply("one", { spec: { paused: true } });
  assert.deepEqual(story.body(), { spec: { replicas: 5, paused: true } });
});

test("an item of a keyed list goes with who applied it, the others stay", () => {
  const story = new Story()
    .apply("one", template(container("a", { image: "x" }), container("b", { image: "x" })))
    .apply("two", template(container("c", { image: "y" })))
    .apply("one", template(container("b", { image: "x" })));
  assert.deepEqual(
    story.body(),
    template(container("b", { image: "x" }), container("c", { image: "y" })),
  );
});

test("one of several owners of an item takes only its own fields out", () => {
  const story = new Story()
    .apply("one", template(container("a", { image: "x", tty: true })))
    .apply("two", template(container("a", { image: "x" })))
    .apply("one", {});
  assert.deepEqual(story.body(), template(container("a", { image: "x" })));
});

const orders: readonly (readonly [name: string, live: string, applied: string, merged: string])[] =
  [
    ["the applied order holds", "a b c", "c b a", "c b a"],
    ["what only the live list has stays behind its neighbour", "a x b", "a b", "a x b"],
    ["new items come where they were applied", "a b", "a n b", "a n b"],
    ["live items come before new ones at the same place", "a x", "a n", "a x n"],
    ["a live item behind one that moves to the end", "a b x", "b a", "b x a"],
    ["nothing in common", "x y", "a b", "x y a b"],
  ];

for (const [name, live, applied, merged] of orders)
  test(`the order of a merged list: ${name}`, () => {
    const list = (text: string): Fields =>
      template(...text.split(" ").map((item) => container(item)));
    const story = new Story()
      .update("user", (old: Fields) => ({ ...old, ...list(live) }))
      .apply("kubectl", list(applied));
    assert.deepEqual(story.body(), list(merged));
  });

test("keys of items that have defaults may be left out", () => {
  const story = new Story(services)
    .update("user", (old: Fields) => ({
      ...old,
      spec: {
        ports: [
          { port: 80, protocol: "TCP" },
          { port: 80, protocol: "UDP" },
        ],
      },
    }))
    .apply("kubectl", { spec: { ports: [{ port: 80, targetPort: 8080 }] } });
  assert.deepEqual(story.body(), {
    spec: {
      ports: [
        { port: 80, protocol: "TCP", targetPort: 8080 },
        { port: 80, protocol: "UDP" },
      ],
    },
  });
  assert.match(story.owners()[0] ?? "", /\.spec\.ports\[port=80,protocol="TCP"\]\.targetPort/);
});

test("sets are united, and each item has its owners", () => {
  const meta = (...finalizers: readonly string[]): Fields => ({
    metadata: { name: "a", finalizers },
  });
  const story = new Story().apply("one", meta("x.io/a", "x.io/b")).apply("two", meta("x.io/c"));
  story.apply("one", meta("x.io/b"));
  assert.deepEqual(story.body(), { metadata: { finalizers: ["x.io/b", "x.io/c"] } });
});

test("atomic lists and maps have one owner and are replaced as a whole", () => {
  const story = new Story(services)
    .apply("one", { spec: { selector: { app: "a", tier: "x" }, externalIPs: ["1.1.1.1"] } })
    .apply("one", { spec: { selector: { app: "b" }, externalIPs: ["2.2.2.2"] } });
  assert.deepEqual(story.body(), { spec: { selector: { app: "b" }, externalIPs: ["2.2.2.2"] } });
  assert.match(
    problemOf(() => story.apply("two", { spec: { selector: { app: "b", more: "c" } } })).message,
    /conflict with "one": \.spec\.selector$/,
  );
});

test("the same configuration again changes nothing, not even a time", () => {
  const story = new Story().apply("kubectl", { spec: { replicas: 2 } });
  const before = story.object;
  story.apply("kubectl", { spec: { replicas: 2 } });
  assert.deepEqual(story.object, before);
});

test("an update that changes nothing leaves no trace", () => {
  const story = new Story().apply("kubectl", { spec: { replicas: 2 } });
  const before = story.object;
  assert.deepEqual(story.update("other", (old) => old).object, before);
});

test("a field that an update removes belongs to nobody", () => {
  const story = new Story()
    .apply("kubectl", { spec: { replicas: 2, paused: true } })
    .update("editor", (old: Fields) => ({ ...old, spec: { replicas: 2 } }));
  assert.deepEqual(story.owners(), ["kubectl: .spec.replicas"]);
});

test("an applier of the status owns the status alone", () => {
  const story = new Story()
    .apply("user", { spec: { replicas: 1 }, status: { replicas: 9 } })
    .apply(
      "controller",
      { spec: { paused: true }, status: { replicas: 1 } },
      { subresource: "status", force: true },
    );
  assert.deepEqual(story.owners(), ["user: .spec.replicas", "controller/status: .status.replicas"]);
});

test("the first apply to an untracked object finds everything owned by an unknown manager", () => {
  const story = new Story();
  story.object = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a", uid: "u" },
    spec: { replicas: 2 },
  } as KubeObject;
  assert.equal(
    problemOf(() => story.apply("kubectl", { spec: { replicas: 3 } })).message,
    'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
  );
  story.apply("kubectl", { spec: { replicas: 2 } });
  assert.deepEqual(story.owners(), [
    "kubectl: .spec.replicas",
    "before-first-apply*: .spec.replicas",
  ]);
});

test("kubectl apply takes over what client-side apply left as it was", () => {
  const configuration = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { replicas: 2, minReadySeconds: 1 },
  };
  const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
  const annotations = { [lastApplied]: JSON.stringify(configuration) };
  const story = new Story().update("kubectl-client-side-apply", () => ({
    ...configuration,
    metadata: { name: "a", annotations },
  }));
  assert.equal(problemOf(() => story.apply("helm", { spec: { replicas: 4 } })).code, 409);
  story.apply("kubectl", { spec: { replicas: 4, minReadySeconds: 1 } });
  assert.equal((story.body()["spec"] as Fields)["replicas"], 4);
  const text = story.object?.metadata.annotations?.[lastApplied] ?? "";
  assert.equal((JSON.parse(text) as typeof configuration).spec.replicas, 4);
});

test("more than ten updaters are joined, the oldest first", () => {
  const story = new Story().apply("owner", { metadata: { name: "a", labels: { own: "x" } } });
  for (let index = 0; index < 12; index++)
    story.update(`updater-${index}`, (old: KubeObject) => ({
      ...old,
      metadata: { ...old.metadata, labels: { ...old.metadata.labels, [`l${index}`]: "x" } },
    }));
  assert.equal(story.entries().length, 11);
  assert.equal(
    story.owners()[1],
    "ancient-changes*: .metadata.labels.l0 .metadata.labels.l1 .metadata.labels.l2",
  );
});

const refusals: readonly (readonly [
  name: string,
  resource: Resource,
  body: Fields,
  words: string,
])[] = [
  [
    "a field that the schema does not have",
    deployments,
    { spec: { replica: 1 } },
    "failed to create typed patch object (a; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema",
  ],
  [
    "a value of a wrong type",
    deployments,
    { spec: { replicas: "two" } },
    'failed to create typed patch object (a; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got "two"',
  ],
  [
    "an item without its key",
    pods,
    { spec: { containers: [{ image: "x" }] } },
    'failed to create typed patch object (a; v1, Kind=Pod): .spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
  ],
  [
    "the same item twice",
    pods,
    { spec: { containers: [{ name: "x" }, { name: "x" }] } },
    'failed to create typed patch object (a; v1, Kind=Pod): .spec.containers: duplicate entries for key [name="x"]',
  ],
  [
    "several misfits at once, also below what is atomic",
    services,
    { spec: { selector: { app: 1 }, typ: "x" } },
    "failed to create typed patch object (a; v1, Kind=Service): errors:\n  .spec.selector.app: expected string, got 1\n  .spec.typ: field not declared in schema",
  ],
  [
    "another version",
    deployments,
    { apiVersion: "apps/v2" },
    "Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1",
  ],
  [
    "managed fields",
    deployments,
    { metadata: { name: "a", managedFields: [] } },
    "metadata.managedFields must be nil",
  ],
  [
    "an object without a name",
    deployments,
    { metadata: {} },
    "the name of the object (a based on URL) was undeterminable: name must be provided",
  ],
];

for (const [name, resource, body, words] of refusals)
  test(`refused: ${name}`, () => {
    const { code, message } = problemOf(() => new Story(resource).apply("kubectl", body));
    assert.equal(code, 400);
    assert.equal(message, words);
  });

test("an applied uid of an object that is gone is a conflict", () => {
  const { code, message } = problemOf(() =>
    new Story().apply("kubectl", { metadata: { name: "a", uid: "u" } }),
  );
  assert.equal(code, 409);
  assert.match(
    message,
    /uid mismatch: the provided object specified uid u, and no existing object/,
  );
});

test("keys with a meaning of their own in JavaScript are ordinary keys", () => {
  const hostile = JSON.parse(
    '{"metadata":{"name":"a","labels":{"__proto__":"x","constructor":"y"}}}',
  ) as Fields;
  const story = new Story().apply("one", hostile).apply("two", hostile);
  assert.deepEqual(Object.keys(story.object?.metadata.labels ?? {}), ["__proto__", "constructor"]);
  story.apply("one", {}).apply("two", {});
  assert.deepEqual(story.body(), {});
});
