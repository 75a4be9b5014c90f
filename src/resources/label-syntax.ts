// What names, label keys and label values may look like (RFC 1123 and 1035, and Kubernetes' qualified
// names). Each function lists the problems in Kubernetes' own words; an empty list means fit.

export const labelLengthMax = 63;
const subdomainLengthMax = 253;

export function labelKeyProblems(key: string): readonly string[] {
  const parts = key.split("/");
  if (parts.length > 2)
    return [
      regexProblem(
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        qualifiedName,
        ["MyName", "my.name", "123-abc"],
      ) + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  const [prefix, name] = parts.length === 2 ? [parts[0] ?? "", parts[1] ?? ""] : [undefined, key];
  return [...(prefix === undefined ? [] : prefixProblems(prefix)), ...namePartProblems(name)];
}

export function labelValueProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (value.length > labelLengthMax) problems.push(tooLong(labelLengthMax));
  if (!matches(`(${qualifiedName})?`, value))
    problems.push(
      regexProblem(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        `(${qualifiedName})?`,
        ["MyValue", "my_value", "12345"],
      ),
    );
  return problems;
}

/** RFC 1123: a name without dots, as of namespaces and containers. */
export function dnsLabelProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > labelLengthMax) problems.push(tooLong(labelLengthMax));
  if (matches(dnsLabel, name)) return problems;
  return [
    ...problems,
    regexProblem(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      dnsLabel,
      ["my-name", "123-abc"],
    ),
  ];
}

/** RFC 1123: labels joined by dots, as of most objects. */
export function dnsSubdomainProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > subdomainLengthMax) problems.push(tooLong(subdomainLengthMax));
  if (matches(dnsSubdomain, name)) return problems;
  return [
    ...problems,
    regexProblem(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      dnsSubdomain,
      ["example.com"],
    ),
  ];
}

/** RFC 1035: like a DNS label, but it starts with a letter, as of Services. */
export function dns1035LabelProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > labelLengthMax) problems.push(tooLong(labelLengthMax));
  if (matches(dns1035Label, name)) return problems;
  return [
    ...problems,
    regexProblem(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      dns1035Label,
      ["my-name", "abc-123"],
    ),
  ];
}

/** The keys of ConfigMaps and Secrets. */
export function configKeyProblems(key: string): readonly string[] {
  const problems: string[] = [];
  if (key.length > subdomainLengthMax) problems.push(tooLong(subdomainLengthMax));
  if (!matches(configKey, key))
    problems.push(
      regexProblem(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configKey,
        ["key.name", "KEY_NAME", "key-name"],
      ),
    );
  if (key === "." || key === "..") problems.push(`must not be '${key}'`);
  else if (key.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

/** The names of container and Service ports: letters, digits and single hyphens. */
export function portNameProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-"))
    problems.push("must not begin or end with a hyphen");
  return problems;
}

export function environmentNameProblems(name: string): readonly string[] {
  if (/^[\x21-\x3c\x3e-\x7e][\x20-\x3c\x3e-\x7e]*$/.test(name)) return [];
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ];
}

export function portProblems(port: number): readonly string[] {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return [];
  return ["must be between 1 and 65535, inclusive"];
}

const qualifiedName = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const dnsLabel = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsSubdomain = `${dnsLabel}(\\.${dnsLabel})*`;
const dns1035Label = "[a-z]([-a-z0-9]*[a-z0-9])?";
const configKey = "[-._a-zA-Z0-9]+";

function namePartProblems(name: string): readonly string[] {
  if (name === "")
    return [
      "name part must be non-empty",
      regexProblem(namePartRule, qualifiedName, ["MyName", "my.name", "123-abc"]),
    ];
  const problems: string[] = [];
  if (name.length > labelLengthMax) problems.push(`name part ${tooLong(labelLengthMax)}`);
  if (!matches(qualifiedName, name))
    problems.push(regexProblem(namePartRule, qualifiedName, ["MyName", "my.name", "123-abc"]));
  return problems;
}

const namePartRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`);
}

function tooLong(lengthMax: number): string {
  return `must be no more than ${lengthMax} bytes`;
}

/** Kubernetes puts a comma and two spaces between examples; scripts match on the sentence. */
function regexProblem(rule: string, regex: string, examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}'`).join(",  or ");
  return `${rule} (e.g. ${list}, regex used for validation is '${regex}')`;
}

function matches(regex: string, text: string): boolean {
  return new RegExp(`^(?:${regex})$`).test(text);
}
