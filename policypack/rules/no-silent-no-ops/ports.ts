/** Ports that never match, or match other ports than they seem to. */
import { at, each } from "../../../cilium/policy/place.ts";
import { isPortName, portNumber } from "../../../cilium/policy/port.ts";
import type { EgressDenyRule, EgressRule, PortDenyRule, PortProtocol, Rule } from "../../../cilium/policy/schema.ts";
import type { Finding } from "../../rule.ts";

export const portFindings = (rule: Rule, place: string): Finding[] => [
  ...each(rule.ingress, place, "ingress", ({ toPorts }, place) => listFindings(toPorts, place, rangeFindings)),
  ...each(rule.ingressDeny, place, "ingressDeny", ({ toPorts }, place) => listFindings(toPorts, place, rangeFindings)),
  ...each(rule.egress, place, "egress", egressFindings),
  ...each(rule.egressDeny, place, "egressDeny", egressFindings),
];

/** A name is a container's port, and what is outside the cluster has no containers. */
function egressFindings(rule: EgressRule | EgressDenyRule, place: string): Finding[] {
  const outside = (["toCIDR", "toCIDRSet", "toFQDNs"] as const).find(
    (kind) => kind in rule && (peers(rule, kind) ?? []).length > 0,
  );
  return listFindings(rule.toPorts, place, (port, place) => [
    ...rangeFindings(port, place),
    ...(outside !== undefined && isPortName(port.port ?? "")
      ? [
          {
            place: at(place, "port"),
            problem: `the port name ${port.port} never matches with ${outside}: only pods have named ports`,
            fix: "write the port's number",
          },
        ]
      : []),
  ]);
}

const peers = (rule: EgressRule | EgressDenyRule, kind: "toCIDR" | "toCIDRSet" | "toFQDNs") =>
  kind === "toFQDNs" ? ("toFQDNs" in rule ? rule.toFQDNs : undefined) : rule[kind];

const listFindings = (
  toPorts: readonly PortDenyRule[] | null | undefined,
  place: string,
  judge: (port: PortProtocol, place: string) => Finding[],
): Finding[] => each(toPorts, place, "toPorts", ({ ports }, place) => each(ports, place, "ports", judge));

function rangeFindings({ port, endPort }: PortProtocol, place: string): Finding[] {
  if (!endPort) return [];
  const here = at(place, "endPort");
  if (isPortName(port ?? "")) {
    return [{ place: here, problem: `${endPort} has no effect beside a port name`, fix: "write the range in numbers" }];
  }
  const from = portNumber(port ?? "") ?? 0;
  if (endPort >= from) return [];
  return [
    {
      place: here,
      problem: `${endPort} lies below port ${port}, so the range is that one port`,
      fix: `write port: "${endPort}" and endPort: ${from}, or leave endPort out`,
    },
  ];
}
