import { parse } from "tldts";
import { parsePrefix } from "../../cilium/policy/cidr.ts";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at, each } from "../../cilium/policy/place.ts";
import { portNumber } from "../../cilium/policy/port.ts";
import type { CidrRule, EgressRule, Entity, FqdnSelector, IngressRule, PortRule } from "../../cilium/policy/schema.ts";
import { type Finding, policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({});

export const noWideOpen = policyRule({
  name: "no-wide-open",
  description:
    "Allow rules name peers and ports. What has to be wider is an exemption in the pack's config, with its reason, for everybody to see.",
  url: "https://docs.cilium.io/en/stable/security/policy/layer3/",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy) =>
    placedRules(policy).flatMap(({ rule, place }) => [
      ...each(rule.ingress, place, "ingress", ingressFindings),
      ...each(rule.egress, place, "egress", egressFindings),
    ]),
});

function ingressFindings(rule: IngressRule, place: string): Finding[] {
  if (isEmpty(rule)) return [];
  return [
    ...portFindings(rule, place),
    ...anybodyFindings(rule, place, "from"),
    ...each(rule.fromEntities, place, "fromEntities", (entity, place) => fromEntity(entity, place)),
    ...cidrFindings(rule.fromCIDR, rule.fromCIDRSet, rule, place, "from"),
  ];
}

function egressFindings(rule: EgressRule, place: string): Finding[] {
  if (isEmpty(rule)) return [];
  return [
    ...portFindings(rule, place),
    ...anybodyFindings(rule, place, "to"),
    ...each(rule.toEntities, place, "toEntities", (entity, place) => toEntity(entity, rule, place)),
    ...cidrFindings(rule.toCIDR, rule.toCIDRSet, rule, place, "to"),
    ...each(rule.toFQDNs, place, "toFQDNs", nameFindings),
  ];
}

/** `{}` allows nothing: it stands for a default deny. */
const isEmpty = (rule: IngressRule | EgressRule): boolean => Object.values(rule).every((value) => value == null);

function portFindings(rule: IngressRule | EgressRule, place: string): Finding[] {
  if ((rule.icmps ?? []).length > 0) return [];
  const fix = "list the ports under toPorts";
  if ((rule.toPorts ?? []).length === 0) return [{ place, problem: "allows every port", fix }];
  return each(rule.toPorts, place, "toPorts", (entry, place) =>
    allPorts(entry) ? [{ place, problem: `allows every port (${JSON.stringify(entry.ports ?? null)})`, fix }] : [],
  );
}

const allPorts = ({ ports }: PortRule): boolean => (ports ?? []).length === 0 || (ports ?? []).some(isEveryPort);

function isEveryPort({ port, endPort }: { port?: string | null; endPort?: number | null }): boolean {
  const number = portNumber(port ?? "");
  return number === 0 || (number === 1 && endPort === 65535);
}

const ingressPeers = ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"];
const egressPeers = [
  "toEndpoints",
  "toCIDR",
  "toCIDRSet",
  "toEntities",
  "toNodes",
  "toGroups",
  "toServices",
  "toFQDNs",
];

function anybodyFindings(rule: IngressRule | EgressRule, place: string, side: "from" | "to"): Finding[] {
  const kinds = side === "from" ? ingressPeers : egressPeers;
  if (Object.entries(rule).some(([field, value]) => kinds.includes(field) && value != null)) return [];
  return [
    {
      place,
      problem: `names no peer, which is everybody ${side === "from" ? "inside and outside" : "and everything"}`,
      fix: `name the peers: ${side}Endpoints, ${side}Entities, ${side}CIDR${side === "to" ? ", toFQDNs" : ""}`,
    },
  ];
}

function fromEntity(entity: Entity, place: string): Finding[] {
  if (entity !== "all" && entity !== "world") return [];
  return [
    {
      place,
      problem: `lets the entity ${entity} in`,
      fix: "let the Gateway in (fromEntities: [ingress]), or addresses that you know (fromCIDR)",
    },
  ];
}

function toEntity(entity: Entity, rule: EgressRule, place: string): Finding[] {
  if (entity === "all") {
    return [{ place, problem: "lets out to the entity all", fix: "name the peers that are needed" }];
  }
  if (entity !== "world" || hasPorts(rule)) return [];
  return [
    {
      place,
      problem: "lets out to the entity world on every port",
      fix: "name the hosts (toFQDNs) and the ports, or at least the ports",
    },
  ];
}

const hasPorts = ({ toPorts, icmps }: EgressRule): boolean =>
  (icmps ?? []).length > 0 || ((toPorts ?? []).length > 0 && !(toPorts ?? []).some(allPorts));

/** A range of length 0 is `world` in other words, and looks as if it were limited. */
function cidrFindings(
  cidrs: readonly string[] | null | undefined,
  set: readonly CidrRule[] | null | undefined,
  rule: IngressRule | EgressRule,
  place: string,
  side: "from" | "to",
): Finding[] {
  const judge = (cidr: string, kind: string, place: string): Finding[] =>
    parsePrefix(cidr)?.bits === 0
      ? [
          {
            place,
            problem: `${side}${kind} ${cidr} on ${describePorts(rule)} is every address outside the cluster`,
            fix: `name ${side === "to" ? "hosts (toFQDNs) or " : ""}narrower ranges`,
          },
        ]
      : [];
  return [
    ...each(cidrs, place, `${side}CIDR`, (cidr, place) => judge(cidr, "CIDR", place)),
    ...each(set, place, `${side}CIDRSet`, ({ cidr }, place) => (cidr ? judge(cidr, "CIDRSet", at(place, "cidr")) : [])),
  ];
}

function describePorts({ toPorts }: IngressRule | EgressRule): string {
  const ports = (toPorts ?? []).flatMap(({ ports }) => ports ?? []);
  if (ports.length === 0) return "every port";
  return ports
    .map(({ port, endPort, protocol }) => `${port ?? "?"}${endPort ? `-${endPort}` : ""}/${protocol ?? "ANY"}`)
    .join(", ");
}

function nameFindings({ matchPattern }: FqdnSelector, place: string): Finding[] {
  if (!matchPattern?.includes("*")) return [];
  const labels = matchPattern.toLowerCase().replace(/\.$/, "").split(".");
  const fixed = labels.slice(labels.findLastIndex((label) => label.includes("*")) + 1).join(".");
  const { publicSuffix, isIcann } = parse(fixed, { extractHostname: false });
  if (fixed !== "" && !(isIcann && publicSuffix === fixed)) return [];
  return [
    {
      place: at(place, "matchPattern"),
      problem: `${matchPattern} covers names that anybody can register${fixed === "" ? "" : ` under ${fixed}`}`,
      fix: "write whole names, or a wildcard below a domain that one owner holds (*.example.com)",
    },
  ];
}
