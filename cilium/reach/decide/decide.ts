/**
 * What Cilium decides at one end of a connection. A deny wins over every allow; without a matching rule, default deny
 * decides. What cannot be judged is never guessed: it makes the verdict undecidable where it could change it.
 */
import type { FqdnSelector, HttpRule } from "../../policy/schema.ts";
import { isHost } from "../compile/identity.ts";
import { type DirectionPolicy, type Network, type NetworkRule, selectsParty } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import type { Selection } from "../compile/peers.ts";
import { type L7, type PortMatch, rangeAt } from "../compile/ports.ts";
import type { Direction, RuleReference } from "../compile/rules.ts";

/** What is decided at one end, and by what. */
export type EndVerdict =
  | {
      readonly verdict: "allowed";
      readonly by: AllowedBy;
      readonly redirect: Redirect | undefined;
      /** Only by a rule on DNS names: it takes effect when the DNS proxy has seen the name resolved. */
      readonly onceResolved: boolean;
      /** Matching rules that ask for mutual authentication; which of them the datapath heeds is not judged. */
      readonly authentication: readonly RuleReference[];
    }
  | { readonly verdict: "denied"; readonly by: DeniedBy }
  | { readonly verdict: "undecidable"; readonly reason: string };

export type AllowedBy =
  | { readonly kind: "rules"; readonly rules: readonly RuleReference[] }
  /** No policy governs this direction of the endpoint, or none with default deny. */
  | { readonly kind: "no-default-deny" }
  /** An endpoint's own node may always reach it. */
  | { readonly kind: "allow-localhost" }
  /** Cilium applies no policy at this end: a node, or something outside the cluster. */
  | { readonly kind: "not-enforced" };

export type DeniedBy =
  | { readonly kind: "rules"; readonly rules: readonly RuleReference[] }
  /** The policies that put the endpoint into default deny; none for an endpoint that is still initializing. */
  | { readonly kind: "default-deny"; readonly policies: readonly string[] };

/** Traffic that passes a proxy, and what the proxy lets through. */
export type Redirect =
  | { readonly parser: "http"; readonly lets: "everything" | readonly HttpRule[] }
  | { readonly parser: "dns"; readonly lets: "everything" | readonly FqdnSelector[] }
  | { readonly parser: "tls" }
  | { readonly parser: "crd"; readonly listener: string };

/** The verdict at one end about a connection with the other: egress at the source, ingress at the destination. */
export function endVerdict(
  network: Network,
  direction: Direction,
  subject: Party,
  peer: Party,
  protocol: number,
  port: number,
): EndVerdict {
  switch (subject.enforcement) {
    case "elsewhere":
      return notEnforced;
    case "node": {
      const rule = network.nodeRules.find((rule) => rule.direction === direction);
      return rule === undefined
        ? notEnforced
        : undecidable(`${rule.policy} selects nodes, and whether the host firewall is on is not known`);
    }
    case "endpoint": {
      const policy = network.enforced[subject.position];
      if (policy === undefined) return notEnforced;
      if (policy.conflict !== undefined) return undecidable(policy.conflict);
      return decide(policy[direction], direction, subject, peer, protocol, port);
    }
  }
}

const notEnforced: EndVerdict = allowedBy({ kind: "not-enforced" });
const noDefaultDeny: EndVerdict = allowedBy({ kind: "no-default-deny" });
const allowLocalhost: EndVerdict = allowedBy({ kind: "allow-localhost" });

function allowedBy(by: AllowedBy): EndVerdict {
  return { verdict: "allowed", by, redirect: undefined, onceResolved: false, authentication: [] };
}

export const undecidable = (reason: string): EndVerdict => ({ verdict: "undecidable", reason });

/** A rule that says something about a connection. */
type Hit = { readonly rule: NetworkRule; readonly match: PortMatch; readonly reference: RuleReference };

