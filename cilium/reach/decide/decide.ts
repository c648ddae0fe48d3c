/**
 * What Cilium decides at one end of a connection, in one ordered pass: tier, priority, deny before allow before pass; a
 * pass skips the rest of its tier, and where no rule decides, default deny does (`pkg/policy/testutils/simulate.go`). What
 * cannot be judged is never guessed: it makes the verdict undecidable where it could change it.
 */
import type { PolicyReference } from "../../policy/parts.ts";
import type { FqdnSelector, HttpRule } from "../../policy/schema.ts";
import type { Configuration } from "../compile/configuration.ts";
import type { EnforcedPolicy } from "../compile/enforced.ts";
import { isHost } from "../compile/identity.ts";
import {
  type DirectionPolicy,
  type Level,
  type Network,
  type NetworkRule,
  policyAt,
  selectsParty,
} from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { type L7, type PortMatch, protocolBit, rangeAt } from "../compile/ports.ts";
import type { Direction, Effect, RuleReference } from "../compile/rules.ts";
import { type Selection, selects } from "../compile/selection.ts";
import type { Undecidable } from "./undecidable.ts";

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
  | { readonly verdict: "undecidable"; readonly reason: Undecidable };

export type AllowedBy =
  | { readonly kind: "rules"; readonly rules: readonly RuleReference[] }
  /** No policy governs this direction of the endpoint, or none with default deny. */
  | { readonly kind: "no-default-deny" }
  /** An endpoint's own node may always reach it. */
  | { readonly kind: "allow-localhost" }
  /** Cilium applies no policy at this end: a node, or something outside the cluster. */
  | { readonly kind: "not-enforced" }
  /** The policies deny it, and `policy-audit-mode` lets it pass. */
  | { readonly kind: "audit-mode"; readonly denied: DeniedBy };

export type DeniedBy =
  | { readonly kind: "rules"; readonly rules: readonly RuleReference[] }
  /**
   * The policies that put the endpoint into default deny; none where `enable-policy` is `always`, or for an endpoint that
   * is still initializing.
   */
  | { readonly kind: "default-deny"; readonly policies: readonly PolicyReference[] }
  /** Rules allow a DNS name whose look-up no policy sends through the DNS proxy, so that it never has an address. */
  | { readonly kind: "unresolvable"; readonly name: string; readonly rules: readonly RuleReference[] }
  /** The agent drops the protocol unless this key of its configuration switches it on. */
  | { readonly kind: "protocol-off"; readonly key: string };

/** Traffic that passes a proxy, and what the proxy lets through. */
export type Redirect =
  | { readonly parser: "http"; readonly lets: "everything" | readonly HttpRule[] }
  | { readonly parser: "dns"; readonly lets: "everything" | readonly FqdnSelector[] }
  /** The names that TLS connections may ask for; undefined where certificates, or rules without names, leave that open. */
  | { readonly parser: "tls"; readonly serverNames: readonly string[] | undefined }
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
  const [unreadable] = network.basis.unreadable;
  if (subject.enforcement !== "elsewhere" && unreadable !== undefined) {
    return undecidable({ kind: "configuration", unreadable });
  }
  const key = subject.enforcement === "elsewhere" ? undefined : protocolKey(network.configuration, protocol);
  if (key !== undefined && subject.enforcement === "endpoint") {
    return { verdict: "denied", by: { kind: "protocol-off", key } };
  }
  const policy = policyAt(network, subject);
  if (policy === undefined) return notEnforced;
  if (policy.conflict !== undefined) return undecidable({ kind: "conflict", conflict: policy.conflict });
  const { unknownSubject } = policy[direction];
  if (unknownSubject !== undefined) {
    const { rule, unknown } = unknownSubject;
    const [reference] = rule.references;
    if (reference !== undefined) return undecidable({ kind: "subject", rule: reference, unknown });
  }
  const decided = decide(
    network,
    policy[direction],
    direction,
    subject,
    peer,
    protocol,
    portLookedUp(network.configuration, protocol, port),
  );
  return decided.verdict === "denied" && network.configuration.auditMode
    ? allowedBy({ kind: "audit-mode", denied: decided.by })
    : decided;
}

/** The key without which the datapath drops a protocol (`ct_extract_ports4` in `bpf/lib/conntrack.h`). */
export function protocolKey(configuration: Configuration, protocol: number): string | undefined {
  if (configuration.extendedProtocols || (protocol & portsOrIcmp) !== 0) return undefined;
  if (protocol === protocolBit.SCTP) return configuration.sctp ? undefined : "enable-sctp";
  return "enable-extended-ip-protocols";
}

const portsOrIcmp = protocolBit.TCP | protocolBit.UDP | protocolBit.ICMP | protocolBit.ICMPv6;

