/** Puts the engine's answers beside those of Cilium's own code. */
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Question } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { type EndVerdict, type Verdict, verdict } from "../../../cilium/reach/decide/verdict.ts";
import type { JobEndVerdict, VerdictOracle } from "../../oracle/job.ts";
import type { World } from "./worlds.ts";

/** How often each outcome was seen, at the ends of questions. */
export type Counts = Map<string, number>;

export const count = (counts: Counts, what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1);
};

/** Prints counts, the largest first. */
export function printed(counts: Counts): void {
  for (const [what, times] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`        ${times} × ${what}`);
}

/** What engine and Cilium disagree about; empty if they agree. */
export async function differences(oracle: VerdictOracle, world: World, counts: Counts): Promise<string[]> {
  const { policies, inventory, questions } = world;
  const cilium = await oracle.ask({ id: "world", policies, inventory: jobInventory(inventory), questions });
  const network = compile(
    policies.map((manifest) => policySchema.parse(manifest)),
    inventory,
  );

  const unknownServices = inventory.services === undefined && JSON.stringify(policies).includes("toServices");
  const unknowns = network.enforced.some(({ ingress, egress }) =>
    [...ingress.rules, ...egress.rules].some((rule) => rule.selections.some(({ undecided }) => undecided.size > 0)),
  );
  const found: string[] = [];
  if (network.refused.length !== cilium.refused.length) {
    found.push(`refused: ${JSON.stringify(network.refused)} here, ${JSON.stringify(cilium.refused)} by Cilium`);
  }
  questions.forEach((question, i) => {
    const ours = verdict(network, question);
    const theirs = cilium.answers[i];
    for (const direction of ["egress", "ingress"] as const) {
      // Cilium has no Services here and takes the rule for one about everybody, which can clash with others.
      if (unknownServices && theirs?.[direction]?.error !== undefined) continue;
      const difference = endDifference(ours[direction], theirs?.[direction], unknowns, counts);
      if (difference !== undefined) found.push(`${asked(question)}, ${direction}: ${difference}`);
    }
    count(counts, `connection ${ours.outcome}`);
    const inconsistent = inconsistency(ours);
    if (inconsistent !== undefined) found.push(`${asked(question)}: ${inconsistent}`);
  });
  return found;
}

/** The inventory as the program of test/oracle takes it: of a Service's backends their addresses. */
const jobInventory = ({ services, ...inventory }: World["inventory"]): object => ({
  ...inventory,
  ...(services !== undefined && {
    services: services.map(({ namespace, name, labels, selector, backends = [] }) => ({
      ...{ namespace, name, labels, selector },
      addresses: backends.flatMap(({ addresses }) => addresses),
    })),
  }),
});

function endDifference(
  ours: EndVerdict,
  theirs: JobEndVerdict | undefined,
  unknowns: boolean,
  counts: Counts,
): string | undefined {
  const differ = () => `${JSON.stringify(ours)} here, ${JSON.stringify(theirs ?? "not enforced")} by Cilium`;
  if (ours.verdict === "undecidable") {
    count(counts, `not decidable: ${kindOf(ours.reason)}`);
    return undefined;
  }
  if (theirs === undefined || theirs.error !== undefined) {
    const notEnforced = ours.verdict === "allowed" && ours.by.kind === "not-enforced";
    return notEnforced && theirs === undefined ? undefined : differ();
  }
  if (ours.verdict === "denied") {
    count(counts, `denied by ${ours.by.kind}`);
    return theirs.allowed || !knownOrigins(ours, theirs, unknowns) ? differ() : undefined;
  }
  count(counts, `allowed by ${ours.by.kind}${ours.redirect ? `, redirected to ${ours.redirect.parser}` : ""}`);
  const sameRedirect = ours.redirect?.parser === theirs.redirect;
  const sameAuthentication = ours.authentication.length > 0 || theirs.auth === undefined;
  return theirs.allowed && sameRedirect && sameAuthentication && knownOrigins(ours, theirs, unknowns)
    ? undefined
    : differ();
}

/** Cilium names the policies behind one map entry; the engine names those of all rules that it is sure match. */
function knownOrigins(ours: EndVerdict, theirs: JobEndVerdict, unknowns: boolean): boolean {
  if (unknowns) return true;
  const policies = (theirs.origins ?? [])
    .filter(({ kind }) => kind !== "cilium")
    .map(({ namespace, name }) => (namespace === undefined ? name : `${namespace}/${name}`));
  const by = ours.verdict === "undecidable" ? undefined : ours.by;
  if (by?.kind !== "rules") return policies.length === 0;
  return policies.length > 0 && policies.every((policy) => by.rules.some((rule) => rule.policy === policy));
}

function inconsistency({ outcome, egress, ingress }: Verdict): string | undefined {
  const denied = egress.verdict === "denied" || ingress.verdict === "denied";
  return denied === (outcome === "denied")
    ? undefined
    : `outcome ${outcome} of ${egress.verdict} and ${ingress.verdict}`;
}

/** A reason without what is particular to one world. */
const kindOf = (reason: string): string =>
  reason
    .replace(/^.* may (deny|allow) it: /, "")
    .replace(/^.* say the same peers and ports/, "rules say the same peers and ports")
    .replace(/\(\w+ and \w+\)/, "")
    .replace(/^\S+ names a /, "a policy names a ")
    .replace(/^.* selects nodes/, "a policy selects nodes")
    .replace(/^.* give the port \S+/, "rules give a named port")
    .replace(/^the address of \S+/, "the address of a name")
    .replace(/: [[{].*$/, "")
    .replace(/CiliumCIDRGroup .* are/, "a CiliumCIDRGroup are")
    .replace(/^.* at \d.*/, "a name has addresses with different verdicts");

const asked = (question: Question): string => JSON.stringify(question);
