/** Ports of rules that no server has: names that no container declares, and Services' ports instead of the pods'. */
import { flowProtocols, type Service } from "../compile/inventory.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { type PortMatch, protocolBit } from "../compile/ports.ts";
import { isBehind } from "../compile/services.ts";
import { type Oddity, type Scene, some } from "./oddity.ts";

/** Named ports that no server of the rule has; outside the cluster nothing has a name. */
export function namedPorts({ network, governed }: Scene): Oddity[] {
  return [...governed].flatMap(([rule, subjects]) => {
    const named = rule.ports.filter(({ ports }) => "name" in ports);
    if (named.length === 0) return [];
    const servers = serversOf(rule, subjects, network);
    const outside = rule.direction === "egress" && rule.selections.length > 0 && rule.selections.every(isOutside);
    return named.flatMap(({ ports, path }): Oddity[] => {
      if (!("name" in ports) || servers.some((server) => server.ports.has(ports.name))) return [];
      if (servers.length === 0 && !outside) return [];
      return [
        {
          kind: "port-without-name",
          subject: rule,
          place: `${rule.path}.${path}`,
          problem: outside
            ? `is about addresses outside the cluster, where no port is named ${ports.name}`
            : `no pod that it is about has a port named ${ports.name}`,
          fix: outside
            ? "write the number of the port"
            : "write the number of the container port, or a name that the containers declare",
        },
      ];
    });
  });
}

const isOutside = ({ selector: { condition } }: NetworkRule["selections"][number]): boolean =>
  ["cidr", "cidr-groups", "fqdn", "world"].includes(condition.kind);

const serversOf = (rule: NetworkRule, subjects: readonly Party[], { parties }: Network): Party[] =>
  rule.direction === "ingress"
    ? [...subjects]
    : rule.selections.flatMap(({ list }) => list.flatMap((position) => parties[position] ?? []));

/** Rules that name the port of a Service whose pods listen on another: policies see only the pods'. */
export function servicePorts({ network, governed }: Scene): Oddity[] {
  const services = network.inventory.services ?? [];
  return [...governed].flatMap(([rule, subjects]) => {
    const servers = serversOf(rule, subjects, network).filter(({ enforcement }) => enforcement === "endpoint");
    if (servers.length === 0) return [];
    const found = new Map<string, Oddity>();
    for (const service of services) {
      if (!servers.every((server) => areBehind(server, service))) continue;
      for (const [index, match] of rule.ports.entries()) {
        const translated = translatedPort(rule, match, service, servers);
        if (translated === undefined) continue;
        const place = rule.references[index]?.path ?? rule.path;
        found.set(`${place} ${translated.port}`, {
          kind: "service-port",
          subject: rule,
          place,
          problem: `names port ${translated.port} of Service ${service.namespace}/${service.name}, whose pods listen on ${some(translated.targets.map(String))}: policies see the pods' port`,
          fix: `write port ${translated.targets[0]}`,
        });
      }
    }
    return [...found.values()];
  });
}

const areBehind = ({ endpoints }: Party, service: Service): boolean =>
  endpoints.length > 0 && endpoints.every((endpoint) => isBehind(endpoint, service));

/** The port of a Service that a rule names, where no server has it and the rule has none of its target ports. */
function translatedPort(
  rule: NetworkRule,
  match: PortMatch,
  service: Service,
  servers: readonly Party[],
): { readonly port: number; readonly targets: readonly number[] } | undefined {
  const { ports, protocols } = match;
  if (!("from" in ports) || ports.from !== ports.to) return undefined;
  const named = service.ports.filter((own) => own.port === ports.from && (protocols & protocolBit[own.protocol]) !== 0);
  const targets = [...new Set(named.flatMap((own) => targetsOf(own, servers)))];
  const isDeclared = servers.some((server) => [...server.ports.values()].some(({ port }) => port === ports.from));
  const covers = rule.ports.some(
    (other) =>
      "from" in other.ports && targets.some((target) => contains(other.ports, target) && shares(other, protocols)),
  );
  return targets.length === 0 || targets.includes(ports.from) || isDeclared || covers
    ? undefined
    : { port: ports.from, targets };
}

const targetsOf = ({ targetPort }: Service["ports"][number], servers: readonly Party[]): number[] =>
  typeof targetPort === "number"
    ? [targetPort]
    : servers.flatMap((server) => server.ports.get(targetPort.toLowerCase())?.port ?? []);

const contains = (ports: PortMatch["ports"], port: number): boolean =>
  "from" in ports && ports.from <= port && port <= ports.to;

const shares = ({ protocols }: PortMatch, others: number): boolean =>
  flowProtocols.some((name) => (protocols & others & protocolBit[name]) !== 0);
