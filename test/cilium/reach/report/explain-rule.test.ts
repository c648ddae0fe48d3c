import assert from "node:assert/strict";
import fc from "fast-check";
import { inventoryOf } from "../../../../cilium/model/inventory.ts";
import { type Policy, policy as policySchema } from "../../../../cilium/policy/schema.ts";
import { type Inventory, type Peer, peerEntities, type Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile, type Network } from "../../../../cilium/reach/compile/network.ts";
import { protocolBit } from "../../../../cilium/reach/compile/ports.ts";
import { endVerdict } from "../../../../cilium/reach/decide/decide.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { questionText } from "../../../../cilium/reach/report/explain.ts";
import { advise, type MissingRule, withRules } from "../../../../cilium/reach/report/explain-rule.ts";
import { program } from "../../../rendered.ts";
import { worlds } from "../worlds.ts";

const seed = Number(process.env.SEED ?? 20261128);

type Addition = MissingRule & { readonly kind: "add" };

/** What became of advice. */
type Applied = "not denied" | "nothing to add" | "tried";

/** Applies advice, and checks that the connection is let through at the ends that have some, and nothing else is. */
function apply(policies: readonly Policy[], inventory: Inventory, question: Question): Applied {
  const network = compile(policies, inventory);
  const judged = verdict(network, question);
  const advice = advise(policies, network, question, judged);
  const ends = [advice.egress, advice.ingress].filter((missing) => missing !== undefined);
  if (judged.outcome !== "denied") {
    assert.deepEqual(ends, []);
    return "not denied";
  }
  const additions = ends.filter((missing) => missing.kind === "add");
  if (additions.length === 0) return "nothing to add";
  const after = compile(additions.reduce<readonly Policy[]>(withRules, policies), inventory);
  assert.deepEqual(after.refused, network.refused, JSON.stringify(additions));
  const outcome = verdict(after, question);
  for (const { direction } of additions) assert.equal(outcome[direction].verdict, "allowed", JSON.stringify(additions));
  const denied = [judged.egress, judged.ingress].filter(({ verdict }) => verdict === "denied");
  if (denied.length === additions.length) assert.notEqual(outcome.outcome, "denied");
  assert.deepEqual(newlyOpen(network, after, question, additions), [], JSON.stringify(additions));
  return "tried";
}

const pods = ({ parties }: Network) => parties.filter(({ peer }) => peer.kind === "endpoint");

/** What pods may now send to or take from each other besides, and what others may now do besides who was asked about. */
function newlyOpen(before: Network, after: Network, question: Question, additions: readonly Addition[]): string[] {
  const ports = [...new Set([question.port, 1, 53, 80, 443, 8080])];
  const isDns = (port: number) =>
    port === 53 &&
    additions.some(({ rules }) => rules.some(({ toPorts }) => toPorts?.some(({ rules }) => rules?.dns != null)));
  const later = new Map(after.parties.map((party) => [JSON.stringify(party.peer), party]));
  const now = new Map(before.parties.map((party) => [party, later.get(JSON.stringify(party.peer))]));
  return (["egress", "ingress"] as const).flatMap((direction) => {
    const asked = additions.find((addition) => addition.direction === direction);
    return pods(before).flatMap((subject) =>
      before.parties.flatMap((peer) => {
        const [own, other] = [now.get(subject), now.get(peer)];
        if (own === undefined || other === undefined || subject.enforcement !== "endpoint") return [];
        // Of those outside and of nodes, rules name whole classes: only the endpoint itself is to gain by them.
        if (peer.peer.kind !== "endpoint" && isSubject(before, asked, subject, question, direction)) return [];
        return (["TCP", "UDP"] as const).flatMap((protocol) =>
          ports.flatMap((port) => {
            const was = endVerdict(before, direction, subject, peer, protocolBit[protocol], port);
            const is = endVerdict(after, direction, own, other, protocolBit[protocol], port);
            if (was.verdict !== "denied" || is.verdict === "denied") return [];
            // Rules allow it already; a name that one pod looks up is resolved for all of them.
            if (was.by.kind === "unresolvable") return [];
            const meant =
              isSubject(before, asked, subject, question, direction) &&
              port === question.port &&
              protocol === question.protocol &&
              isEnd(before, direction === "egress" ? question.destination : question.source, peer);
            return meant || isDns(port)
              ? []
              : [
                  `${direction} of ${JSON.stringify(subject.peer)} and ${JSON.stringify(peer.peer)} on ${port}/${protocol}`,
                ];
          }),
        );
      }),
    );
  });
}

