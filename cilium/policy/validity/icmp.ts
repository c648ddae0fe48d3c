/** ICMP: `ICMPField.UnmarshalJSON` and `errUnsupportedICMPWithToPorts`. */
import { icmpTypes } from "../icmp.ts";
import { at, each } from "../place.ts";
import type { EgressDenyRule, IngressDenyRule } from "../schema.ts";
import type { Agent } from "./agent.ts";
import { type Fault, fault } from "./fault.ts";

export function icmpFaults(
  rule: Pick<IngressDenyRule | EgressDenyRule, "icmps" | "toPorts">,
  place: string,
  agent: Agent,
): Fault[] {
  const faults = each(rule.icmps, place, "icmps", ({ fields }, place) => each(fields, place, "fields", typeFaults));
  if ((rule.icmps ?? []).length > 0 && !agent.icmpRules) {
    faults.push(
      fault(
        at(place, "icmps"),
        rule.icmps,
        'ICMP rules can only be applied when the "enable-icmp-rules" flag is set',
        "set enable-icmp-rules in cilium-config, or leave icmps out",
      ),
    );
  }
  if ((rule.icmps ?? []).length > 0 && (rule.toPorts ?? []).length > 0) {
    faults.push(
      fault(
        at(place, "icmps"),
        rule.icmps,
        "the ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts",
        "write one rule for icmps and another for toPorts",
      ),
    );
  }
  return faults;
}

type Field = { family?: "IPv4" | "IPv6" | null; type: number | string };

function typeFaults({ family, type }: Field, place: string): Fault[] {
  const names = family === "IPv6" ? ipv6Names : ipv4Names;
  const known =
    typeof type === "number"
      ? Math.abs(type) <= 2 ** 31 - 1 || type === -(2 ** 31)
      : /^[0-9]+$/.test(type) || names.has(type);
  if (known) return [];
  return [
    fault(
      at(place, "type"),
      type,
      `ICMP type ${type} not found in ${family ?? "IPv4"}`,
      `write a number from 0 to 255, or one of ${[...names].join(", ")}`,
    ),
  ];
}

const ipv4Names = new Set(Object.keys(icmpTypes.IPv4));

const ipv6Names = new Set(Object.keys(icmpTypes.IPv6));