/** The port that the datapath looks up; without support for a protocol it knows none. */
export function portLookedUp(configuration: Configuration, protocol: number, port: number): number {
  const isIcmp = (protocol & (protocolBit.ICMP | protocolBit.ICMPv6)) !== 0;
  const unread = isIcmp ? !configuration.icmpRules : protocol === protocolBit.SCTP && !configuration.sctp;
  return unread ? 0 : port;
}

const notEnforced: EndVerdict = allowedBy({ kind: "not-enforced" });
const noDefaultDeny: EndVerdict = allowedBy({ kind: "no-default-deny" });
const allowLocalhost: EndVerdict = allowedBy({ kind: "allow-localhost" });

function allowedBy(by: AllowedBy): EndVerdict {
  return { verdict: "allowed", by, redirect: undefined, onceResolved: false, authentication: [] };
}

/** Whether what no rule allows at an end is sure to be denied there. */
export function deniesByDefault(network: Network, policy: EnforcedPolicy, direction: Direction): boolean {
  const { configuration, basis } = network;
  const { defaultDeny, unknownSubject } = policy[direction];
  const isUnsure = policy.conflict !== undefined || unknownSubject !== undefined || basis.unreadable.length > 0;
  return defaultDeny && !isUnsure && !configuration.auditMode;
}

export const undecidable = (reason: Undecidable): EndVerdict => ({ verdict: "undecidable", reason });

function decide(
  network: Network,
  policy: DirectionPolicy,
  direction: Direction,
  subject: Party,
  peer: Party,
  protocol: number,
  port: number,
): EndVerdict {
  const server = direction === "ingress" ? subject : peer;
  const levels = policy.levels.map((level) => ({
    tier: level.tier,
    hits: hitsOf(level, direction, server, peer, protocol, port),
  }));
  const { end, alternatives } = firstMatch(network, levels, policy, peer);
  const other = alternatives.find(({ verdict }) => verdict !== end.verdict || isSpecialEnd(end));
  return other === undefined ? end : undecidable(other.reason);
}

const isSpecialEnd = (end: EndVerdict): boolean =>
  end.verdict === "allowed" && (end.redirect !== undefined || end.authentication.length > 0);

/** A rule that says something about a connection. */
type Hit = { readonly rule: NetworkRule; readonly match: PortMatch; readonly reference: RuleReference };

/** A rule that may do so, and why that is not known. */
type Doubt = { readonly reason: Undecidable; readonly isSpecial: boolean };

type Hits = {
  readonly sure: Readonly<Record<Effect, Hit[]>>;
  readonly maybe: Record<Effect, Doubt | undefined>;
};

function hitsOf(level: Level, direction: Direction, server: Party, peer: Party, protocol: number, port: number): Hits {
  const hits: Hits = {
    sure: { allow: [], deny: [], pass: [] },
    maybe: { allow: undefined, deny: undefined, pass: undefined },
  };
  for (const rule of level.rules) {
    const selection = ruleSelects(rule, peer);
    if (selection === "no") continue;
    for (let i = 0; i < rule.ports.length; i++) {
      const match = rule.ports[i];
      const reference = rule.references[i];
      if (match === undefined || reference === undefined || !covers(match, direction, server, protocol, port)) continue;
      if ("name" in match.ports && direction === "egress" && !selectsItself(rule, peer)) continue;
      if (selection === "yes") {
        hits.sure[rule.effect].push({ rule, match, reference });
        continue;
      }
      const { effect } = rule;
      const known = hits.maybe[effect];
      const reason = known?.reason ?? { kind: "peer", rule: reference, effect, unknown: selection.maybe };
      hits.maybe[effect] = { reason, isSpecial: known?.isSpecial || isSpecial(rule, match) };
    }
  }
  return hits;
}

/** The verdict by the rules that are sure to match, and others that are possible where rules only may match. */
type Pass = { readonly end: EndVerdict; readonly alternatives: readonly Alternative[] };

type Alternative = { readonly verdict: "allowed" | "denied" | "allowed in another way"; readonly reason: Undecidable };

type JudgedLevel = { readonly tier: Level["tier"]; readonly hits: Hits };

