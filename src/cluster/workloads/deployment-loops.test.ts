// Rollouts that fail, go back, or meet somebody else's objects, through the running loops.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeClient } from "../../kube/client.ts";
import type { AdmissionRule } from "../../resources/admission.ts";
import { forbidden } from "../../resources/cause.ts";
import { deploymentKind, type Deployment } from "../../resources/deployment.ts";
import { eventKind } from "../../resources/event.ts";
import { namespaceKind } from "../../resources/namespace.ts";
import { conditionOf } from "../../resources/object.ts";
import { podKind, type Pod } from "../../resources/pod.ts";
import { replicaSetKind, type ReplicaSet } from "../../resources/replica-set.ts";
import { serviceKind } from "../../resources/service.ts";
import {
  complete,
  deployment,
  imageOf,
  namespace,
  startBench,
  until,
  web,
} from "./loops-fixture.ts";
import { podTemplateHash } from "./pod-template-hash.ts";

const setImage = (client: KubeClient, image: string) =>
  client.patch(deploymentKind, web, {
    spec: { template: { spec: { containers: [{ name: "main", image }] } } },
  });

/** `1 a kept`: revision, image and cause of change of each ReplicaSet, the oldest first. */
function history(sets: readonly ReplicaSet[]): readonly string[] {
  return sets
    .map(({ metadata, spec }) => {
      const annotation = (name: string) => metadata.annotations?.[name] ?? "-";
      const revision = annotation("deployment.kubernetes.io/revision");
      const earlier = annotation("deployment.kubernetes.io/revision-history");
      const cause = annotation("kubernetes.io/change-cause");
      return `${revision} (${earlier}) ${spec.template.spec.containers[0]?.image} ${cause}`;
    })
    .toSorted();
}

const annotate = (client: KubeClient, cause: string) =>
  client.patch(deploymentKind, web, {
    metadata: { annotations: { "kubernetes.io/change-cause": cause } },
  });

test("the history tells each revision's cause, and one that is gone back to gets a new number", async (context) => {
  const { client, caches } = await startBench(context);
  const sets = () => history(caches.replicaSets.list());
  const until1 = (line: string) => until(caches.replicaSets, () => sets().includes(line));
  await client.create(deploymentKind, deployment("a", 1));
  await until(caches.deployments, complete(caches));
  await annotate(client, "first");
  await until1("1 (-) a first");
  await setImage(client, "b");
  await annotate(client, "second");
  await until1("2 (-) b second");
  await until(caches.deployments, complete(caches));
  await setImage(client, "a");
  await annotate(client, "back");
  await until1("3 (1) a back");
  await until(caches.deployments, complete(caches));
  assert.deepEqual(sets(), ["2 (-) b second", "3 (1) a back"]);
  await until(caches.pods, () => caches.pods.list().every((pod) => imageOf(pod) === "a"));
});

test("old ReplicaSets go once the rollout is complete, beyond the limit", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 1, { revisionHistoryLimit: 1 }));
  await until(caches.deployments, complete(caches));
  for (const image of ["b", "c"]) {
    await setImage(client, image);
    await until(
      caches.deployments,
      () => complete(caches)() && caches.pods.list().every((pod) => imageOf(pod) === image),
    );
  }
  await until(caches.replicaSets, () => caches.replicaSets.list().length === 2);
  assert.deepEqual(history(caches.replicaSets.list()), ["2 (-) b -", "3 (-) c -"]);
});

test("a pod that is refused shows in the ReplicaSet, the Deployment and an event, until it is let in", async (context) => {
  let isOpen = false;
  const gate: AdmissionRule<Pod> = {
    kind: podKind,
    admit: (object) =>
      isOpen
        ? { kind: "allowed", object, warnings: [] }
        : { kind: "denied", causes: [forbidden("spec", "not today")] },
  };
  const { client, caches } = await startBench(context, { admission: [gate] });
  await client.create(deploymentKind, deployment("a", 3));
  const failure = (): string | undefined => {
    const { conditions } = caches.deployments.get("default/web")?.status ?? {};
    const found = conditionOf(conditions, "ReplicaFailure");
    return found && `${found.status} ${found.reason} ${found.message}`;
  };
  await until(caches.deployments, () => failure() !== undefined);
  assert.match(failure() ?? "", /^True FailedCreate Pod "web-\S+" is invalid: .*not today$/);
  const [set] = caches.replicaSets.list();
  assert.equal(conditionOf(set?.status?.conditions, "ReplicaFailure")?.reason, "FailedCreate");
  const { items } = await client.list(eventKind, { namespace });
  const told = items.filter(({ reason }) => reason === "FailedCreate");
  assert.match(told[0]?.message ?? "", /^Error creating: Pod "web-\S+" is invalid/);

  isOpen = true;
  await until(caches.deployments, () => complete(caches)() && failure() === undefined);
});

