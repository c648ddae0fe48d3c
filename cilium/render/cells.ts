/** What a policy allows in the words of the tables: `gateway, cloudflared → 8080`. For descriptions and documentation. */
import { carriedText } from "../model/carried.ts";
import type { ConfiguredCluster } from "../model/cluster.ts";
import { arrivingAt, isCrossing, leavingFrom } from "../model/ends.ts";
import type { Flow } from "../model/flow.ts";
import { type Direction, isDeniedByDefault } from "../model/peers/workload.ts";
import { isApiServer, nameInTables, namespaceOf, type Peer, peerName, type Subject } from "../model/peers.ts";
import { type Port, portText } from "../model/ports.ts";

/** What may reach the subject: `gateway → 3000 (L7 HTTP); prometheus (monitoring) → 9327`, or `(none)`. */
export function ingressCell(cluster: ConfiguredCluster, subject: Subject): string {
  const denials = [
    ...(subject.kind === "workload" && subject.denyWorld ? ["world"] : []),
    ...arriving(arrivingAt(subject, cluster.denials), subject),
  ];
  return cell("; ", subject, "ingress", denials, arriving(arrivingAt(subject, cluster.flows), subject));
}

/** What the subject may reach: `kube-apiserver, redis:6379, filer (seaweedfs):8333`, or `(none)`. */
export function egressCell(cluster: ConfiguredCluster, subject: Subject): string {
  const leaving = (flows: readonly Flow[]) => destinations(cluster, leavingFrom(subject, flows), subject);
  return cell(", ", subject, "egress", leaving(cluster.denials), leaving(cluster.flows));
}

function cell(
  separator: string,
  subject: Subject,
  direction: Direction,
  denials: readonly string[],
  flows: readonly string[],
): string {
  const all = [
    ...(isDeniedByDefault(subject, direction) ? [] : [openCell]),
    ...denials.map((denial) => `(deny ${denial})`),
    ...flows,
  ];
  return all.length === 0 ? "(none)" : all.join(separator);
}

/** Who reaches the subject, by the ports and what is said of them. */
function arriving(flows: readonly Flow[], subject: Subject): string[] {
  const groups = Map.groupBy(
    flows,
    (flow) => `${isEverything(flow) ? "" : ` → ${portList(flow.ports)}`}${remark(flow)}`,
  );
  return [...groups].map(([rest, group]) => {
    const sources = new Set(group.map(({ from }) => text(called(from, subject))));
    return `${[...sources].join(", ")}${rest}`;
  });
}

/** What the subject reaches: first all ports of one end, then all ends in one place that agree in their ports. */
function destinations(cluster: ConfiguredCluster, reached: readonly Flow[], subject: Subject): string[] {
  const ends = Map.groupBy(reached, (flow) => `${text(called(flow.to, subject))}${remark(flow)}`);
  const all = [...ends.values()].flatMap((flows) =>
    flows.slice(0, 1).map((flow) => {
      const { names, place } = called(flow.to, subject);
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

/** An end as it is called in the table of a subject: pods of other namespaces with their namespace. */
function called(peer: Peer, seenFrom: Subject): Called {
  if (same(peer, seenFrom)) return { names: ["self"], place: "" };
  const { names, place } = nameInTables(peer);
  return {
    names: withBraces(names),
    place: place === undefined || place === namespaceOf(seenFrom) ? "" : ` (${place})`,
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

const same = (peer: Peer, subject: Subject): boolean =>
  peer.kind === subject.kind && peerName(peer) === peerName(subject);
