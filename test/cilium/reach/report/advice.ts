/** The advice of `netpol explain` on policies of files, put to the test. */
import assert from "node:assert/strict";
import type { Policy } from "../../../../cilium/policy/schema.ts";
import type { Inventory, Peer, Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile, type Network } from "../../../../cilium/reach/compile/network.ts";
import { protocolBit } from "../../../../cilium/reach/compile/ports.ts";
import { endVerdict } from "../../../../cilium/reach/decide/decide.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { advise, type MissingRule, withRules } from "../../../../cilium/reach/report/explain-rule.ts";

type Addition = MissingRule & { readonly kind: "add" };

/** What became of advice. */
export type Applied = "not denied" | "nothing to add" | "tried";

/** Applies advice, and checks that the connection is let through at the ends that have some, and nothing else is. */
export function apply(policies: readonly Policy[], inventory: Inventory, question: Question): Applied {
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