test("a ReplicaSet that is refused is told by the Deployment", async (context) => {
  let isOpen = false;
  const gate: AdmissionRule<ReplicaSet> = {
    kind: replicaSetKind,
    admit: (object) =>
      isOpen
        ? { kind: "allowed", object, warnings: [] }
        : { kind: "denied", causes: [forbidden("spec", "not today")] },
  };
  const { client, caches } = await startBench(context, { admission: [gate] });
  await client.create(deploymentKind, deployment("a", 1));
  const progress = () =>
    conditionOf(caches.deployments.get("default/web")?.status?.conditions, "Progressing");
  await until(caches.deployments, () => progress()?.reason === "ReplicaSetCreateError");
  assert.equal(progress()?.status, "False");
  assert.match(
    progress()?.message ?? "",
    /^Failed to create new replica set "web-\w+": .*not today/,
  );
  isOpen = true;
  await until(caches.deployments, complete(caches));
  await until(caches.deployments, () => progress()?.reason === "NewReplicaSetAvailable");
});

test("a name that somebody else's ReplicaSet holds is left to it, and counted", async (context) => {
  const { client, caches } = await startBench(context);
  const wanted = deployment("a", 1);
  // As the API server completes the template, for the hash is of what is stored.
  const { spec } = await client.create(deploymentKind, {
    ...wanted,
    metadata: { ...web, name: "copy" },
    spec: { ...wanted.spec, replicas: 0, paused: true },
  });
  const taken = `web-${podTemplateHash(spec.template)}`;
  await client.create(replicaSetKind, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { namespace, name: taken },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "other" } },
      template: {
        metadata: { labels: { app: "other" } },
        spec: { containers: [{ name: "main", image: "other" }] },
      },
    },
  });
  await until(
    caches.replicaSets,
    () => caches.replicaSets.get(`${namespace}/${taken}`) !== undefined,
  );
  await client.create(deploymentKind, wanted);
  await until(caches.deployments, complete(caches));
  assert.equal(caches.deployments.get("default/web")?.status?.collisionCount, 1);
  assert.equal(caches.replicaSets.list().length, 2);
});

test("a paused Deployment gathers changes, and rolls them out at once when it is resumed", async (context) => {
  const { client, caches } = await startBench(context);
  await client.create(deploymentKind, deployment("a", 2));
  await until(caches.deployments, complete(caches));
  const pause = (paused: boolean): Promise<Deployment> =>
    client.patch(deploymentKind, web, { spec: { paused } });
  const reason = () =>
    conditionOf(caches.deployments.get("default/web")?.status?.conditions, "Progressing")?.reason;
  await pause(true);
  await setImage(client, "b");
  await setImage(client, "c");
  await until(caches.deployments, () => {
    const { metadata, status } = caches.deployments.get("default/web") ?? {};
    return reason() === "DeploymentPaused" && status?.observedGeneration === metadata?.generation;
  });
  assert.deepEqual(history(caches.replicaSets.list()), ["1 (-) a -"]);
  await pause(false);
  await until(
    caches.deployments,
    () => complete(caches)() && reason() === "NewReplicaSetAvailable",
  );
  assert.deepEqual(history(caches.replicaSets.list()), ["1 (-) a -", "2 (-) c -"]);
});

test("a namespace goes with all that is in it, and no loop complains", async (context) => {
  const lines: string[] = [];
  const { client, caches } = await startBench(context, { log: (line) => lines.push(line) });
  await client.create(namespaceKind, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "x" },
  });
  const inside = { ...web, namespace: "x" };
  await client.create(deploymentKind, { ...deployment("a", 3), metadata: inside });
  await client.create(serviceKind, {
    apiVersion: "v1",
    kind: "Service",
    metadata: inside,
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  await until(
    caches.deployments,
    () => caches.deployments.get("x/web")?.status?.availableReplicas === 3,
  );
  await client.delete(namespaceKind, { name: "x" });
  await until(caches.namespaces, () => caches.namespaces.get("x") === undefined);
  await until(caches.pods, () => caches.pods.list().length === 0);
  assert.deepEqual(lines, []);
});
