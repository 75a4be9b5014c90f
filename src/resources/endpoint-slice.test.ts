import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointSliceKind, type EndpointSlice } from "./endpoint-slice.ts";
import { endpointsKind } from "./endpoints.ts";

const words = (causes: readonly { readonly field: string; readonly message: string }[] = []) =>
  causes.map(({ field, message }) => `${field}: ${message}`);

test("endpoints are addresses of the slice's own type, loopback ones among them, at real ports", () => {
  const slice = (addressType: string, ...addresses: readonly string[]): EndpointSlice => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "s" },
    addressType,
    endpoints: [{ addresses }],
  });
  const complaints = (next: EndpointSlice, old?: EndpointSlice) =>
    words(endpointSliceKind.validate?.(next, old));
  assert.deepEqual(complaints(slice("IPv4", "127.64.1.1")), []);
  assert.deepEqual(complaints(slice("FQDN", "a.example")), []);
  assert.deepEqual(complaints(slice("IPv4", "a.example")), [
    'endpoints[0].addresses[0]: Invalid value: "a.example": must be a valid IPv4 address',
  ]);
  assert.deepEqual(complaints(slice("IPv4")), [
    "endpoints[0].addresses: Required value: must contain at least 1 address",
  ]);
  assert.deepEqual(complaints(slice("Any", "1.2.3.4")), [
    'addressType: Unsupported value: "Any": supported values: "FQDN", "IPv4", "IPv6"',
  ]);
  assert.deepEqual(complaints(slice("IPv6", "::1"), slice("IPv4", "1.2.3.4")), [
    'addressType: Invalid value: "IPv6": field is immutable',
  ]);
  const withPorts = (...ports: readonly number[]): EndpointSlice => ({
    ...slice("IPv4", "127.64.1.1"),
    ports: ports.map((port) => ({ port })),
  });
  assert.deepEqual(complaints(withPorts(1, 65_535)), []);
  assert.deepEqual(complaints(withPorts(80, 70_000)), [
    "ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ]);
  const subsets = [{ addresses: [{ ip: "here" }], ports: [{ port: 0 }] }];
  const old = { apiVersion: "v1", kind: "Endpoints", metadata: { name: "e" }, subsets };
  assert.deepEqual(
    words(endpointsKind.validate?.(old, undefined)).map((line) => line.split(":")[0]),
    ["subsets[0].addresses[0].ip", "subsets[0].ports[0].port"],
  );
});
