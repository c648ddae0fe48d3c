/**
 * What Cilium decides about one connection: at its source's end by the egress rules there, at its destination's by the
 * ingress rules.
 */

import type { Peer, Question } from "../compile/inventory.ts";
import type { Network } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { protocolBit } from "../compile/ports.ts";
import { resolve, soleParty } from "../compile/resolve.ts";
import { type Arrival, translate } from "../compile/translate.ts";
import { type EndVerdict, endVerdict, undecidable } from "./decide.ts";

export type { AllowedBy, DeniedBy, EndVerdict, Redirect } from "./decide.ts";
export { type Undecidable, undecidableText } from "./undecidable.ts";

/** `allowed-once-resolved`: when the DNS proxy has seen the source resolve the name. */
export type Outcome = "allowed" | "allowed-once-resolved" | "denied" | "undecidable";

export type Verdict = {
  readonly outcome: Outcome;
  readonly egress: EndVerdict;
  readonly ingress: EndVerdict;
  /** Set where the destination is a Service, which is judged backend by backend. */
  readonly translation?: Translated;
};

/** A Service as `namespace/name` and where connections to it arrive. */
export type Translated = { readonly service: string; readonly backends: readonly Arrival[] };

/**
 * The verdict about one connection.
 *
 * @throws {UnknownPeer} if the inventory does not know an end
 */
export function verdict(network: Network, question: Question): Verdict {
  const source = soleParty(network, question.source);
  const destination = soleParty(network, question.destination);
  if (source !== undefined && destination !== undefined) {
    return partyVerdict(network, source, destination, protocolBit[question.protocol], question.port);
  }
  const translation = translate(network, question);
  switch (translation.kind) {
    case "none":
      return ofCases(casesOf(network, question, ""));
    case "unknown": {
      const end = undecidable({ kind: "translation", why: translation.why });
      return together(end, end);
    }
    case "service": {
      const cases = translation.backends.flatMap(({ destination, port }) =>
        casesOf(network, { ...question, destination, port }, backendText(destination, port)),
      );
      return { ...ofCases(cases), translation };
    }
  }
}

type CaseVerdict = Pick<Verdict, "egress" | "ingress"> & { readonly circumstance: string };

function casesOf(network: Network, question: Question, circumstance: string): CaseVerdict[] {
  const protocol = protocolBit[question.protocol];
  return resolve(network, question).map((one) => ({
    circumstance: [circumstance, one.circumstance].filter((text) => text !== "").join(", "),
    ...partyVerdict(network, one.source, one.destination, protocol, question.port),
  }));
}

function backendText(destination: Peer, port: number): string {
  switch (destination.kind) {
    case "endpoint":
      return `at ${destination.namespace}/${destination.name}:${port}`;
    case "address":
      return `at ${destination.address}:${port}`;
    case "node":
      return `at node ${destination.name}:${port}`;
    case "entity":
    case "cidr":
    case "fqdn":
    case "service":
      return "";
  }
}

function ofCases(cases: readonly CaseVerdict[]): Verdict {
  const [only, ...more] = cases;
  if (only === undefined) throw new Error("a question has no case");
  if (more.length === 0) return together(only.egress, only.ingress);
  return together(
    agreed(cases.map(({ egress, circumstance }) => ({ end: egress, circumstance }))),
    agreed(cases.map(({ ingress, circumstance }) => ({ end: ingress, circumstance }))),
  );
}

/** The verdict about one connection between two parties of a network. */
export const partyVerdict = (
  network: Network,
  source: Party,
  destination: Party,
  protocol: number,
  port: number,
): Verdict =>
  together(
    endVerdict(network, "egress", source, destination, protocol, port),
    endVerdict(network, "ingress", destination, source, protocol, port),
  );

/** Both ends have to allow a connection. */
function together(egress: EndVerdict, ingress: EndVerdict): Verdict {
  return { outcome: outcomeOf(egress, ingress), egress, ingress };
}

function outcomeOf(egress: EndVerdict, ingress: EndVerdict): Outcome {
  if (egress.verdict === "denied" || ingress.verdict === "denied") return "denied";
  if (egress.verdict === "undecidable" || ingress.verdict === "undecidable") return "undecidable";
  return egress.onceResolved ? "allowed-once-resolved" : "allowed";
}

/** One verdict for all cases of a question, if they come to the same. */
function agreed(cases: readonly { readonly end: EndVerdict; readonly circumstance: string }[]): EndVerdict {
  const [first, ...rest] = cases;
  if (first === undefined) throw new Error("a question has no case");
  const other = rest.find(({ end }) => inWords(end) !== inWords(first.end));
  if (other === undefined) return (cases.find(({ end }) => isConditional(end)) ?? first).end;
  const undecided = cases.find(({ end }) => end.verdict === "undecidable")?.end;
  if (undecided !== undefined) return undecided;
  const said = [first, other].map(({ end, circumstance }) => ({ verdict: inWords(end), circumstance }));
  return undecidable({ kind: "cases", cases: said });
}

const isConditional = (end: EndVerdict): boolean => end.verdict === "allowed" && end.onceResolved;

function inWords(end: EndVerdict): string {
  if (end.verdict !== "allowed") return end.verdict;
  const redirected = end.redirect === undefined ? "" : ` and redirected to ${end.redirect.parser}`;
  return `allowed${redirected}${end.authentication.length > 0 ? " once authenticated" : ""}`;
}
