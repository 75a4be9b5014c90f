import assert from "node:assert/strict";
import { test } from "node:test";
import dnsPacket from "dns-packet";
import { seededRandom } from "../../lib/random.ts";
import { answerQuery } from "./dns-answer.ts";
import { cachesFixture, serviceFixture, sliceFixture } from "./network-fixture.ts";

const names = cachesFixture([
  serviceFixture("web", { clusterIP: "127.128.7.9", ports: [{ name: "http", port: 80 }] }),
]);

const question = (name: string, type: "A" | "SRV" | "TXT" = "A") => ({ type, name }) as const;

const codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** The code of the answer, such as NOERROR. */
function codeOf(query: dnsPacket.Packet): string {
  const answer = answerQuery(dnsPacket.encode(query), names, "udp");
  assert.ok(answer);
  return codes[(dnsPacket.decode(answer).flags ?? 0) & 15] ?? "unknown";
}

test("what is asked in a way that is not served is refused by its code", () => {
  const ask = (questions: dnsPacket.Question[], flags = 0): string =>
    codeOf({ type: "query", id: 1, flags, questions });
  const web = "web.shop.svc.cluster.local";
  assert.equal(ask([question(web)]), "NOERROR");
  assert.equal(ask([question(web, "TXT")]), "NOERROR");
  assert.equal(ask([question("example.com")]), "REFUSED");
  assert.equal(ask([question("cluster.local.example.com")]), "REFUSED");
  assert.equal(ask([question("nobody.shop.svc.cluster.local")]), "NXDOMAIN");
  assert.equal(ask([]), "FORMERR");
  assert.equal(ask([question(web), question(web)]), "FORMERR");
  assert.equal(ask([question(web)], 2 << 11), "NOTIMP");
});

test("an answer keeps the spelling of the question and says that it knows", () => {
  const query = dnsPacket.encode({
    type: "query",
    id: 4711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [question("WEB.shop.svc.cluster.local")],
  });
  const answer = dnsPacket.decode(answerQuery(query, names, "udp") ?? Buffer.alloc(0));
  assert.equal(answer.id, 4711);
  assert.equal(answer.flag_aa, true);
  assert.equal(answer.flag_rd, true);
  assert.equal(answer.questions?.[0]?.name, "WEB.shop.svc.cluster.local");
  assert.equal(answer.answers?.[0]?.name, "WEB.shop.svc.cluster.local");
});

test("an answer that is longer than a message can be says so", () => {
  const peers = serviceFixture("peers", { clusterIP: "None" });
  const all = Array.from({ length: 2_000 }, (_, index) => ({
    addresses: [`127.128.${index >> 8}.${index % 256}`],
  }));
  const caches = cachesFixture([peers, sliceFixture(peers, [], all)]);
  const query = dnsPacket.encode({
    type: "query",
    id: 1,
    questions: [question("peers.shop.svc.cluster.local")],
  });
  for (const over of ["udp", "tcp"] as const) {
    const bytes = answerQuery(query, caches, over) ?? Buffer.alloc(0);
    const answer = dnsPacket.decode(bytes);
    assert.ok(bytes.length < 512, `${bytes.length} bytes over ${over}`);
    assert.equal(answer.flag_tc, true);
    assert.deepEqual(answer.answers, []);
  }
});

test("an answer is not a question", () => {
  const answer = dnsPacket.encode({
    type: "response",
    questions: [question("web.shop.svc.cluster.local")],
  });
  assert.equal(answerQuery(answer, names, "udp"), undefined);
});

test("messages with broken bytes are answered or passed over, and never more than that", (context) => {
  const seed = Number(process.env["DUNLIN_SEED"] ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed}; DUNLIN_SEED=${seed} runs it again`);
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const whole = dnsPacket.encode({
    type: "query",
    id: 1,
    questions: [question("_http._tcp.web.shop.svc.cluster.local", "SRV")],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 4096,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  for (let round = 0; round < 5_000; round++) {
    const broken = Buffer.from(whole.subarray(0, 1 + below(whole.length)));
    for (let change = below(4); change > 0; change--) broken[below(broken.length)] = below(256);
    const answer = answerQuery(broken, names, "udp");
    assert.ok(answer === undefined || answer.length <= 4096, broken.toString("hex"));
  }
});
