// Reading KServe's ConfigMap: what is understood, and what is said of the rest.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  defaultInferenceServiceConfig,
  parseInferenceServiceConfig,
} from "./inference-service-config.ts";

test("no ConfigMap, and an empty one, mean the defaults", () => {
  for (const data of [undefined, {}, { ingress: "" }])
    assert.deepEqual(parseInferenceServiceConfig(data), {
      config: defaultInferenceServiceConfig,
      diagnostics: [],
    });
});

test("the defaults, written as the ConfigMap has them, are read back", () => {
  const sections = Object.entries(defaultInferenceServiceConfig);
  const data = Object.fromEntries(sections.map(([key, value]) => [key, JSON.stringify(value)]));
  assert.deepEqual(parseInferenceServiceConfig(data).config, defaultInferenceServiceConfig);
});

test("keys and fields that nobody here reads are no fault", () => {
  const data = { agent: "{", ingress: '{"enableGatewayApi": false, "ingressDomain": "a.b"}' };
  const { config, diagnostics } = parseInferenceServiceConfig(data);
  assert.equal(config.ingress.ingressDomain, "a.b");
  assert.deepEqual(diagnostics, []);
});

describe("faults are told by key, and the default holds", () => {
  const cases: readonly (readonly [key: string, text: string, told: string])[] = [
    ["ingress", "[]", "ingress"],
    ["ingress", '{"ingressDomain": 3}', "ingress.ingressDomain"],
    [
      "autoscaler",
      '{"scaleDownStabilizationWindowSeconds": "five"}',
      "autoscaler.scaleDownStabilizationWindowSeconds",
    ],
    [
      "autoscaler",
      '{"scaleDownStabilizationWindowSeconds": "4000"}',
      "autoscaler.scaleDownStabilizationWindowSeconds",
    ],
    [
      "inferenceService",
      '{"serviceAnnotationDisallowedList": "x"}',
      "inferenceService.serviceAnnotationDisallowedList",
    ],
  ];
  for (const [key, text, told] of cases)
    test(`${key}: ${text}`, () => {
      const { config, diagnostics } = parseInferenceServiceConfig({ [key]: text });
      assert.deepEqual(
        diagnostics.map((one) => one.key),
        [told],
      );
      assert.deepEqual(config, defaultInferenceServiceConfig);
    });
});
