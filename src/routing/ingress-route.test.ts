import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ingress, IngressPath } from "../resources/ingress.ts";
import { routeIngress } from "./ingress-route.ts";

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

for (const [name, host, at, outcome] of cases)
  test(name, () => {
    const route = routeIngress([chat], host, at);
    assert.equal(route.kind === "service" ? route.target.service : route.kind, outcome);
  });

test("a known host without a rule for the path says so", () => {
  const only = ingress("only", { rules: [{ host: "h", http: { paths: [path("/api", "api")] } }] });
  assert.deepEqual(routeIngress([only], "H:1", "/other"), { kind: "unknownPath", host: "h" });
});

test("the default backend takes what no rule covers", () => {
  const fallback = ingress("fallback", {
    defaultBackend: { service: { name: "catch", port: { name: "http" } } },
  });
  assert.deepEqual(routeIngress([chat, fallback], "nobody", "/"), {
    kind: "service",
    target: { namespace: "default", service: "catch", port: "http" },
  });
});

test("of two Ingresses for one host the first wins", () => {
  const later = ingress("later", {
    rules: [{ host: "chat.example.com", http: { paths: [path("/", "later")] } }],
  });
  const route = routeIngress([chat, later], "chat.example.com", "/");
  assert.equal(route.kind === "service" && route.target.service, "root");
});
