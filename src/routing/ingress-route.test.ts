import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ingress, IngressPath } from "../resources/ingress.ts";
import { ingressRoutes, routeIngress, type IngressRoute } from "./ingress-route.ts";

const path = (
  at: string,
  service: string,
  pathType: IngressPath["pathType"] = "Prefix",
): IngressPath => ({
  path: at,
  pathType,
  backend: { service: { name: service, port: { number: 80 } } },
});

function ingress(name: string, spec: Ingress["spec"]): Ingress {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "default" },
    spec,
  };
}

const chat = ingress("chat", {
  rules: [
    {
      host: "chat.example.com",
      http: {
        paths: [path("/", "root"), path("/api", "api"), path("/api/exact", "exact", "Exact")],
      },
    },
    { host: "*.example.com", http: { paths: [path("/", "wild")] } },
  ],
});

const cases: readonly [name: string, host: string, path: string, outcome: string][] = [
  ["by host", "chat.example.com", "/x", "root"],
  ["the port of the Host header does not count", "chat.example.com:8080", "/", "root"],
  ["case does not count in hosts", "Chat.Example.COM", "/", "root"],
  ["the longest prefix wins", "chat.example.com", "/api/v1", "api"],
  ["a prefix without more", "chat.example.com", "/api", "api"],
  ["a prefix with a slash", "chat.example.com", "/api/", "api"],
  ["prefixes count whole elements", "chat.example.com", "/apis", "root"],
  ["an exact path wins", "chat.example.com", "/api/exact", "exact"],
  ["an exact path covers nothing below", "chat.example.com", "/api/exact/x", "api"],
  ["a query is no part of the path", "chat.example.com", "/api?q=/", "api"],
  ["a wildcard covers one label", "other.example.com", "/", "wild"],
  ["a wildcard does not cover two", "a.b.example.com", "/", "unknownHost"],
  ["a wildcard does not cover its own domain", "example.com", "/", "unknownHost"],
  ["a stranger", "localhost:8080", "/", "unknownHost"],
];

const route = (ingresses: readonly Ingress[], host: string, at: string): IngressRoute =>
  routeIngress(ingressRoutes(ingresses), host, at);

const outcomeOf = (ingresses: readonly Ingress[], host: string, at: string): string => {
  const found = route(ingresses, host, at);
  return found.kind === "service" ? found.target.service : found.kind;
};

for (const [name, host, at, outcome] of cases)
  test(name, () => assert.equal(outcomeOf([chat], host, at), outcome));

test("a known host without a rule for the path says so", () => {
  const only = ingress("only", { rules: [{ host: "h", http: { paths: [path("/api", "api")] } }] });
  assert.deepEqual(route([only], "H:1", "/other"), { kind: "unknownPath", host: "h" });
});

test("the default backend takes what no rule covers", () => {
  const fallback = ingress("fallback", {
    defaultBackend: { service: { name: "catch", port: { name: "http" } } },
  });
  assert.deepEqual(route([chat, fallback], "nobody", "/"), {
    kind: "service",
    target: { namespace: "default", service: "catch", port: "http" },
  });
});

test("a default backend is first of all for the hosts of its own Ingress, then for everything", () => {
  const backend = (name: string) => ({ service: { name, port: { number: 80 } } });
  const rules = [{ host: "a.example.com", http: { paths: [path("/api", "api")] } }];
  const own = ingress("own", { rules, defaultBackend: backend("own-default") });
  const all = ingress("all", { defaultBackend: backend("all-default") });
  assert.equal(outcomeOf([all, own], "a.example.com", "/api/x"), "api");
  assert.equal(outcomeOf([all, own], "a.example.com", "/other"), "own-default");
  assert.equal(outcomeOf([own, all], "b.example.com", "/"), "all-default");
  assert.equal(outcomeOf([own], "b.example.com", "/"), "own-default");
});

test("a rule without a host is for those that no other rule claims", () => {
  const open = ingress("open", { rules: [{ http: { paths: [path("/", "open")] } }] });
  assert.equal(outcomeOf([open, chat], "nobody", "/"), "open");
  assert.equal(outcomeOf([open, chat], "other.example.com", "/"), "wild");
});

test("what is left to the implementation is a prefix", () => {
  const paths = [
    path("/v1", "v1", "ImplementationSpecific"),
    path("", "rest", "ImplementationSpecific"),
  ];
  const own = ingress("own", { rules: [{ http: { paths } }] });
  assert.equal(outcomeOf([own], "h", "/v1/models"), "v1");
  assert.equal(outcomeOf([own], "h", "/v2"), "rest");
});

test("of two Ingresses for one host and path the older wins, however they are listed", () => {
  const rules = (service: string) => [{ host: "h", http: { paths: [path("/", service)] } }];
  const aged = (name: string, creationTimestamp: string): Ingress => ({
    ...ingress(name, { rules: rules(name) }),
    metadata: { name, namespace: "default", creationTimestamp },
  });
  const older = aged("older", "2026-01-01T00:00:00Z");
  const newer = aged("newer", "2026-01-02T00:00:00Z");
  assert.equal(outcomeOf([older, newer], "h", "/"), "older");
  assert.equal(outcomeOf([newer, older], "h", "/"), "older");
});
