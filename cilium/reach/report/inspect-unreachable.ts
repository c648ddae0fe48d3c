/** Endpoints that nothing may open a connection to. */

import { flowProtocols } from "../compile/inventory.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { protocolBit } from "../compile/ports.ts";
import { verdict } from "../decide/verdict.ts";
import { namesOf, type Oddity, type Scene } from "./oddity.ts";

/** Endpoints in ingress default deny that no peer of their rules may reach; their own node always may. */
export function unreachable({ network }: Scene): Oddity[] {
  return network.parties.flatMap((party): Oddity[] => {
    if (party.enforcement !== "endpoint" || party.peer.kind !== "endpoint") return [];
    const policy = network.enforced[party.position];
    if (policy === undefined || !policy.ingress.defaultDeny) return [];
    if (policy.ingress.rules.some((rule) => rule.effect === "allow" && admits(network, rule, party))) return [];
    const ports = [...party.ports.keys()];
    return namesOf([party]).map((subject) => ({
      kind: "unreachable",
      subject,
      place: "",
      problem: `nothing may connect to it${ports.length > 0 ? `, though it names the ports ${ports.join(", ")}` : ""}`,
      fix: "allow the flows that it serves, or leave it as it is if it only opens connections",
    }));
  });
}

/** Whether a rule lets in somebody who may leave for here, judged by one port of each range. */
const admits = (network: Network, rule: NetworkRule, destination: Party): boolean =>
  rule.ports.some(({ protocols, ports }) => {
    const port = "name" in ports ? destination.ports.get(ports.name)?.port : ports.to;
    const protocol = flowProtocols.find((name) => (protocols & protocolBit[name]) !== 0);
    if (port === undefined || protocol === undefined) return false;
    return rule.selections.some(
      ({ list, undecided }) =>
        undecided.size > 0 ||
        list.some((position) => {
          const source = network.parties[position];
          if (source === undefined || source.position === destination.position) return false;
          const question = { source: source.peer, destination: destination.peer, port, protocol };
          return verdict(network, question).outcome !== "denied";
        }),
    );
  });
