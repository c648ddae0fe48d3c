/** Which DNS names an agent may learn, in any cluster with the same policies. */
import { isPlainDns } from "../reach/compile/lookups.ts";
import type { Network, NetworkRule } from "../reach/compile/network.ts";
import { meet, type Reading } from "./cubes.ts";
import { isNode, type Kind } from "./universe.ts";

/**
 * A name may be learnt if some policy sends it through the DNS proxy; and every name, if pods can be that look up all
 * through it: those that it proxies without isolating them, or that another rule lets look up everything there.
 */
export function learntNames(
  { rules, lookups }: Network,
  reading: Reading,
  kinds: readonly Kind[],
): (name: string) => boolean {
  const leaving = rules.filter(({ direction, effect }) => direction === "egress" && effect === "allow");
  const proxying = leaving.filter(({ ports }) => ports.some(({ l7 }) => (l7?.dns.length ?? 0) > 0));
  const plain = proxying.length === 0 ? [] : leaving.filter(({ ports }) => ports.some(isPlainDns));
  const isLifted = proxying.some(
    (rule) =>
      !rule.defaultDeny ||
      plain.some((other) => shareSubject(rule, other, reading, kinds) && sharePeer(rule, other, reading, kinds)),
  );
  return isLifted ? () => true : lookups;
}

const shareSubject = (a: NetworkRule, b: NetworkRule, reading: Reading, kinds: readonly Kind[]): boolean =>
  a.selectsNodes === b.selectsNodes &&
  kinds
    .filter((kind) => isNode(kind) === a.selectsNodes)
    .some((kind) =>
      reading
        .subject(a.subject, "source", kind)
        .some((cube) => reading.subject(b.subject, "source", kind).some((other) => meet(cube, other) !== undefined)),
    );

/** A name as a peer of either is taken to be any address. */
const sharePeer = (a: NetworkRule, b: NetworkRule, reading: Reading, kinds: readonly Kind[]): boolean =>
  kinds.some((kind) => {
    const cubesOf = ({ peers }: NetworkRule) =>
      peers.flatMap(({ selector }) => {
        if (selector.condition.kind !== "fqdn") return reading.peer(selector, "destination", kind);
        return kind.kind === "outside" ? [[]] : [];
      });
    return cubesOf(a).some((cube) => cubesOf(b).some((other) => meet(cube, other) !== undefined));
  });
