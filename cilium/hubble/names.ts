/** DNS names of a record held against the names that policies allow. */

import { policyName } from "../policy/parts.ts";
import type { FqdnSelector, Policy } from "../policy/schema.ts";
import { nameMatcher, sampleName } from "../reach/compile/fqdn.ts";
import type { DirectionPolicy } from "../reach/compile/network.ts";
import { ruleSelects } from "../reach/decide/decide.ts";
import type { End, RecordedPod } from "./end.ts";
import { fqdnSelectors, type Judged } from "./judge.ts";
import type { Lookup } from "./lookups.ts";
import { onceEach } from "./once.ts";
import type { FlowRecord } from "./record.ts";

/** The names of a policy's lists that no pod of the policy looked up or connected to. */
export type UnusedNames = {
  readonly policy: string;
  readonly names: readonly string[];
  /** Whether a pod of the policy is in the record at all. */
  readonly podsSeen: boolean;
};

export function unusedNames(record: FlowRecord, policies: readonly Policy[], judged: Judged): UnusedNames[] {
  const usedBy = namesByPolicy(record, judged);
  return policies.flatMap((policy) => {
    const used = usedBy.get(policyName(policy));
    const names = uniqueNames(fqdnSelectors([policy]))
      .filter((selector) => ![...(used ?? [])].some(nameMatcher(selector)))
      .map(({ matchName, matchPattern }) => matchName ?? matchPattern ?? "");
    return names.length === 0 ? [] : [{ policy: policyName(policy), names, podsSeen: used !== undefined }];
  });
}

const uniqueNames = (selectors: readonly FqdnSelector[]): FqdnSelector[] => [
  ...new Map(selectors.map((selector) => [JSON.stringify(selector), selector])).values(),
];

/** For each policy the names that its pods looked up, and those of the addresses that they connected to. */
function namesByPolicy({ connections, lookups, names }: FlowRecord, judged: Judged): Map<string, Set<string>> {
  const ofPods = new Map<RecordedPod, Set<string>>();
  const namesOf = (pod: RecordedPod): Set<string> => {
    const found = ofPods.get(pod) ?? new Set();
    ofPods.set(pod, found);
    return found;
  };
  for (const { source, destination } of connections) {
    if (source.kind !== "pod") continue;
    const more = destination.kind === "outside" ? names.get(destination.address) : undefined;
    const found = namesOf(source);
    for (const name of more ?? []) found.add(name);
  }
  for (const { pod, name } of lookups) namesOf(pod).add(name);
  const used = new Map<string, Set<string>>();
  for (const [pod, found] of ofPods) {
    const sampled = new Set(Array.from(found, sampleName));
    for (const policy of new Set(egressOf(pod, judged)?.rules.map((rule) => rule.policy))) {
      used.set(policy, new Set([...(used.get(policy) ?? []), ...sampled]));
    }
  }
  return used;
}

/**
 * Names that a pod looked up and could not connect to: it is in egress default deny, no rule allows the name or an address
 * of it, and no connection to it is in the record.
 */
export function unlistedLookups({ connections, lookups }: FlowRecord, judged: Judged): Lookup[] {
  const at = onceEach(addressEnd);
  const connected = new Map<End, Set<string>>();
  for (const { source, destination } of connections) {
    if (destination.kind !== "outside") continue;
    connected.set(source, (connected.get(source) ?? new Set()).add(destination.address));
  }
  return lookups.filter(({ pod, inCluster, addresses, count }) => {
    if (inCluster || count === 0) return false;
    const egress = egressOf(pod, judged);
    return (
      egress?.defaultDeny === true &&
      addresses.every((address) => !connected.get(pod)?.has(address) && !allows(egress, at(address), judged))
    );
  });
}

/**
 * Whether the DNS proxy would refuse a name (Cilium's `pkg/fqdn/dnsproxy`): every server that was asked is behind it, and
 * no rule for that server lets the name through.
 */
export function refusalJudge({ verdictOf }: Judged): (lookup: Lookup) => boolean {
  const matcherOf = onceEach(nameMatcher);
  return ({ pod, name, servers }) =>
    servers.length > 0 &&
    servers.every(({ end, protocol, port }) => {
      const { egress } = verdictOf(pod, end, protocol, port);
      if (egress.verdict !== "allowed" || egress.redirect?.parser !== "dns") return false;
      const { lets } = egress.redirect;
      return lets !== "everything" && !lets.some((selector) => matcherOf(selector)(name));
    });
}

const addressEnd = (address: string): End => ({
  kind: "outside",
  key: address,
  address,
  isApiServer: false,
  standsForMore: false,
});

/** Whether a rule allows an address, on whatever port. */
function allows({ rules }: DirectionPolicy, address: End, { partyOf }: Judged): boolean {
  const party = partyOf(address);
  return rules.some((rule) => rule.effect === "allow" && ruleSelects(rule, party) !== "no");
}

const egressOf = (pod: End, { network, partyOf }: Judged): DirectionPolicy | undefined =>
  network.enforced[partyOf(pod).position]?.egress;