function firstMatch(network: Network, levels: readonly JudgedLevel[], policy: DirectionPolicy, peer: Party): Pass {
  const [level, ...rest] = levels;
  if (level === undefined) return { end: byDefault(policy, peer), alternatives: [] };
  const { sure, maybe } = level.hits;
  if (sure.deny.length > 0) {
    return { end: { verdict: "denied", by: { kind: "rules", rules: referencesOf(sure.deny) } }, alternatives: [] };
  }
  const denied: Alternative[] = maybe.deny === undefined ? [] : [{ verdict: "denied", reason: maybe.deny.reason }];
  const after = (passed: boolean) =>
    firstMatch(network, passed ? rest.filter(({ tier }) => tier !== level.tier) : rest, policy, peer);
  if (sure.allow.length > 0) {
    const otherwise = sure.allow.some(({ rule, match }) => isSpecial(rule, match)) || maybe.allow?.isSpecial;
    return {
      end: allowedByRules(network, sure.allow, policy.defaultDeny, peer, () => after(sure.pass.length > 0).end),
      alternatives:
        maybe.allow !== undefined && otherwise
          ? [...denied, { verdict: "allowed in another way", reason: maybe.allow.reason }]
          : denied,
    };
  }
  const allowed: Alternative[] =
    maybe.allow === undefined
      ? []
      : [{ verdict: maybe.allow.isSpecial ? "allowed in another way" : "allowed", reason: maybe.allow.reason }];
  const next = after(sure.pass.length > 0);
  return {
    end: next.end,
    alternatives: [
      ...denied,
      ...allowed,
      ...(maybe.pass === undefined || sure.pass.length > 0 ? [] : ifPassed(after(true), maybe.pass.reason)),
      ...next.alternatives,
    ],
  };
}

function ifPassed({ end, alternatives }: Pass, reason: Undecidable): Alternative[] {
  const verdict = isSpecialEnd(end) || end.verdict === "undecidable" ? "allowed in another way" : end.verdict;
  return [{ verdict, reason }, ...alternatives];
}

/** What decides about a connection that no rule does: default deny, but for an endpoint's own node. */
function byDefault(policy: DirectionPolicy, peer: Party): EndVerdict {
  if (!policy.defaultDeny) return noDefaultDeny;
  if (policy.admitsHost && isHost(peer.identity)) return allowLocalhost;
  return { verdict: "denied", by: { kind: "default-deny", policies: policy.isolating } };
}

/** Whether a rule does more than let traffic pass. */
const isSpecial = (rule: NetworkRule, match: PortMatch): boolean =>
  match.l7 !== undefined || demandsAuthentication(rule);

const demandsAuthentication = ({ authentication }: NetworkRule): boolean =>
  authentication !== undefined && authentication !== "disabled";

const referencesOf = (hits: readonly Hit[]): RuleReference[] => hits.map(({ reference }) => reference);

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

/** At egress, the name of a port is looked up at those whom a rule selects themselves, not by their class. */
const selectsItself = (rule: NetworkRule, { identity }: Party): boolean =>
  rule.selections.some(({ selector }) => selects(selector, { ...identity, aggregate: undefined }) !== "no");

function covers(match: PortMatch, direction: Direction, server: Party, protocol: number, port: number): boolean {
  const range = rangeAt(match, protocol, direction, server.ports);
  return range !== undefined && range.from <= port && port <= range.to;
}

/** @param otherwise the verdict if these rules did not match */
function allowedByRules(
  network: Network,
  hits: readonly Hit[],
  defaultDeny: boolean,
  peer: Party,
  otherwise: () => EndVerdict,
): EndVerdict {
  const demanding = hits.filter(({ rule }) => demandsAuthentication(rule));
  const allowed = {
    verdict: "allowed",
    by: { kind: "rules", rules: referencesOf(hits) },
    redirect: redirectOf(hits, defaultDeny),
    onceResolved: false,
    authentication: referencesOf(demanding),
  } as const;
  const { outside } = peer.identity;
  if (outside === undefined || !hits.every(({ rule }) => byNameOnly(rule, peer))) return allowed;
  const unresolved = otherwise();
  if (unresolved.verdict === "allowed") return allowed;
  if (outside.names.some(network.lookups)) return { ...allowed, onceResolved: true };
  const [name = ""] = outside.names;
  return unresolved.verdict === "denied"
    ? { verdict: "denied", by: { kind: "unresolvable", name, rules: referencesOf(hits) } }
    : unresolved;
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
  return redirect(taking, proxied, lifted, serverNamesOf(hits.map(({ match }) => match.l7)));
}

/** The TLS server names that rules let through together, where each of them says nothing but such names. */
export function serverNamesOf(rules: readonly (L7 | undefined)[]): readonly string[] | undefined {
  const named = rules.filter(
    (l7) => l7?.parser === "tls" && l7.serverNames.length > 0 && !l7.terminatingTLS && !l7.originatingTLS,
  );
  return named.length < rules.length ? undefined : [...new Set(named.flatMap((l7) => l7?.serverNames ?? []))].sort();
}

function redirect(
  taking: L7,
  proxied: readonly L7[],
  lifted: boolean,
  serverNames: readonly string[] | undefined,
): Redirect {
  switch (taking.parser) {
    case "http":
      return { parser: "http", lets: lifted ? "everything" : proxied.flatMap(({ http }) => http) };
    case "dns":
      return { parser: "dns", lets: lifted ? "everything" : proxied.flatMap(({ dns }) => dns) };
    case "tls":
      return { parser: "tls", serverNames };
    case "crd":
      return { parser: "crd", listener: taking.listener ?? "" };
  }
}
