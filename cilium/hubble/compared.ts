/** The ends of a record's connections at which the cluster's own decision was recorded, beside the verdict here. */
import { policyKey } from "../policy/parts.ts";
import { policyAt } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { ruleSelects } from "../reach/decide/decide.ts";
import { type DeniedBy, type EndVerdict, undecidableText } from "../reach/decide/verdict.ts";
import type { Decision } from "./decision.ts";
import type { End } from "./end.ts";
import type { Judged } from "./judge.ts";
import type { Connection } from "./record.ts";

/** An end of a connection at which a decision was recorded. */
export type ComparedEnd = {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly recorded: readonly Decision[];
  readonly here: EndVerdict;
} & (
  | { readonly state: "agrees" }
  | {
      readonly state: "differs";
      readonly differing: Decision;
      /** The policies that decide here, by key; where no rule and no default deny does, those that govern this end. */
      readonly deciding: readonly string[];
    }
  | { readonly state: "open"; readonly reason: string }
);

/** The ends of pods, where policies apply; in the same order whatever the policies and the configuration are. */
export function compareEnds(judged: Judged): ComparedEnd[] {
  const { judgements, partyOf } = judged;
  return judgements.flatMap(({ connection, verdict, ...judgement }) => {
    // What is refused and undecided turns on a name that the record does not tell.
    const open = judgement.outcome === "undecided" && verdict.outcome === "denied" ? judgement.reason : undefined;
    return (["egress", "ingress"] as const).flatMap((direction): ComparedEnd[] => {
      const { source, destination } = connection;
      const [subject, peer] = direction === "egress" ? [source, destination] : [destination, source];
      const recorded = recordedAt(connection, direction);
      if (recorded.length === 0 || partyOf(subject).enforcement !== "endpoint") return [];
      const here = verdict[direction];
      const end = { connection, direction, recorded, here };
      if (here.verdict === "undecidable") return [{ ...end, state: "open", reason: undecidableText(here.reason) }];
      if (open !== undefined && here.verdict === "denied") return [{ ...end, state: "open", reason: open }];
      const differing = recorded.find(
        (decision) =>
          !hasSameOutcome(decision, here) ||
          !hasSameProxy(decision, here) ||
          (!hasSameDecider(decision, here) && !isDoubtful(judged, direction, subject, peer)),
      );
      if (differing === undefined) return [{ ...end, state: "agrees" }];
      const deciding = decidingPolicies(here);
      const governing = () => governingPolicies(judged, direction, subject);
      return [{ ...end, state: "differs", differing, deciding: deciding.length > 0 ? deciding : governing() }];
    });
  });
}

/** What was recorded of one end: as verdicts and drops, and by how far packets got. */
function recordedAt({ decisions, reached }: Connection, direction: Direction): Decision[] {
  const told = [...decisions.keys()].filter((decision) => decision.direction === direction);
  const isTraced = reached === "arrived" || (reached === "left" && direction === "egress");
  return isTraced && !told.some(({ outcome }) => outcome !== "denied") ? [...told, traced[direction]] : told;
}

const tracedAt = (direction: Direction): Decision => ({
  direction,
  outcome: "allowed",
  isRedirected: undefined,
  by: undefined,
});

const traced = { egress: tracedAt("egress"), ingress: tracedAt("ingress") };

/** Whether a rule may be about the other end: then it may decide, as well as what decides here to the same effect. */
function isDoubtful({ network, partyOf }: Judged, direction: Direction, subject: End, peer: End): boolean {
  const rules = policyAt(network, partyOf(subject))?.[direction].rules ?? [];
  return rules.some((rule) => typeof ruleSelects(rule, partyOf(peer)) === "object");
}

function governingPolicies({ network, partyOf }: Judged, direction: Direction, subject: End): string[] {
  const policy = policyAt(network, partyOf(subject))?.[direction];
  return [...new Set([...(policy?.rules ?? []), ...(policy?.isolating ?? [])].map(policyKey))];
}

export function hasSameOutcome({ outcome, by, isRedirected }: Decision, here: EndVerdict): boolean {
  const isAudited = here.verdict === "allowed" && here.by.kind === "audit-mode";
  switch (outcome) {
    case "allowed":
      // The packets of what was audited are traced like any other.
      return here.verdict === "allowed" && (!isAudited || (by === undefined && isRedirected === undefined));
    case "denied":
      return here.verdict === "denied";
    case "audited":
      return isAudited;
  }
}

export const hasSameProxy = ({ isRedirected }: Decision, here: EndVerdict): boolean =>
  isRedirected === undefined || here.verdict !== "allowed" || (here.redirect !== undefined) === isRedirected;

/** Cilium names the policies of the one entry that decides, the verdict here those of all rules that match. */
function hasSameDecider({ by }: Decision, here: EndVerdict): boolean {
  if (by === undefined) return true;
  const deciding = decidingRules(here);
  switch (by.kind) {
    case "policies":
      return by.policies.every((policy) => deciding.has(policy));
    case "rule":
      return deciding.size > 0;
    case "no-rule":
      return deciding.size === 0;
  }
}

/** The policies whose rules decide, by key. */
export function decidingRules(here: EndVerdict): ReadonlySet<string> {
  if (here.verdict === "undecidable") return new Set();
  const by = here.by.kind === "audit-mode" ? here.by.denied : here.by;
  return new Set(by.kind === "rules" ? by.rules.map(policyKey) : []);
}

/** The policies that decide an end, by key: whose rules do, or that put it into default deny. */
function decidingPolicies(here: EndVerdict): readonly string[] {
  const rules = decidingRules(here);
  if (rules.size > 0 || here.verdict === "undecidable") return [...rules];
  const denied: DeniedBy | undefined =
    here.verdict === "denied" ? here.by : here.by.kind === "audit-mode" ? here.by.denied : undefined;
  return denied?.kind === "default-deny" ? denied.policies.map(policyKey) : [];
}
