/** What a policy allows in the words of the tables: `gateway, cloudflared → 8080`. For descriptions and documentation. */
import { carriedText } from "../model/carried.ts";
import type { ConfiguredCluster } from "../model/cluster.ts";
import { arrivingAt, isCrossing, leavingFrom } from "../model/ends.ts";
import type { Flow } from "../model/flow.ts";
import { type Direction, isDeniedByDefault } from "../model/peers/workload.ts";
import { isApiServer, nameInTables, type Peer, type Workload } from "../model/peers.ts";
import { type Port, portText } from "../model/ports.ts";

/** What may reach the workload: `gateway → 3000 (L7 HTTP); prometheus (monitoring) → 9327`, or `(none)`. */
export function ingressCell(cluster: ConfiguredCluster, workload: Workload): string {
  const denials = [
    ...(workload.denyWorld ? ["world"] : []),
    ...arriving(arrivingAt(workload, cluster.denials), workload),
  ];
  return cell("; ", workload, "ingress", denials, arriving(arrivingAt(workload, cluster.flows), workload));
}

/** What the workload may reach: `kube-apiserver, redis:6379, filer (seaweedfs):8333`, or `(none)`. */
export function egressCell(cluster: ConfiguredCluster, workload: Workload): string {
  const leaving = (flows: readonly Flow[]) => destinations(cluster, leavingFrom(workload, flows), workload);
  return cell(", ", workload, "egress", leaving(cluster.denials), leaving(cluster.flows));
}

function cell(
  separator: string,
  workload: Workload,
  direction: Direction,
  denials: readonly string[],
  flows: readonly string[],
): string {
  const all = [
    ...(isDeniedByDefault(workload, direction) ? [] : [openCell]),
    ...denials.map((denial) => `(deny ${denial})`),
    ...flows,
  ];
  return all.length === 0 ? "(none)" : all.join(separator);
}

/** Who reaches the workload, by the ports and what is said of them. */
function arriving(flows: readonly Flow[], workload: Workload): string[] {
  const groups = Map.groupBy(
    flows,
    (flow) => `${isEverything(flow) ? "" : ` → ${portList(flow.ports)}`}${remark(flow)}`,
  );
  return [...groups].map(([rest, group]) => {
    const sources = new Set(group.map(({ from }) => text(called(from, workload))));
    return `${[...sources].join(", ")}${rest}`;
  });
}

/** What the workload reaches: first all ports of one end, then all ends in one place that agree in their ports. */
function destinations(cluster: ConfiguredCluster, reached: readonly Flow[], workload: Workload): string[] {
  const ends = Map.groupBy(reached, (flow) => `${text(called(flow.to, workload))}${remark(flow)}`);
  const all = [...ends.values()].flatMap((flows) =>
    flows.slice(0, 1).map((flow) => {
      const { names, place } = called(flow.to, workload);
      const ports = [...new Set(flows.flatMap(({ ports }) => ports))];
      const suffix = flow.isDenied && flows.some(isEverything) ? "" : portSuffix(cluster, flow.to, ports);
      return { names, rest: `${place}${suffix}${remark(flow)}` };
    }),
  );
  const alike = Map.groupBy(all, ({ rest }) => rest);
  return [...alike].map(([rest, group]) => `${group.flatMap(({ names }) => names).join(" + ")}${rest}`);
}

/** What is denied on every port is denied altogether. */
const isEverything = ({ isDenied, ports }: Flow): boolean => isDenied && ports.some((port) => "every" in port);

/** What a cell begins with where nothing is refused for want of a rule. */
export const openCell = "(no default deny)";

/** Ports as the tables write them: `9333/19333`, `443/7844 (7844 also UDP)`. */
export function portList(ports: readonly Port[]): string {
  const texts = [...new Set(ports.map(portText))];
  const alsoUdp = texts.filter((text) => text.endsWith("/UDP") && texts.includes(text.replace("/UDP", "")));
  const listed = texts.filter((text) => !alsoUdp.includes(text)).join("/");
  const numbers = alsoUdp.map((text) => text.replace("/UDP", "")).join("/");
  return alsoUdp.length === 0 ? listed : `${listed} (${numbers} also UDP)`;
}

/** How one end of a flow is called: its names, and what follows them, such as ` (seaweedfs)`. */
interface Called {
  readonly names: readonly string[];
  readonly place: string;
}

const text = ({ names, place }: Called): string => `${names.join(" + ")}${place}`;

/** An end as it is called in the table of a workload: pods of other namespaces with their namespace. */
function called(peer: Peer, seenFrom: Workload): Called {
  if (same(peer, seenFrom)) return { names: ["self"], place: "" };
  const { names, place } = nameInTables(peer);
  return {
    names: withBraces(names),
    place: place === undefined || place === seenFrom.namespace ? "" : ` (${place})`,
  };
}

/** Pods reach the API server on one port, which goes without saying. */
function portSuffix({ settings }: ConfiguredCluster, to: Peer, ports: readonly Port[]): string {
  const list = portList(ports);
  return isApiServer(to) && list === String(settings.apiServerPort) ? "" : `:${list}`;
}

/** What follows a flow in parentheses. The purpose of flows between namespaces has a table of its own. */
function remark({ from, to, purpose, carried, isAuthenticated, only }: Flow): string {
  const remarks = [
    ...(carried === undefined ? [] : [carriedText(carried)]),
    ...(isAuthenticated ? ["authenticated"] : []),
    ...(only === undefined ? [] : ["this end only"]),
    ...(purpose === undefined || isCrossing(from, to) ? [] : [purpose]),
  ];
  return remarks.length === 0 ? "" : ` (${remarks.join(", ")})`;
}

/** Three or more names of one domain as `{a,b,c}.example.com`, at the place of the first. */
function withBraces(names: readonly string[]): string[] {
  const domain = (name: string): string => (name.includes(".") ? name.slice(name.indexOf(".")) : "");
  const byDomain = Map.groupBy(names, domain);
  return names.flatMap((name) => {
    const siblings = byDomain.get(domain(name)) ?? [];
    if (domain(name) === "" || siblings.length < 3) return [name];
    const hosts = siblings.map((sibling) => sibling.slice(0, -domain(name).length));
    return name === siblings[0] ? [`{${hosts.join(",")}}${domain(name)}`] : [];
  });
}

const same = (peer: Peer, workload: Workload): boolean =>
  peer.kind === "workload" && peer.namespace === workload.namespace && peer.name === workload.name;
