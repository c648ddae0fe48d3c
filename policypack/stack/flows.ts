/** Flows that one end allows and the other does not: what rules mean is read here, what is open the engine decides. */
import { policyName } from "../../cilium/policy/parts.ts";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import type { Network, NetworkRule } from "../../cilium/reach/compile/network.ts";
import type { Party } from "../../cilium/reach/compile/party.ts";
import {
  type Direction,
  type NamedPorts,
  type PortMatch,
  protocolBit,
  type Range,
} from "../../cilium/reach/compile/ports.ts";
import type { CompiledRule, RuleReference } from "../../cilium/reach/compile/rules.ts";
import { type EndVerdict, endVerdict, ruleSelects } from "../../cilium/reach/decide/decide.ts";
import type { Stack, StandIn } from "./stack.ts";

export type HalfOpenFlow = {
  /** The rule that allows the flow. */
  readonly opened: { readonly by: string; readonly place: string; readonly direction: Direction };
  readonly ports: string;
  /** The workload that drops it. */
  readonly closed: StandIn;
};

/**
 * The flows of a policy's workloads that are open at one end only. In a whole stack those that the policy opens; in one
 * that grows also those that earlier policies open towards its workloads, which are new.
 * @param cluster Cilium's name of the cluster
 */
export function halfOpenFlows(policy: CiliumPolicy, stack: Stack, cluster: string): HalfOpenFlow[] {
  const intents = intentsOf(policy, stack);
  if (intents.length === 0) return [];
  const involved = new Set(intents.flatMap(({ opener, target }) => [opener, target]));
  const { network, partyOf } = stack.network(involved, cluster);
  const found = intents.flatMap(({ rule, opener, target }) =>
    rule.ports.flatMap((match, index): HalfOpenFlow[] => {
      const reference = rule.references[index];
      if (reference === undefined) return [];
      const flow = { opener: partyOf(opener), target: partyOf(target), direction: rule.direction, reference };
      if (!isHalfOpen(network, flow, match)) return [];
      const opened = { by: rule.policy, place: reference.path, direction: rule.direction };
      return [{ opened, ports: describePort(match), closed: target }];
    }),
  );
  return [
    ...new Map(
      found.map((flow) => [JSON.stringify([flow.opened, flow.ports, policyName(flow.closed.policy)]), flow]),
    ).values(),
  ];
}

/** A rule that means to open something for `target`, and the workload on whose side it stands. */
type Intent = { readonly rule: CompiledRule; readonly opener: StandIn; readonly target: StandIn };

function intentsOf(policy: CiliumPolicy, stack: Stack): Intent[] {
  const own = stack.whole ? policyName(policy) : undefined;
  const isNew = !stack.whole && policy.kind === "CiliumNetworkPolicy";
  return stack.workloadsOf(policy).flatMap((workload) => [
    ...stack
      .rulesFor(workload.pod)
      .filter((rule) => own === undefined || rule.policy === own)
      .flatMap((rule) =>
        stack
          .namedPeersOf(rule)
          .flatMap(({ requirements }) => stack.workloadsSelectedBy(requirements))
          .map((target) => ({ rule, opener: workload, target })),
      ),
    ...(isNew ? stack.rulesNaming(workload.pod) : []).flatMap(({ rule }) =>
      stack.workloadsSelectedBy(rule.subject).map((opener) => ({ rule, opener, target: workload })),
    ),
  ]);
}

type Flow = {
  readonly opener: Party;
  readonly target: Party;
  /** Of the rule that opens it. */
  readonly direction: Direction;
  readonly reference: RuleReference;
};

/**
 * Whether the target closes what a rule opens. A port without protocol is meant for any of them, and a rule about every
 * port for any port, so one that is open will do; of a range all have to be.
 */
function isHalfOpen(network: Network, flow: Flow, match: PortMatch): boolean {
  const [source, destination] = flow.direction === "egress" ? [flow.opener, flow.target] : [flow.target, flow.opener];
  const told = [
    ...portsOf(network, "egress", source, destination),
    ...portsOf(network, "ingress", destination, source),
  ];
  return protocolsIn(match.protocols).every((protocol) => {
    const closed = (port: number, name?: string) => {
      const ports: NamedPorts = new Map(name === undefined ? [] : [[name, { port, protocol }]]);
      const server = { ...destination, ports };
      const egress = endVerdict(network, "egress", source, server, protocol, port);
      const ingress = endVerdict(network, "ingress", server, source, protocol, port);
      const [here, there] = flow.direction === "egress" ? [egress, ingress] : [ingress, egress];
      return allows(here, flow.reference) && there.verdict === "denied";
    };
    // A pod's port has one name at most, and which is the pods' business: what may be open counts as open.
    if ("name" in match.ports) {
      const { name } = match.ports;
      return stretches(everyPort, told).every((port) => closed(port, name));
    }
    const names = told.flatMap(({ ports }) => ("name" in ports ? [ports.name] : []));
    const ports = stretches(match.ports, told).map((port) => [undefined, ...names].every((name) => closed(port, name)));
    return isEveryPort(match) ? ports.every(Boolean) : ports.some(Boolean);
  });
}

const allows = (end: EndVerdict, { policy, path }: RuleReference): boolean =>
  end.verdict === "allowed" &&
  end.by.kind === "rules" &&
  end.by.rules.some((rule) => rule.policy === policy && rule.path === path);

/** The ports of the rules at one end that are, or may be, about the other. */
const portsOf = ({ enforced }: Network, direction: Direction, subject: Party, peer: Party): PortMatch[] =>
  (enforced[subject.position]?.[direction].rules ?? [])
    .filter((rule: NetworkRule) => ruleSelects(rule, peer) !== "no")
    .flatMap(({ ports }) => ports);

/** A port of each stretch of a range that other ranges do not divide. */
const stretches = ({ from, to }: Range, dividing: readonly PortMatch[]): number[] => [
  ...new Set([
    from,
    ...dividing
      .flatMap(({ ports }) => ("from" in ports ? [ports.from, ports.to + 1] : []))
      .filter((port) => from < port && port <= to),
  ]),
];

const everyPort: Range = { from: 0, to: 65535 };

const isEveryPort = ({ ports }: PortMatch): boolean =>
  "from" in ports && ports.from === everyPort.from && ports.to === everyPort.to;

const protocolsIn = (bits: number): number[] => Object.values(protocolBit).filter((bit) => (bits & bit) !== 0);

const describePort = (match: PortMatch): string => {
  const { ports } = match;
  if (isEveryPort(match)) return "every port";
  if ("name" in ports) return ports.name;
  return ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`;
};
