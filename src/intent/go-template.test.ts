// The few template actions that are known, and that nothing else slips through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTemplate } from "./go-template.ts";

const fields = { Name: "qwen", Labels: { team: "blue" } };

for (const [template, text] of [
  ["--model_name={{.Name}}", "--model_name=qwen"],
  ["{{ .Name }}-{{- .Labels.team -}}", "qwen-blue"],
  ["no action", "no action"],
] as const)
  test(template, () => {
    assert.deepEqual(renderTemplate(template, fields), { kind: "rendered", text });
  });

for (const template of [
  "{{ .Nmae }}",
  "{{ .Labels.no }}",
  "{{ .Labels }}",
  "{{ .Name.x }}",
  "{{ env }}",
])
  test(`${template} is refused`, () => {
    assert.equal(renderTemplate(template, fields).kind, "malformed");
  });
