/** What only one of two sides says, part by part: most of two sets of policies is usually the same in other words. */
import type { Requirement } from "../policy/selector.ts";
import type { Network, NetworkRule } from "../reach/compile/network.ts";

/** Of a side's rules, what the other side does not say. */
export type Apart = {
  /** Rules of one peer and one set of ports each. */
  readonly parts: readonly NetworkRule[];
  /** Rules that isolate subjects. */
  readonly isolating: readonly NetworkRule[];
  /** Rules that select subjects at all. */
  readonly selecting: readonly NetworkRule[];
};

/** For each side; everything where there is one only, or where the same rule does not mean the same on both. */
export function apartOf(networks: readonly Network[]): Apart[] {
  const [before, after] = networks;
  const isComparable = before !== undefined && after !== undefined && worldKey(before) === worldKey(after);
  // What both sides compiled together is the same without a look at it.
  const own = networks.map(({ rules }, side) => {
    const shared = new Set(isComparable ? networks[1 - side]?.rules.map(({ references }) => references) : []);
    return rules.filter(({ references }) => !shared.has(references));
  });
  const said = own.map((rules) => new Set(isComparable ? rules.flatMap(keysOf) : []));
  return own.map((rules, side) => {
    const other = said[1 - side];
    const isNew = (key: string): boolean => other === undefined || !other.has(key);
    return {
      parts: rules.flatMap((rule) => partsOf(rule).flatMap(({ key, part }) => (isNew(key) ? [part()] : []))),
      isolating: rules.filter((rule) => rule.defaultDeny && isNew(isolatingKey(rule))),
      selecting: rules.filter((rule) => isNew(selectingKey(rule))),
    };
  });
}

/** Equal for networks in which a rule means the same, and the same is decided where there is none. */
export const worldKey = ({ inventory: { cluster, configuration, cidrGroups } }: Network): string =>
  JSON.stringify([cluster, configuration, cidrGroups]);

const keysOf = (rule: NetworkRule): string[] => [
  ...partsOf(rule).map(({ key }) => key),
  selectingKey(rule),
  ...(rule.defaultDeny ? [isolatingKey(rule)] : []),
];

function partsOf(rule: NetworkRule): { readonly key: string; readonly part: () => NetworkRule }[] {
  const { tier, priority, effect, authentication, peers, ports, references } = rule;
  const said = `${selectingKey(rule)} ${tier} ${priority} ${effect} ${authentication ?? ""}`;
  return ports.flatMap((match, i) => {
    const { path: _path, ...own } = match;
    const about = `${said} ${JSON.stringify(own)}`;
    return peers.map((peer) => ({
      key: `${about} ${peer.selector.key}`,
      part: () => ({ ...rule, peers: [peer], ports: [match], references: references.slice(i, i + 1) }),
    }));
  });
}

const selectingKey = ({ direction, selectsNodes, subject }: NetworkRule): string =>
  `${direction} ${selectsNodes} ${subjectKey(subject)}`;

const isolatingKey = (rule: NetworkRule): string => `isolates ${selectingKey(rule)}`;

const subjectKeys = new WeakMap<readonly Requirement[], string>();

function subjectKey(subject: readonly Requirement[]): string {
  const key =
    subjectKeys.get(subject) ??
    subject
      .map((requirement) => JSON.stringify(requirement))
      .sort()
      .join();
  subjectKeys.set(subject, key);
  return key;
}
