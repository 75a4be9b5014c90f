// Whether a text is an IP address, as Kubernetes reads them. Pure.

const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const v4Pattern = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

export function isIPv4(text: string): boolean {
  return v4Pattern.test(text);
}

/** Eight groups, of which one run of zeros may be left out; the last two may be written as IPv4. */
export function isIPv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const hasV4 = isIPv4(last);
  const plain = hasV4 ? groups.slice(0, -1) : groups;
  const count = plain.length + (hasV4 ? 2 : 0);
  return (
    plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) &&
    (halves.length === 2 ? count < 8 : count === 8)
  );
}

/** What Kubernetes says of a text that is no IP address; empty where it is one. */
export function ipProblems(text: string): readonly string[] {
  return isIPv4(text) || isIPv6(text)
    ? []
    : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
}
