// From one DNS query to its answer. Only the names of the cluster are answered; for others the server is
// not the one to ask, and says so (REFUSED), so that nobody takes them for absent. Pure.
import dnsPacket, { type Answer, type DecodedPacket, type Packet } from "dns-packet";
import { clusterDomain, recordsOf, type NameRecords } from "./cluster-names.ts";
import type { ServiceCaches } from "./service-endpoints.ts";

/** Pods come and go, and asking again costs a fraction of a millisecond. */
const ttl = 0;
/** What a client takes over UDP that says nothing of it (RFC 1035, section 4.2.1). */
const plainBytesMax = 512;
/** What the two bytes of TCP's length can say. */
const streamBytesMax = 65_535;
const code = { noError: 0, formatError: 1, noName: 3, notImplemented: 4, refused: 5 } as const;
const opcodeMask = 0x7800;

const authority: Answer = {
  type: "SOA",
  name: clusterDomain,
  ttl,
  data: {
    mname: `ns.dns.${clusterDomain}`,
    rname: `hostmaster.${clusterDomain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  },
};

/**
 * `query` and the result are messages without TCP's length. Undefined for what is no query. An answer that
 * is too long says so alone; of one over UDP the client then asks again over TCP.
 */
export function answerQuery(
  query: Buffer,
  caches: ServiceCaches,
  over: "udp" | "tcp",
): Buffer | undefined {
  let asked: DecodedPacket;
  try {
    asked = dnsPacket.decode(query);
  } catch {
    return undefined;
  }
  if (asked.type !== "query") return undefined;
  const extension = asked.additionals?.find(({ type }) => type === "OPT");
  const bufferBytes = extension && "udpPayloadSize" in extension ? extension.udpPayloadSize : 0;
  const answer: Packet = {
    type: "response",
    id: asked.id ?? 0,
    questions: asked.questions ?? [],
    ...(extension && {
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: 1232,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
    ...bodyOf(asked, caches),
  };
  const encoded = dnsPacket.encode(answer);
  const bytesMax = over === "tcp" ? streamBytesMax : Math.max(bufferBytes, plainBytesMax);
  if (encoded.length <= bytesMax) return encoded;
  const flags = (answer.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE;
  return dnsPacket.encode({ ...answer, flags, answers: [], authorities: [] });
}

function bodyOf(
  asked: DecodedPacket,
  caches: ServiceCaches,
): Pick<Packet, "flags" | "answers" | "authorities"> {
  const flags = ((asked.flags ?? 0) & dnsPacket.RECURSION_DESIRED) | dnsPacket.AUTHORITATIVE_ANSWER;
  const [question] = asked.questions ?? [];
  if (((asked.flags ?? 0) & opcodeMask) !== 0) return { flags: flags | code.notImplemented };
  if (!question || asked.questions?.length !== 1) return { flags: flags | code.formatError };
  const name = question.name.toLowerCase();
  if (name !== clusterDomain && !name.endsWith(`.${clusterDomain}`))
    return { flags: (flags & ~dnsPacket.AUTHORITATIVE_ANSWER) | code.refused };
  const records = recordsOf(name, caches);
  if (!records) return { flags: flags | code.noName, authorities: [authority] };
  const answers = answersOf(question.name, question.type, records, caches);
  return { flags, answers, ...(answers.length === 0 && { authorities: [authority] }) };
}

function answersOf(
  name: string,
  type: string,
  records: NameRecords,
  caches: ServiceCaches,
): Answer[] {
  const { addresses = [], alias, ports = [] } = records;
  if (alias !== undefined) {
    const pointer: Answer = { type: "CNAME", name, ttl, data: alias };
    const target = type === "CNAME" ? undefined : recordsOf(alias, caches);
    // One step is followed: an alias of an alias is for the client to ask about.
    const beyond =
      target && target.alias === undefined ? answersOf(alias, type, target, caches) : [];
    return [pointer, ...beyond];
  }
  switch (type) {
    case "A":
      return addresses.map((data) => ({ type: "A", name, ttl, data }));
    case "SRV":
      return ports.map(({ target, port }) => ({
        type: "SRV",
        name,
        ttl,
        data: { priority: 0, weight: Math.floor(100 / ports.length), port, target },
      }));
    default:
      return [];
  }
}
