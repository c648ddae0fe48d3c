/** Why the program states a flow, for those that have it before them as a pair of ends. */
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { workloadsAmong } from "../cilium/model/ends.ts";
import type { Flow } from "../cilium/model/flow.ts";
import { namesInVerdicts, type Peer } from "../cilium/model/peers.ts";
import { everyPort, portNames } from "../cilium/model/ports.ts";
import type { Program } from "../components/program.ts";

/**
 * Looks up the purpose of a flow by the names of its ends, as the reachability engine calls them, and by one of its ports
 * (`8080/TCP`); empty where nobody says.
 */
export function purposesOf(
  program: Program | undefined,
): (from: string, to: string, ports: readonly string[]) => string {
  const { cluster } = program ?? {};
  const stated = cluster?.flows.flatMap((flow) => named(flow, cluster)) ?? [];
  const purposes = Map.groupBy(stated, ({ ends }) => ends);
  return (from, to, ports) => {
    const between = purposes.get(`${from} ${to}`) ?? [];
    return between.findLast((one) => one.ports.some((port) => port === every || ports.includes(port)))?.purpose ?? "";
  };
}

const every = portNames(everyPort).join();

interface Purpose {
  readonly ends: string;
  readonly ports: readonly string[];
  readonly purpose: string;
}

function named({ from, to, ports, purpose }: Flow, cluster: ConfiguredCluster): Purpose[] {
  if (purpose === undefined) return [];
  const written = ports.flatMap(portNames);
  const namesOf = (peer: Peer) =>
    new Set([peer, ...workloadsAmong(peer, cluster)].flatMap((one) => namesInVerdicts(one)));
  const destinations = [...namesOf(to)];
  return [...namesOf(from)].flatMap((source) =>
    destinations.map((end) => ({ ends: `${source} ${end}`, ports: written, purpose })),
  );
}
