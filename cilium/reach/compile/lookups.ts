/**
 * Which DNS names an agent can learn: those of look-ups that some policy sends through the DNS proxy. A node learns a name
 * from any pod's look-up, so only a name that no policy at all lets through is certainly never learnt
 * (`pkg/fqdn/dnsproxy/proxy.go`, `pkg/fqdn/namemanager`).
 */
import type { FqdnSelector } from "../../policy/schema.ts";
import { podNamespaceLabel, type Requirement } from "../../policy/selector.ts";
import type { DirectionPolicy, EnforcedPolicy } from "./enforced.ts";
import { nameMatcher } from "./fqdn.ts";
import type { LabelIndex } from "./label-index.ts";
import type { NetworkRule, PartySelection } from "./network.ts";
import { type PortMatch, protocolBit, rangeAt } from "./ports.ts";

/** Whether a name, or one that it stands for, may be learnt; worked out when first asked. */
export type Lookups = (name: string) => boolean;

export function lookupsOf(
  rules: readonly NetworkRule[],
  enforced: readonly EnforcedPolicy[],
  index: LabelIndex,
  isPartial: boolean,
): Lookups {
  let known: ((name: string) => boolean)[] | undefined;
  return (name) => {
    known ??= letThrough(rules, enforced, index, isPartial);
    return known.some((matches) => matches(name));
  };
}

function letThrough(
  rules: readonly NetworkRule[],
  enforced: readonly EnforcedPolicy[],
  index: LabelIndex,
  isPartial: boolean,
): ((name: string) => boolean)[] {
  const asksNobody = (rule: NetworkRule) => !isPartial && rule.selections.every(isNobody(index));
  const proxying = new Set(rules.filter((rule) => proxiesDns(rule) && !asksNobody(rule)));
  // Who has a rule with L7 and no default deny, or one without L7 beside it, may look up every name through the proxy.
  const anyName = enforced.some(({ egress, conflict }) => {
    const own = egress.rules.filter((rule) => proxying.has(rule));
    const isUnsure = conflict !== undefined || egress.unknownSubject !== undefined;
    return own.length > 0 && (isUnsure || !egress.defaultDeny || own.some((rule) => isLifted(rule, egress)));
  });
  if (anyName) return [() => true];
  const selectors = [...proxying].flatMap(dnsOf);
  return [...new Map(selectors.map((selector) => [JSON.stringify(selector), nameMatcher(selector)])).values()];
}

const dnsOf = ({ ports }: NetworkRule): readonly FqdnSelector[] => ports.flatMap(({ l7 }) => l7?.dns ?? []);

const proxiesDns = (rule: NetworkRule): boolean =>
  rule.direction === "egress" && rule.effect === "allow" && dnsOf(rule).length > 0;

/** Where no pod of the namespace that a selector names is given, nothing says that nobody has its labels. */
const isNobody =
  (index: LabelIndex) =>
  ({ selector: { condition }, list, undecided }: PartySelection): boolean => {
    if (list.length > 0 || undecided.size > 0) return false;
    if (condition.kind !== "labels") return true;
    const namespaces = condition.requirements.filter(isOnNamespaceName);
    return namespaces.length > 0 && index.select(namespaces).length > 0;
  };

const isOnNamespaceName = ({ key }: Requirement): boolean => key === podNamespaceLabel;

/** Whether another rule without L7 lets the same look-ups pass, so that the proxy lets every name through. */
const isLifted = (rule: NetworkRule, { rules }: DirectionPolicy): boolean =>
  rules.some(
    (other) =>
      other.effect === "allow" && other.ports.some(isPlainDns) && other.selections.some((plain) => meet(plain, rule)),
  );

/** Whether ports of a rule let every look-up pass. */
export const isPlainDns = (match: PortMatch): boolean =>
  match.l7 === undefined &&
  [protocolBit.UDP, protocolBit.TCP].some((protocol) => {
    const range = rangeAt(match, protocol, "egress", new Map());
    return range !== undefined && range.from <= 53 && 53 <= range.to;
  });

const meet = ({ selected, undecided }: PartySelection, { selections }: NetworkRule): boolean =>
  selections.some(({ list }) => list.some((position) => selected.has(position) || undecided.has(position)));
