// Kubernetes' formats of names in CEL: `!format.dns1123Label().validate(self.name).hasValue()`.
import { Optional, type Environment } from "@marcbachmann/cel-js";
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
} from "../../resources/label-syntax.ts";
import { hasFormat } from "../schema/formats.ts";
import { registerFunctions, registerNamespace, type FunctionTable } from "./function-table.ts";

/** A format as CEL holds it: what is wrong with a text; nothing when it fits. */
class NamedFormat {
  readonly problemsOf: (text: string) => readonly string[];

  constructor(problemsOf: (text: string) => readonly string[]) {
    this.problemsOf = problemsOf;
  }
}

const formats: Readonly<Record<string, NamedFormat>> = {
  byte: textFormat("byte", "invalid base64"),
  date: textFormat("date", "invalid date"),
  datetime: textFormat("date-time", "invalid datetime"),
  dns1035Label: new NamedFormat(dns1035LabelProblems),
  dns1035LabelPrefix: prefixOf(dns1035LabelProblems),
  dns1123Label: new NamedFormat(dnsLabelProblems),
  dns1123LabelPrefix: prefixOf(dnsLabelProblems),
  dns1123Subdomain: new NamedFormat(dnsSubdomainProblems),
  dns1123SubdomainPrefix: prefixOf(dnsSubdomainProblems),
  labelValue: new NamedFormat(labelValueProblems),
  qualifiedName: new NamedFormat(labelKeyProblems),
  uri: textFormat("uri", "invalid URI"),
  uuid: textFormat("uuid", "does not match the UUID format"),
};

export function registerNamedFormats(environment: Environment): void {
  environment.registerType("kubernetes.NamedFormat", NamedFormat);
  registerFunctions(environment, {
    "kubernetes.NamedFormat.validate(string): optional<list<string>>": (
      { problemsOf }: NamedFormat,
      text: string,
    ) => {
      const problems = problemsOf(text);
      return problems.length === 0 ? Optional.none() : Optional.of(problems);
    },
  });
  const named = Object.entries(formats).map(
    ([name, format]) => [`${name}(): kubernetes.NamedFormat`, () => format] as const,
  );
  const table: FunctionTable = {
    ...Object.fromEntries(named),
    "named(string): optional<kubernetes.NamedFormat>": (name: string) =>
      Object.hasOwn(formats, name) ? Optional.of(formats[name]) : Optional.none(),
  };
  registerNamespace(environment, "format", table);
}

/** A generateName ends where the rest is added, so it may end in a dash. */
function prefixOf(problemsOf: (text: string) => readonly string[]): NamedFormat {
  return new NamedFormat((text) => problemsOf(text.replace(/-$/, "a")));
}

function textFormat(format: string, problem: string): NamedFormat {
  return new NamedFormat((text) => (hasFormat(format, text) ? [] : [problem]));
}