function decide(
  policy: DirectionPolicy,
  direction: Direction,
  subject: Party,
  peer: Party,
  protocol: number,
  port: number,
): EndVerdict {
  const server = direction === "ingress" ? subject : peer;
  const denying: RuleReference[] = [];
  const allowing: Hit[] = [];
  let maybeDenied: string | undefined;
  let maybeAllowed: string | undefined;
  let maybeSpecial = false;
  for (const rule of policy.rules) {
    const selection = ruleSelects(rule, peer);
    if (selection === "no") continue;
    for (let i = 0; i < rule.ports.length; i++) {
      const match = rule.ports[i];
      const reference = rule.references[i];
      if (match === undefined || reference === undefined || !covers(match, direction, server, protocol, port)) continue;
      if (selection === "yes") {
        if (rule.deny) denying.push(reference);
        else allowing.push({ rule, match, reference });
      } else if (rule.deny) {
        maybeDenied ??= `${reference.policy} ${reference.path} may deny it: ${selection.maybe}`;
      } else {
        maybeAllowed ??= `${reference.policy} ${reference.path} may allow it: ${selection.maybe}`;
        maybeSpecial ||= isSpecial(rule, match);
      }
    }
  }
  if (denying.length > 0) return { verdict: "denied", by: { kind: "rules", rules: denying } };
  const allowed =
    allowing.length > 0 ? allowedByRules(allowing, policy.defaultDeny, peer) : allowedAnyway(policy, direction, peer);
  if (maybeDenied !== undefined && (allowed ?? maybeAllowed) !== undefined) return undecidable(maybeDenied);
  if (allowed !== undefined) {
    // It passes in any case, but what may match besides could put a proxy in its way or take one's limits off.
    const special = maybeSpecial || allowing.some(({ rule, match }) => isSpecial(rule, match));
    return maybeAllowed !== undefined && special ? undecidable(maybeAllowed) : allowed;
  }
  if (maybeAllowed !== undefined) return undecidable(maybeAllowed);
  return { verdict: "denied", by: { kind: "default-deny", policies: policy.isolating } };
}

/** What lets a connection pass that no rule allows. */
function allowedAnyway(policy: DirectionPolicy, direction: Direction, peer: Party): EndVerdict | undefined {
  if (!policy.defaultDeny) return noDefaultDeny;
  return admitsAsHost(policy, direction, peer) ? allowLocalhost : undefined;
}

/** An endpoint's own node may reach it; Cilium adds the rule where there are others (`allow-localhost`). */
export const admitsAsHost = ({ rules }: DirectionPolicy, direction: Direction, peer: Party): boolean =>
  direction === "ingress" && rules.length > 0 && isHost(peer.identity);

/** Whether a rule does more than let traffic pass. */
const isSpecial = (rule: NetworkRule, match: PortMatch): boolean =>
  match.l7 !== undefined || demandsAuthentication(rule);

const demandsAuthentication = ({ authentication }: NetworkRule): boolean =>
  authentication !== undefined && authentication !== "disabled";

/** Whether one of a rule's peers selects a party. */
export function ruleSelects(rule: NetworkRule, party: Party): Selection {
  let undecided: Selection = "no";
  for (const peer of rule.selections) {
    const selection = selectsParty(peer, party);
    if (selection === "yes") return "yes";
    if (selection !== "no") undecided = selection;
  }
  return undecided;
}

function covers(match: PortMatch, direction: Direction, server: Party, protocol: number, port: number): boolean {
  const range = rangeAt(match, protocol, direction, server.ports);
  return range !== undefined && range.from <= port && port <= range.to;
}

function allowedByRules(hits: readonly Hit[], defaultDeny: boolean, peer: Party): EndVerdict {
  const demanding = hits.filter(({ rule }) => demandsAuthentication(rule));
  return {
    verdict: "allowed",
    by: { kind: "rules", rules: hits.map(({ reference }) => reference) },
    redirect: redirectOf(hits, defaultDeny),
    onceResolved:
      peer.identity.outside !== undefined && defaultDeny && hits.every(({ rule }) => byNameOnly(rule, peer)),
    authentication: demanding.map(({ reference }) => reference),
  };
}

/** Whether a rule selects a party, if at all, by a DNS name alone. */
export const byNameOnly = (rule: NetworkRule, peer: Party): boolean =>
  rule.selections.every((selection) =>
    selection.selector.condition.kind === "fqdn" ? true : selectsParty(selection, peer) !== "yes",
  );

/**
 * The proxy that takes the traffic: of those that matching rules ask for, the one with the highest precedence
 * (`pkg/policy/types/entry.go`). It lets everything through that a rule without L7 allows, or without default deny.
 */
function redirectOf(hits: readonly Hit[], defaultDeny: boolean): Redirect | undefined {
  const proxied = hits.flatMap(({ match }) => match.l7 ?? []);
  const [first, ...rest] = proxied;
  if (first === undefined) return undefined;
  const taking = rest.reduce((best, l7) => (l7.priority < best.priority ? l7 : best), first);
  const lifted = !defaultDeny || hits.some(({ match }) => match.l7 === undefined);
  return redirect(taking, proxied, lifted);
}

function redirect(taking: L7, proxied: readonly L7[], lifted: boolean): Redirect {
  switch (taking.parser) {
    case "http":
      return { parser: "http", lets: lifted ? "everything" : proxied.flatMap(({ http }) => http) };
    case "dns":
      return { parser: "dns", lets: lifted ? "everything" : proxied.flatMap(({ dns }) => dns) };
    case "tls":
      return { parser: "tls" };
    case "crd":
      return { parser: "crd", listener: taking.listener ?? "" };
  }
}
