/** Names that rules open and nobody can look up, and pods that cannot look up any. */
import { policyKey } from "../../policy/parts.ts";
import { sampleName } from "../compile/fqdn.ts";
import type { NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { protocolBit } from "../compile/ports.ts";
import { serviceOfName } from "../compile/services.ts";
import { endVerdict } from "../decide/decide.ts";
import { type Lookup, lookup, lookupByRules, nameServers } from "./lookups.ts";
import { namesOf, type Oddity, type Scene, some } from "./oddity.ts";

/**
 * The names of allow rules that are in vain, since they are Services', or since no look-up of the pods is seen. Those of a
 * policy that are so for the same pods and reason are told together.
 */
export function names(scene: Scene): Oddity[] {
  const found = Map.groupBy(vainNames(scene), ({ about, tell }) => `${policyKey(about.subject)} ${tell([]).problem}`);
  return [...found.values()].flatMap((alike) => {
    const own = [...new Set(alike.map(({ name }) => name))];
    return alike.slice(0, 1).map(({ about, tell }) => ({ ...about, ...tell(own) }));
  });
}

type VainName = {
  readonly about: { readonly subject: NetworkRule; readonly place: string };
  readonly name: string;
  readonly tell: (names: readonly string[]) => Pick<Oddity, "kind" | "problem" | "fix">;
};

function vainNames({ network, governed }: Scene): VainName[] {
  const servers = nameServers(network);
  const lookUp = (party: Party, name: string): Lookup | undefined =>
    servers.length > 0 ? lookup(network, party, name, servers) : lookupByRules(network, party, name);
  return [...governed].flatMap(([rule, subjects]) =>
    rule.selections.flatMap(({ selector: { condition } }, index): VainName[] => {
      if (condition.kind !== "fqdn" || rule.effect !== "allow" || rule.direction !== "egress") return [];
      const { name } = condition;
      const about = { subject: rule, place: rule.peers[index]?.path ?? rule.path };
      if (serviceOfName(name) !== undefined) return [{ about, name, tell: ofServices }];
      const sample = sampleName(name);
      const blind = subjects.flatMap((party) => {
        const found = lookUp(party, sample);
        return found === "unseen" || found === "refused" ? [{ party, found }] : [];
      });
      const [first] = blind;
      if (first !== undefined) {
        const pods = some(namesOf(blind.map(({ party }) => party)));
        return [{ about, name, tell: (names) => notLookedUp(names, pods, first.found) }];
      }
      const short = subjects.filter(
        (party) => condition.name === sample && isShort(party, sample, (name) => lookUp(party, name)),
      );
      const pods = some(namesOf(short));
      return short.length === 0 ? [] : [{ about, name, tell: (names) => searchPath(names, pods) }];
    }),
  );
}

const ofServices: VainName["tell"] = (names) => ({
  kind: "name-of-a-service",
  problem: `${some(names)} ${names.length === 1 ? "is a Service" : "are Services"} of the cluster: connections to ${names.length === 1 ? "it" : "them"} arrive at pods, which no name matches`,
  fix: `select ${names.length === 1 ? "its" : "their"} pods with toEndpoints, on the port that they listen on`,
});

const notLookedUp = (names: readonly string[], pods: string, found: Lookup): ReturnType<VainName["tell"]> => ({
  kind: "name-not-looked-up",
  problem: `${some(names)} never ${names.length === 1 ? "matches" : "match"} at ${pods}: ${found === "unseen" ? "no DNS rule sees the look-ups" : "the look-ups are refused"}, and Cilium learns addresses only from those that pass its DNS proxy`,
  fix: `let the pods' egress to the name server's port pass rules.dns with ${names.length === 1 ? "a pattern for it" : "patterns for them"}`,
});

/** Whether a name is looked up with endings first, as `ndots:5` does, and these look-ups are refused. */
function isShort(
  { endpoints: [endpoint] }: Party,
  name: string,
  lookUp: (name: string) => Lookup | undefined,
): boolean {
  if (endpoint === undefined || name.endsWith(".") || name.split(".").length > 5) return false;
  return lookUp(`${name}.${endpoint.namespace}.svc.cluster.local`) === "refused";
}

const searchPath = (names: readonly string[], pods: string): ReturnType<VainName["tell"]> => ({
  kind: "search-path",
  problem: `${pods} may look up ${some(names)}, but not with the endings of the search path (${names[0]}.NAMESPACE.svc.cluster.local …), which come first; some resolvers give up when they are refused`,
  fix: 'add {matchPattern: "**.cluster.local"} to rules.dns, or write the name with a last dot in the application',
});

/** Pods that may open connections and cannot look up any name, where the cluster's name server is known. */
export function lookups({ network }: Scene): Oddity[] {
  const servers = nameServers(network);
  if (servers.length === 0) return [];
  const found = new Map<string, { oddity: Oddity; parties: Party[] }>();
  for (const party of network.parties) {
    const egress = network.enforced[party.position]?.egress;
    const [isolating] = egress?.isolating ?? [];
    if (egress === undefined || isolating === undefined || party.peer.kind !== "endpoint") continue;
    const opens = egress.rules.filter(({ effect, peers }) => effect === "allow" && peers.length > 0);
    if (opens.length === 0 || servers.some((server) => server.party === party)) continue;
    const ends = servers.map((server) =>
      endVerdict(network, "egress", party, server.party, protocolBit[server.protocol], server.port),
    );
    if (ends.some(({ verdict }) => verdict !== "denied")) continue;
    const ports = [...new Set(servers.map(({ port }) => port))].join(" and ");
    const known = found.get(`${isolating.kind} ${isolating.policy}`) ?? {
      oddity: {
        kind: "no-name-server",
        subject: isolating,
        place: "egress",
        problem: "",
        fix: `allow egress to the name server on port ${ports}`,
      },
      parties: [],
    };
    known.parties.push(party);
    found.set(`${isolating.kind} ${isolating.policy}`, known);
  }
  return [...found.values()].map(({ oddity, parties }) => ({
    ...oddity,
    problem: `${some(namesOf(parties))} may open connections and cannot look up any name: egress to the name server is closed`,
  }));
}
