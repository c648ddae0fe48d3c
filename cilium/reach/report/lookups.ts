/** Look-ups of names: where the cluster's name server listens, and which look-ups of a pod pass the DNS proxy. */
import { nameMatcher } from "../compile/fqdn.ts";
import type { Network } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { protocolBit } from "../compile/ports.ts";
import { endVerdict } from "../decide/decide.ts";

/** A pod that answers look-ups, and where. */
export type NameServer = { readonly party: Party; readonly port: number; readonly protocol: "UDP" | "TCP" };

/**
 * The pods that carry the usual label of the cluster's DNS or name the usual ports, behind namespace `kube-system`'s
 * Service; none where the inventory does not hold any.
 */
export function nameServers({ parties, inventory }: Network): NameServer[] {
  const services = (inventory.services ?? []).filter(
    ({ namespace, ports }) => namespace === "kube-system" && ports.some(({ port }) => port === dnsPort),
  );
  return parties.flatMap((party) => {
    const [endpoint] = party.endpoints;
    if (endpoint === undefined || party.enforcement !== "endpoint" || endpoint.namespace !== "kube-system") return [];
    const service = services.find(({ selector }) => {
      const labels = Object.entries(selector);
      return labels.length > 0 && labels.every(([key, value]) => endpoint.labels[key] === value);
    });
    const isUsual = endpoint.labels["k8s-app"] === "kube-dns";
    if (service === undefined && !isUsual && party.ports.get("dns")?.protocol !== protocolBit.UDP) return [];
    return (["UDP", "TCP"] as const).map((protocol) => {
      const target = service?.ports.find((own) => own.port === dnsPort && own.protocol === protocol)?.targetPort;
      const name = protocol === "UDP" ? "dns" : "dns-tcp";
      const port = typeof target === "number" ? target : party.ports.get(target?.toLowerCase() ?? name)?.port;
      return { party, protocol, port: port ?? dnsPort };
    });
  });
}

const dnsPort = 53;

/** What becomes of a pod's look-up of a name. `unseen`: it is answered, but Cilium learns no address from it. */
export type Lookup = "proxied" | "unseen" | "refused";

/** The best that becomes of it at any name server; undefined if that is not decidable or there is none. */
export function lookup(
  network: Network,
  source: Party,
  name: string,
  servers: readonly NameServer[],
): Lookup | undefined {
  const found = servers.map(({ party, port, protocol }): Lookup | undefined => {
    const end = endVerdict(network, "egress", source, party, protocolBit[protocol], port);
    if (end.verdict === "undecidable") return undefined;
    if (end.verdict === "denied") return "refused";
    if (end.redirect?.parser !== "dns") return "unseen";
    const { lets } = end.redirect;
    return lets === "everything" || lets.some((selector) => nameMatcher(selector)(name)) ? "proxied" : "refused";
  });
  if (found.includes("proxied")) return "proxied";
  if (found.includes(undefined)) return undefined;
  return found.includes("unseen") ? "unseen" : found[0];
}

/**
 * The same where no name server is known: by the pod's DNS rules alone. A rule without L7 for the usual port may lift
 * them.
 */
export function lookupByRules({ enforced }: Network, source: Party, name: string): Lookup | undefined {
  const matches = (enforced[source.position]?.egress.rules ?? [])
    .filter(({ effect }) => effect === "allow")
    .flatMap(({ ports }) => ports);
  const dns = matches.flatMap(({ l7 }) => (l7?.parser === "dns" ? l7.dns : []));
  if (dns.some((selector) => nameMatcher(selector)(name))) return "proxied";
  if (dns.length === 0) return "unseen";
  const isLifted = matches.some(
    ({ l7, ports }) => l7 === undefined && ("name" in ports || (ports.from <= dnsPort && dnsPort <= ports.to)),
  );
  return isLifted ? undefined : "refused";
}
