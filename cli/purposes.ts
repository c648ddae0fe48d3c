/** Why the program states a flow, for those that have it before them as a pair of ends. */
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { type Peer, peerName } from "../cilium/model/peers.ts";
import type { Program } from "../components/program.ts";

/** Looks up the purpose of a flow by the names of its ends, as the reachability engine calls them. */
export function purposesOf(program: Program | undefined): (from: string, to: string) => string {
  const purposes = new Map(program === undefined ? [] : program.cluster.flows.flatMap(named));
  return (from, to) => purposes.get(`${from} ${to}`) ?? "";
}

const named = ({ from, to, purpose }: ConfiguredCluster["flows"][number]): [string, string][] =>
  purpose === undefined
    ? []
    : names(from).flatMap((source) => names(to).map((end): [string, string] => [`${source} ${end}`, purpose]));

function names(peer: Peer): readonly string[] {
  switch (peer.kind) {
    case "entities":
      return peer.entities;
    case "fqdns":
      return peer.names;
    case "external":
      return [peer.address];
    case "workload":
    case "host-network":
    case "cidr":
      return [peerName(peer)];
  }
}
