/** Verdicts in words: who stands at an end, what decided there, and what a proxy lets through. */

import { entityName } from "../../policy/entity.ts";
import { policyText } from "../../policy/parts.ts";
import type { Peer, Question } from "../compile/inventory.ts";
import { type RuleReference, ruleText } from "../compile/rules.ts";
import { type DeniedBy, type EndVerdict, undecidableText, type Verdict } from "../decide/verdict.ts";
import { redirectText } from "./conditions.ts";

/** `namespace/name`, an entity, a node's name, an address, a CIDR or a DNS name. */
export function peerText(peer: Peer): string {
  switch (peer.kind) {
    case "endpoint":
      return `${peer.namespace}/${peer.name}`;
    case "entity":
      return entityName(peer.entity);
    case "service":
      return `${peer.namespace}/${peer.name}`;
    case "node":
    case "fqdn":
      return peer.name;
    case "address":
      return addressText(peer.address, peer);
    case "cidr":
      return addressText(peer.cidr, peer);
  }
}

/** `nas (192.0.2.7)` where people have a name for the machine. */
export const addressText = (address: string, { host }: { readonly host?: string }): string =>
  host === undefined ? address : `${host} (${address})`;

/** `argocd/server → argocd/redis:6379/TCP` */
export const questionText = ({ source, destination, port, protocol }: Question): string =>
  `${peerText(source)} → ${peerText(destination)}:${port}/${protocol}`;

/** `allowed`, `allowed once the name is resolved through the DNS proxy`, `denied` or `not decidable`. */
export function outcomeText({ outcome }: Pick<Verdict, "outcome">): string {
  switch (outcome) {
    case "allowed":
    case "denied":
      return outcome;
    case "allowed-once-resolved":
      return "allowed once the name is resolved through the DNS proxy";
    case "undecidable":
      return "not decidable";
  }
}

/** What decided at one end, such as `allowed by argocd/redis ingress[0].toPorts[0]`. */
export function endText(end: EndVerdict): string {
  switch (end.verdict) {
    case "allowed":
      return `allowed ${allowedText(end)}`;
    case "denied":
      return deniedText(end.by);
    case "undecidable":
      return `not decidable: ${undecidableText(end.reason)}`;
  }
}

function deniedText(by: DeniedBy): string {
  switch (by.kind) {
    case "rules":
      return `denied by ${rulesText(by.rules)}`;
    case "default-deny":
      return by.policies.length === 0
        ? "denied: it is in default deny without any policy's doing, and no rule allows this"
        : `denied: default deny (${by.policies.map(policyText).join(", ")}), and no rule allows this`;
    case "unresolvable":
      return `denied: the name cannot be resolved: no policy sends look-ups of ${by.name} through the DNS proxy, so ${rulesText(by.rules)} never matches`;
    case "protocol-off":
      return `denied: the agent drops this protocol unless ${by.key} in cilium-config is true`;
  }
}

function allowedText(end: EndVerdict & { verdict: "allowed" }): string {
  const extras = [
    ...(end.onceResolved ? ["once the DNS proxy has seen the name resolved"] : []),
    ...(end.redirect === undefined ? [] : [`through ${redirectText(end.redirect)}`]),
    ...(end.authentication.length === 0 ? [] : [`with mutual authentication (${rulesText(end.authentication)})`]),
  ];
  return [allowedByText(end), ...extras].join(", ");
}

function allowedByText({ by }: EndVerdict & { verdict: "allowed" }): string {
  switch (by.kind) {
    case "rules":
      return `by ${rulesText(by.rules)}`;
    case "no-default-deny":
      return "since no policy puts this direction into default deny";
    case "allow-localhost":
      return "since a pod's own node may always reach it";
    case "not-enforced":
      return "since Cilium applies no policy at this end";
    case "audit-mode":
      return `since policy-audit-mode only records what it would be without: ${deniedText(by.denied)}`;
  }
}

const rulesText = (rules: readonly RuleReference[]): string => rules.map(ruleText).join(" and ");

/** The policies that decided at an end, each once: those of the rules, or those that put it into default deny. */
export function decidingPolicies(end: EndVerdict): string[] {
  if (end.verdict === "undecidable") return [];
  switch (end.by.kind) {
    case "rules":
    case "unresolvable":
      return [...new Set(end.by.rules.map(policyText))];
    case "default-deny":
      return end.by.policies.map(policyText);
    case "protocol-off":
    case "audit-mode":
    case "no-default-deny":
    case "allow-localhost":
    case "not-enforced":
      return [];
  }
}
