/** What is wrong or odd about policies once they meet a cluster, although Cilium takes each of them. */
import type { Policy } from "../../policy/schema.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { clusterAddresses } from "./inspect-addresses.ts";
import { conflicts } from "./inspect-conflicts.ts";
import { denyOnly } from "./inspect-deny-only.ts";
import { lookups, names } from "./inspect-names.ts";
import { closedAtTheOtherEnd } from "./inspect-other-end.ts";
import { namedPorts, servicePorts } from "./inspect-ports.ts";
import { missingReferences } from "./inspect-references.ts";
import { rulesForNobody, selectorsOfNobody } from "./inspect-selectors.ts";
import { shadowed } from "./inspect-shadows.ts";
import { unreachable } from "./inspect-unreachable.ts";
import { everyNamespace } from "./inspect-wide.ts";
import { type Oddity, oddityLevels, type Scene } from "./oddity.ts";

/** Everything odd, each once however often it shows; notes come last. */
export function inspect(policies: readonly Policy[], network: Network): Oddity[] {
  const scene = { policies, network, governed: governed(network) };
  const found = inspections.flatMap((inspection) => inspection(scene));
  return [...found.filter((oddity) => !isNote(oddity)), ...found.filter(isNote)];
}

const isNote = ({ kind }: Oddity): boolean => oddityLevels[kind] === "note";

const inspections: readonly ((scene: Scene) => Oddity[])[] = [
  selectorsOfNobody,
  rulesForNobody,
  missingReferences,
  clusterAddresses,
  namedPorts,
  servicePorts,
  names,
  lookups,
  shadowed,
  closedAtTheOtherEnd,
  denyOnly,
  everyNamespace,
  conflicts,
  unreachable,
];

function governed({ enforced, parties, rules }: Network): Map<NetworkRule, Party[]> {
  const found = new Map<NetworkRule, Party[]>();
  for (const party of parties) {
    const policy = enforced[party.position];
    for (const rule of policy === undefined ? [] : [...policy.ingress.rules, ...policy.egress.rules]) {
      const parties = found.get(rule);
      if (parties === undefined) found.set(rule, [party]);
      else parties.push(party);
    }
  }
  return new Map(rules.flatMap((rule) => (found.has(rule) ? [[rule, found.get(rule) ?? []]] : [])));
}
