/** Proofs in the light of policies that could not be read, and how they are told. */
import { malformedText, mayDecide } from "../cilium/kubernetes/broken.ts";
import { hidesPolicies, type LeftOut, leftOutText } from "../cilium/kubernetes/left-out.ts";
import {
  always,
  type Exception,
  type Guarantee,
  type Proof,
  type Witness,
  witnessObjects,
  witnessParties,
} from "../cilium/prove/prove.ts";
import { withWitness } from "../cilium/prove/witness.ts";
import type { Inventory, Peer, Question } from "../cilium/reach/compile/inventory.ts";
import type { EndVerdict, Verdict } from "../cilium/reach/decide/verdict.ts";
import { decidingPolicies, endText, outcomeText, peerText, questionText } from "../cilium/reach/report/explain.ts";
import { yaml } from "../cilium/render/yaml.ts";
import type { Source } from "./sources/source.ts";

/** A source and the cluster that its policies are judged in. */
export interface ProvedSource {
  readonly source: Source;
  readonly inventory: Inventory;
}

/** A proof that is none where a policy that cannot be judged may say otherwise. */
export function doubtedProof<Example extends { readonly witness: Witness }>(
  proof: Proof<Example>,
  proved: readonly ProvedSource[],
): Proof<Example> {
  const broken = proved.flatMap(({ source: { objects } }) => [
    ...objects.malformed.map(malformedText),
    ...objects.leftOut.filter(hidesPolicies).map(hiddenText),
    ...objects.unplaced.map(
      ({ place, policy }) => `${place}: ${policy.kind} ${policy.metadata.name} names no namespace`,
    ),
  ]);
  const reasons = [...new Set(broken)].map((policy) => `a policy cannot be judged: ${policy}`);
  if (reasons.length === 0) return proof;
  switch (proof.kind) {
    case "proved":
      return { kind: "undecided", reasons };
    case "undecided":
      return { kind: "undecided", reasons: [...proof.reasons, ...reasons] };
    case "refuted":
      return proved.some((one) => maySelect(one, proof.counterexample.witness))
        ? { kind: "undecided", reasons }
        : proof;
  }
}

const hiddenText = (one: LeftOut): string =>
  `${leftOutText(one)}${one.render === undefined ? "" : `; read the output of ${one.render}`}`;

function maySelect({ source: { objects }, inventory }: ProvedSource, witness: Witness): boolean {
  const { source, destination } = witness.question;
  const found = withWitness(inventory, witness);
  return (
    objects.unplaced.length > 0 ||
    objects.leftOut.some(hidesPolicies) ||
    [source, destination].some((end) => mayDecide(objects.malformed, end, found).length > 0)
  );
}

/** Whether a guarantee holds of a source's policies in every cluster like its own. */
export const guaranteed = (guarantee: Guarantee, source: Source): Proof<Exception> =>
  doubtedProof(always({ policies: source.policies, inventory: source.inventory }, guarantee), [
    { source, inventory: source.inventory },
  ]);

/** A question as an item of a file of expectations asks it. */
const questionData = ({ source, destination, port, protocol }: Question) => ({
  from: peerText(source),
  ...(isName(destination) ? { fqdn: destination.name } : { to: peerText(destination) }),
  port,
  protocol,
});

const isName = (peer: Peer): peer is Peer & { kind: "fqdn" } => peer.kind === "fqdn";

/** What `netpol test` needs to ask a question of a proof again. */
export const witnessData = (witness: Witness) => ({
  // An inventory without any Pod is taken for a mistake.
  objects: witnessObjects(witness.endpoints.length > 0 ? witness : { ...witness, endpoints: [bystander] }),
  question: questionData(witness.question),
  // Of a name whose address matters, what no object can say.
  ...(witness.names.some(({ addresses }) => addresses.length > 0) && { names: witness.names }),
});

/** A pod at no end. */
const bystander = { namespace: "default", name: "bystander", labels: {} };

export const endsData = ({ egress, ingress }: Verdict) => ({ egress: endData(egress), ingress: endData(ingress) });

export const endData = (end: EndVerdict) => ({
  verdict: end.verdict,
  policies: decidingPolicies(end),
  redirect: (end.verdict === "allowed" && end.redirect) || null,
  why: endText(end),
});

/** What decided at both ends of a question, in lines. */
export const endsLines = ({ source, destination }: Question, { egress, ingress }: Verdict): string[] => [
  `  leaving ${peerText(source)}: ${endText(egress)}`,
  `  arriving at ${peerText(destination)}: ${endText(ingress)}`,
];

export const witnessLines = (witness: Witness): string[] =>
  witnessObjects(witness).flatMap((object) => ["---", yaml(object).trimEnd()]);

/** An exception to a guarantee: the question, the verdict, and who stands at its ends. */
export const exceptionLines = ({ witness, verdict }: Exception): string[] => [
  `  but ${questionText(witness.question)} is ${outcomeText(verdict)}`,
  ...endsLines(witness.question, verdict).map((line) => `  ${line}`),
  ...witnessParties(witness).map((line) => `    ${line}`),
];
