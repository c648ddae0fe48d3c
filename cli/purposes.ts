/** What the program states about a flow, for those that have it before them as a pair of ends. */
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
  const between = flowsBetween(program, ({ purpose }) => purpose !== undefined);
  return (from, to, ports) => between(from, to).findLast((flow) => hasPort(flow, ports))?.purpose ?? "";
}

/** Looks up the flow that the program states between two ends likewise: one with these ports, or else any. */
export function statementsOf(
  program: Program | undefined,
): (from: string, to: string, ports: readonly string[]) => Flow | undefined {
  const between = flowsBetween(program, () => true);
  return (from, to, ports) => {
    const flows = between(from, to);
    return flows.findLast((flow) => hasPort(flow, ports)) ?? flows.at(-1);
  };
}

const hasPort = ({ ports }: Flow, wanted: readonly string[]): boolean =>
  ports.flatMap(portNames).some((port) => port === every || wanted.includes(port));

const every = portNames(everyPort).join();

function flowsBetween(
  program: Program | undefined,
  isAsked: (flow: Flow) => boolean,
): (from: string, to: string) => readonly Flow[] {
  const { cluster } = program ?? {};
  const stated = cluster?.flows
    .filter(isAsked)
    .flatMap((flow) => endsOf(flow, cluster).map((ends) => ({ ends, flow })));
  const flows = Map.groupBy(stated ?? [], ({ ends }) => ends);
  return (from, to) => flows.get(`${from} ${to}`)?.map(({ flow }) => flow) ?? [];
}

function endsOf({ from, to }: Flow, cluster: ConfiguredCluster): string[] {
  const namesOf = (peer: Peer) =>
    new Set([peer, ...workloadsAmong(peer, cluster)].flatMap((one) => namesInVerdicts(one)));
  const destinations = [...namesOf(to)];
  return [...namesOf(from)].flatMap((source) => destinations.map((end) => `${source} ${end}`));
}
