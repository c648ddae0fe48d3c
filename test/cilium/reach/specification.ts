/**
 * The readable specification of what is decided at one end: all rules of the direction that select the end and match,
 * sorted, and one loop over them, after Cilium's own simulator (`pkg/policy/testutils/simulate.go`). It knows no index, no
 * shared answers and no doubt: where it is not known whether a rule matches, it has no answer.
 */
import { isHost } from "../../../cilium/reach/compile/identity.ts";
import type { Network, NetworkRule } from "../../../cilium/reach/compile/network.ts";
import type { Party } from "../../../cilium/reach/compile/party.ts";
import { rangeAt } from "../../../cilium/reach/compile/ports.ts";
import { type Direction, tiers } from "../../../cilium/reach/compile/rules.ts";
import { selects, selectsByOwnLabels } from "../../../cilium/reach/compile/selection.ts";

export type Specified = "allowed" | "denied" | "unknown";

/** What holds at an endpoint of the cluster, whatever the audit mode and the protocols that the agent drops. */
export function specified(
  { rules, configuration }: Network,
  direction: Direction,
  subject: Party,
  peer: Party,
  protocol: number,
  port: number,
): Specified {
  if (configuration.enforcement === "never") return "allowed";
  const own = rules.filter(
    (rule) =>
      rule.direction === direction && !rule.selectsNodes && selectsByOwnLabels(rule.subject, subject.identity) !== "no",
  );
  const isInitializing = subject.identity.labels.some(({ source, key }) => source === "reserved" && key === "init");
  const defaultDeny = configuration.enforcement === "always" || isInitializing || own.some((rule) => rule.defaultDeny);
  const server = direction === "ingress" ? subject : peer;
  const matching = own.filter((rule) => isAbout(rule, direction, server, peer, protocol, port)).sort(inOrder);
  if (matching.some((rule) => isInDoubt(rule, peer))) return "unknown";

  let skippedTier: string | undefined;
  for (const rule of matching) {
    if (rule.tier === skippedTier) continue;
    if (rule.effect === "deny") return "denied";
    if (rule.effect === "allow") return "allowed";
    skippedTier = rule.tier;
  }
  const letsHostIn = direction === "ingress" && own.length > 0 && configuration.allowLocalhost;
  return !defaultDeny || (letsHostIn && isHost(peer.identity)) ? "allowed" : "denied";
}

/** Tier, then priority, then deny before allow before pass. */
const inOrder = (a: NetworkRule, b: NetworkRule): number =>
  tiers.indexOf(a.tier) - tiers.indexOf(b.tier) ||
  a.priority - b.priority ||
  effects.indexOf(a.effect) - effects.indexOf(b.effect);

const effects = ["deny", "allow", "pass"];

function isAbout(
  rule: NetworkRule,
  direction: Direction,
  server: Party,
  peer: Party,
  protocol: number,
  port: number,
): boolean {
  return rule.peers.some(({ selector }) =>
    rule.ports.some((match) => {
      const range = rangeAt(match, protocol, direction, server.ports);
      if (range === undefined || port < range.from || range.to < port) return false;
      // The name of a port is looked up at those whom a rule selects themselves, not by their class.
      const aggregate = "name" in match.ports && direction === "egress" ? undefined : peer.identity.aggregate;
      return selects(selector, { ...peer.identity, aggregate }) !== "no";
    }),
  );
}

const isInDoubt = ({ peers }: NetworkRule, { identity }: Party): boolean =>
  !peers.some(({ selector }) => selects(selector, identity) === "yes");
