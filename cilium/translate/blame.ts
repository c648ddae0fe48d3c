/** Which policies are to blame where flows would not be the same as they are, and what is said of it. */
import type { Subject } from "../model/peers.ts";
import { entityName } from "../policy/entity.ts";
import { policyKey, referenceTo } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { type Counterexample, witnessParties } from "../prove/prove.ts";
import { withWitness } from "../prove/witness.ts";
import type { Inventory } from "../reach/compile/inventory.ts";
import { compile, policyAt } from "../reach/compile/network.ts";
import { soleParty } from "../reach/compile/resolve.ts";
import { describe } from "../reach/report/diff-text.ts";
import type { Difference } from "../reach/report/difference.ts";
import { questionText } from "../reach/report/explain.ts";
import type { Said } from "./said.ts";
import type { DeclaredSubject } from "./subjects.ts";

/** The policies of the pods at the ends of what differs. */
export function blamed(difference: Difference, declared: readonly DeclaredSubject[]): Map<Policy, string> {
  const { opened, closed, changed, undecidable, isolated, exposed } = difference;
  const ends = new Set([
    ...[...opened, ...closed, ...changed, ...undecidable].flatMap(({ from, to }) => [from.name, to.name]),
    ...[...isolated, ...exposed].map(({ endpoint }) => endpoint),
  ]);
  // A clusterwide group is pods, where the policy may be about Cilium's own endpoints too.
  const own = ciliumEndpoints.filter((name) => ends.has(name));
  const wide = own.length > 0 ? declared.filter(({ subject }) => mayBeCilium(subject)) : [];
  const concerned = declared.filter(({ pods }) => pods.some(({ namespace, name }) => ends.has(`${namespace}/${name}`)));
  // What differs for pods that no policy seems to select is everybody's fault.
  const blame = [wide, concerned, declared].find(({ length }) => length > 0) ?? [];
  const reason =
    blame === wide
      ? `it selects Cilium's own endpoints too (${own.join(", ")}), which a group never is`
      : `as flows it would not be the same: ${exampleOf(difference)}`;
  return new Map(blame.flatMap(({ said }) => said.map(({ policy }) => [policy, reason] as const)));
}

/** The policies that select the pods of a counterexample. */
export function blamedFor(
  { witness, end }: Counterexample,
  stated: readonly Said[],
  inventory: Inventory,
): Map<Policy, string> {
  const { question } = witness;
  const example = [questionText(question), ...witnessParties(witness)].join(", ");
  const reason = `as flows it would not be the same for pods that could exist: ${example}`;
  const own =
    end === "egress"
      ? [question.source]
      : end === "ingress"
        ? [question.destination]
        : [question.source, question.destination];
  const network = compile(
    stated.map(({ policy }) => policy),
    withWitness(inventory, witness),
  );
  const deciding = new Set(
    own.flatMap((peer) => {
      const party = soleParty(network, peer);
      const policy = party && policyAt(network, party);
      return [...(policy?.egress.rules ?? []), ...(policy?.ingress.rules ?? [])].map(policyKey);
    }),
  );
  const blamed = stated.filter(({ policy }) => deciding.has(policyKey(referenceTo(policy))));
  // What differs though none of them selects a pod is everybody's fault.
  return new Map((blamed.length > 0 ? blamed : stated).map(({ policy }) => [policy, reason]));
}

/** One of the things that differ. */
export function exampleOf(difference: Difference): string | undefined {
  const { opened, closed, changed, undecidable } = difference;
  const one = { opened: opened.slice(0, 1), closed: closed.slice(0, 1), changed: changed.slice(0, 1) };
  const [sentence] = describe({ ...difference, ...one, undecidable: undecidable.slice(0, 1) }).sentences;
  return sentence?.text;
}

/** By the names that differences give them. */
const ciliumEndpoints = (["init", "health", "ingress", "unmanaged"] as const).map(entityName);

/** Whether a policy asks for nothing that only pods have. */
const mayBeCilium = (subject: Subject): boolean =>
  subject.kind === "clusterwide-group" &&
  Object.values(subject.labels).every((match) => typeof match === "object" && ("absent" in match || "noneOf" in match));