const isSubject = (
  network: Network,
  asked: Addition | undefined,
  subject: Network["parties"][number],
  { source, destination }: Question,
  direction: "egress" | "ingress",
): boolean => asked !== undefined && isEnd(network, direction === "egress" ? source : destination, subject);

/** Whether a party is the one that a question is about, by its name or its address. */
const isEnd = ({ directory }: Network, end: Peer, { endpoints }: Network["parties"][number]): boolean => {
  const named = end.kind === "address" ? directory.addresses.get(end.address) : end;
  return endpoints.some(
    ({ namespace, name }) => named?.kind === "endpoint" && named.namespace === namespace && named.name === name,
  );
};

describe("the rules that would allow a denied connection", () => {
  it("do allow it, and nothing else, in generated worlds", function () {
    this.timeout(0);
    const outcomes = new Map<Applied, number>();
    const property = fc.property(worlds(6), ({ policies, inventory, questions }) => {
      const read = policies.map((manifest) => policySchema.parse(manifest));
      for (const question of questions) {
        const applied = apply(read, inventory, question);
        outcomes.set(applied, (outcomes.get(applied) ?? 0) + 1);
      }
    });
    fc.assert(property, { numRuns: 100, seed, endOnFailure: true });
    console.log(`      seed ${seed}: ${[...outcomes].map(([what, times]) => `${times} × ${what}`).join(", ")}`);
    assert.ok((outcomes.get("tried") ?? 0) > 50);
  });

  it("do allow it, and nothing else, in the program", function () {
    this.timeout(0);
    const inventory = inventoryOf(program.cluster);
    const workloads: readonly Peer[] = inventory.endpoints
      .filter(({ hostNetwork }) => !hostNetwork)
      .map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }));
    const others: readonly Peer[] = [
      // Cilium isolates what is still initializing, whatever policies say.
      ...peerEntities.filter((entity) => entity !== "init").map((entity) => ({ kind: "entity", entity }) as const),
      { kind: "address", address: "203.0.113.7" },
      { kind: "address", address: "2001:db8::7" },
      { kind: "cidr", cidr: "203.0.113.0/24" },
    ];
    const names: readonly Peer[] = [
      { kind: "fqdn", name: "example.net" },
      { kind: "fqdn", name: "*.example.net" },
    ];
    const questions = fc.record({
      source: fc.constantFrom(...workloads, ...others),
      destination: fc.constantFrom(...workloads, ...others, ...names),
      // The others are dropped whatever policies say, unless the agent's configuration switches them on.
      protocol: fc.constantFrom("TCP" as const, "UDP" as const, "ICMP" as const),
      port: fc.integer({ min: 1, max: 250 }),
    });
    let tried = 0;
    const property = fc.property(questions, (question) => {
      if (apply(program.policies, inventory, question) === "tried") tried++;
    });
    fc.assert(property, { numRuns: 20, seed, endOnFailure: true });
    assert.ok(tried > 5, `only ${tried} pieces of advice were tried`);
  });

  it("are no rules where a deny decides: that has to go", () => {
    const network = compile(program.policies, inventoryOf(program.cluster));
    const question: Question = {
      source: { kind: "address", address: "203.0.113.7" },
      destination: { kind: "endpoint", namespace: "jobs", name: "backup" },
      protocol: "TCP",
      port: 80,
    };
    const { ingress } = advise(program.policies, network, question, verdict(network, question));
    assert.deepEqual(
      ingress,
      { kind: "remove", direction: "ingress", rules: ["jobs/backup ingressDeny[0]"] },
      questionText(question),
    );
  });
});
