/** Verdicts in words: who stands at an end, what decided there, and what a proxy lets through. */

import type { Peer, Question } from "../compile/inventory.ts";
import type { RuleReference } from "../compile/rules.ts";
import type { EndVerdict, Verdict } from "../decide/verdict.ts";
import { redirectText } from "./conditions.ts";

/** `namespace/name`, an entity, a node's name, an address, a CIDR or a DNS name. */
export function peerText(peer: Peer): string {
  switch (peer.kind) {
    case "endpoint":
      return `${peer.namespace}/${peer.name}`;
    case "entity":
      return peer.entity;
    case "node":
    case "fqdn":
      return peer.name;
    case "address":
      return peer.address;
    case "cidr":
      return peer.cidr;
  }
}

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
      return end.by.kind === "rules"
        ? `denied by ${rulesText(end.by.rules)}`
        : `denied: ${end.by.policies.length === 0 ? "it is still initializing" : `default deny (${end.by.policies.join(", ")}), and no rule allows this`}`;
    case "undecidable":
      return `not decidable: ${end.reason}`;
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
  }
}

const rulesText = (rules: readonly RuleReference[]): string =>
  rules.map(({ policy, path }) => `${policy} ${path}`).join(" and ");

/** The policies that decided at an end, each once: those of the rules, or those that put it into default deny. */
export function decidingPolicies(end: EndVerdict): string[] {
  if (end.verdict === "undecidable") return [];
  switch (end.by.kind) {
    case "rules":
      return [...new Set(end.by.rules.map(({ policy }) => policy))];
    case "default-deny":
      return [...end.by.policies];
    case "no-default-deny":
    case "allow-localhost":
    case "not-enforced":
      return [];
  }
}
