/** Allow rules that say something about a peer and a port which a deny rule refuses in any case. */

import type { DirectionPolicy, NetworkRule, PartySelection } from "../compile/network.ts";
import type { PortMatch } from "../compile/ports.ts";
import { namesOf, type Oddity, type Scene, some } from "./oddity.ts";

/** For every peer and port of an allow rule that is denied for all that the peer selects, at whatever endpoint. */
export function shadowed({ network: { enforced, parties } }: Scene): Oddity[] {
  const found = new Map<string, { oddity: Omit<Oddity, "problem">; deny: string; at: string[] }>();
  enforced.forEach((policy, position) => {
    const at = namesOf(parties.slice(position, position + 1));
    for (const direction of [policy.ingress, policy.egress]) {
      for (const { allow, place, deny } of shadows(direction)) {
        const key = `${allow.policy} ${place} ${deny}`;
        const shadow = found.get(key) ?? { oddity: shadowOf(allow, place), deny, at: [] };
        shadow.at.push(...at);
        found.set(key, shadow);
      }
    }
  });
  return [...found.values()].map(({ oddity, deny, at }) => ({
    ...oddity,
    problem: `is allowed in vain at ${some(at)}: ${deny} denies it, and deny wins`,
  }));
}

const shadowOf = (allow: NetworkRule, place: string): Omit<Oddity, "problem"> => ({
  kind: "shadowed-by-deny",
  subject: allow,
  place,
  fix: "narrow the deny rule, or remove what it refuses from the allow rule",
});

type Shadow = { readonly allow: NetworkRule; readonly place: string; readonly deny: string };

function shadows({ rules }: DirectionPolicy): Shadow[] {
  const denies = rules.filter(({ effect }) => effect === "deny");
  if (denies.length === 0) return [];
  return rules
    .filter(({ effect }) => effect === "allow")
    .flatMap((allow) =>
      allow.ports.flatMap((port, i) => {
        const place = allow.references[i]?.path ?? "";
        return allow.selections.flatMap((selection) => {
          const [deny] = denies.flatMap((deny) => covering(deny, selection, port));
          return deny === undefined ? [] : [{ allow, place, deny }];
        });
      }),
    );
}

/** The place of a deny rule that refuses all of a peer on all of a port. */
function covering(deny: NetworkRule, selection: PartySelection, port: PortMatch): string[] {
  const peers = deny.selections.some((denied) => coversPeer(denied, selection));
  return peers
    ? deny.ports.flatMap((denied, i) =>
        coversPort(denied, port) ? [`${deny.policy} ${deny.references[i]?.path ?? ""}`] : [],
      )
    : [];
}

/** A peer that selects nobody is odd for another reason. */
const coversPeer = (denied: PartySelection, allowed: PartySelection): boolean =>
  denied.selector.key === allowed.selector.key ||
  (allowed.list.length > 0 &&
    allowed.undecided.size === 0 &&
    allowed.list.every((position) => denied.selected.has(position)));

function coversPort(denied: PortMatch, allowed: PortMatch): boolean {
  if ((allowed.protocols & ~denied.protocols) !== 0) return false;
  if ("name" in denied.ports) return "name" in allowed.ports && denied.ports.name === allowed.ports.name;
  if ("name" in allowed.ports) return denied.ports.from === 0 && denied.ports.to === 65535;
  return denied.ports.from <= allowed.ports.from && allowed.ports.to <= denied.ports.to;
}
