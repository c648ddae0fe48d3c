/** Ports and listeners: `PortRule.sanitize`, `PortDenyRule.sanitize`, `PortProtocol.sanitize`. */

import { at, each } from "../place.ts";
import { isPortName, portNumber } from "../port.ts";
import type { PortDenyRule, PortProtocol, PortRule } from "../schema.ts";
import type { Agent } from "./agent.ts";
import { type Fault, fault } from "./fault.ts";
import { l7Faults, type PortContext } from "./l7.ts";

const maxPorts = 40;

/** Protocols without transport ports: an entry names port 0. */
const portless: ReadonlySet<string> = new Set(["VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH"]);

export const portFaults = (rule: PortRule, place: string, context: PortContext): Fault[] => [
  ...portListFaults(rule, place, context.agent),
  ...listenerFaults(rule, place, context),
  ...l7Faults(rule, place, context),
];

/** Deny rules have no L7 part, and only the agent limits their number of ports. */
export const denyPortFaults = (rule: PortDenyRule, place: string, agent: Agent): Fault[] =>
  portListFaults(rule, place, agent);

function portListFaults({ ports }: PortDenyRule, place: string, agent: Agent): Fault[] {
  const faults = each(ports, place, "ports", (port, place) => portProtocolFaults(port, place, agent));
  const count = (ports ?? []).length;
  if (count > maxPorts) {
    faults.push(
      fault(
        at(place, "ports"),
        count,
        `too many ports, the max is ${maxPorts}`,
        "use a range (port and endPort), or spread the ports over several toPorts",
      ),
    );
  }
  return faults;
}

function portProtocolFaults({ port, protocol }: PortProtocol, place: string, agent: Agent): Fault[] {
  const here = at(place, "port");
  if (!port) {
    if (agent.extendedProtocols) return [];
    const fix = portless.has(protocol ?? "")
      ? `set enable-extended-ip-protocols in cilium-config, without which ${protocol} is dropped in any case`
      : 'name the port; "0" stands for all of the protocol';
    return [fault(here, port, "port must be specified", fix)];
  }
  if (isPortName(port)) return [];
  if (port !== "0" && portless.has(protocol ?? "")) {
    return [fault(here, port, "port must be empty or 0", `write port "0" for ${protocol}`)];
  }
  if (portNumber(port) === undefined) {
    return [
      fault(
        here,
        port,
        "unable to parse port",
        'write one number up to 65535 or a name of at most 15 characters; a range is port "8000" with endPort 8100',
      ),
    ];
  }
  return [];
}

function listenerFaults({ listener }: PortRule, place: string, { direction }: PortContext): Fault[] {
  if (!listener || direction !== "ingress") return [];
  return [
    fault(
      at(place, "listener"),
      listener.name,
      `Listener is not allowed on ingress (${listener.name})`,
      "send egress traffic through the listener instead",
    ),
  ];
}
