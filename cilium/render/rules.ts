/** What flows are in a policy: rules of peers, ports, and what is carried there. */
import type { Carried, HttpRequest } from "../model/carried.ts";
import type { ConfiguredCluster } from "../model/cluster.ts";
import { arrivingAt, isLimitedAtServer, leavingFrom, serversOf } from "../model/ends.ts";
import type { Flow } from "../model/flow.ts";
import { namespaceOf, type Peer, type Subject, selectionOf } from "../model/peers.ts";
import { isEveryOf, isNumbered, isTransportPort, type Port, type TransportPort } from "../model/ports.ts";
import { destinationFields, fqdnSelector, type Selection, sourceFields } from "../model/selection.ts";
import type { HttpRule, IngressRule, PortProtocol, PortRule } from "../policy/schema.ts";

/** What of these flows a subject's policy says of its ingress. */
export const ingressRules = (flows: readonly Flow[], subject: Subject) =>
  rules(arrivingAt(subject, flows).map((flow) => ({ ...flow, peer: flow.from, l7: ingressL7(flow) }))).map(
    ({ selections, use }) => ({ ...sourceFields(selections, namespaceOf(subject)), ...use }),
  );

/** What of these flows a subject's policy says of its egress. */
export const egressRules = (flows: readonly Flow[], subject: Subject, cluster: ConfiguredCluster) =>
  rules(
    leavingFrom(subject, flows).map((flow) => ({
      ...flow,
      peer: flow.to,
      l7: egressL7(flow, cluster),
      isAuthenticated: flow.isAuthenticated && !isLimitedAtServer(flow, cluster),
    })),
  ).map(({ selections, use }) => ({ ...destinationFields(selections, namespaceOf(subject)), ...use }));

/** What a policy lets in or out, or refuses. */
interface Said {
  readonly peer: Peer;
  readonly ports: readonly Port[];
  readonly l7: L7;
  readonly isAuthenticated: boolean;
}

/** The part of a list of ports that says what is carried there. */
type L7 = Pick<PortRule, "rules" | "serverNames">;

/** What of a flow is looked into where it arrives: all but look-ups, which the DNS proxy sees where they leave. */
const ingressL7 = ({ carried }: Flow): L7 => (carried === undefined || carried.kind === "dns" ? {} : l7Of(carried));

/** What of a flow is looked into where it leaves: look-ups, and what nobody looks into where it arrives. */
function egressL7(flow: Flow, cluster: ConfiguredCluster): L7 {
  const { carried } = flow;
  if (carried === undefined) return {};
  if (carried.kind === "dns") return l7Of(carried);
  const isParsedOnly = carried.kind === "http" && carried.requests.length === 0;
  const isHere = isParsedOnly ? serversOf(flow, cluster).length === 0 : !isLimitedAtServer(flow, cluster);
  return isHere ? l7Of(carried) : {};
}

function l7Of(carried: Carried): L7 {
  switch (carried.kind) {
    case "http":
      return { rules: { http: carried.requests.length === 0 ? [{}] : carried.requests.map(httpRule) } };
    case "tls":
      return { serverNames: [...carried.serverNames] };
    case "dns":
      return { rules: { dns: carried.names.map(fqdnSelector) } };
  }
}

const httpRule = ({ headers, ...request }: HttpRequest): HttpRule => ({
  ...request,
  ...(headers !== undefined && { headers: [...headers] }),
});

interface PlacedRule {
  readonly selections: readonly Selection[];
  readonly use: Use;
}

/**
 * The rules that say all this, in the order in which it is stated: first all ports of one peer together, then one rule for
 * all peers that agree in kind of selector, ports, L7 and authentication.
 */
function rules(said: readonly Said[]): PlacedRule[] {
  const peers = grouped(
    said.map((one) => ({ ...one, selection: selectionOf(one.peer) })),
    ({ selection, l7, isAuthenticated }) => [selection, l7, isAuthenticated],
  ).flatMap(([first, ...others]) => {
    const { selection, l7, isAuthenticated } = first;
    const ports = [first, ...others].flatMap(({ ports }) => ports);
    const authentication = isAuthenticated ? { authentication: { mode: "required" as const } } : {};
    return usesOf(ports, l7).map((use) => ({ selection, use: { ...use, ...authentication } }));
  });
  return grouped(peers, ({ selection, use }) => [selection.kind, use]).map(([first, ...others]) => ({
    use: first.use,
    selections: [first, ...others].map(({ selection }) => selection),
  }));
}

/** The items in groups of equal keys, each group and the groups in the order of the items. */
function grouped<T>(items: readonly T[], key: (item: T) => unknown): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(JSON.stringify(key(item)));
    if (group === undefined) groups.set(JSON.stringify(key(item)), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** The part of a rule that says what its peers may use: everything, if it is empty. */
type Use = Pick<IngressRule, "toPorts" | "icmps" | "authentication">;

/** What rules allow these ports: ICMP has one of its own, since Cilium refuses it beside others. */
function usesOf(ports: readonly Port[], l7: L7): Use[] {
  if (ports.some((port) => "every" in port)) return [{}];
  const fields = unique(ports.flatMap((port) => ("icmp" in port ? [{ type: port.icmp, family: port.family }] : [])));
  const portRules = toPorts(ports, l7);
  return [
    ...(portRules.length > 0 ? [{ toPorts: portRules }] : []),
    ...(fields.length > 0 ? [{ icmps: inParts(fields).map((fields) => ({ fields })) }] : []),
  ];
}

/** The ports, as many together as the agent takes. */
export const toPorts = (ports: readonly Port[], l7: L7): PortRule[] =>
  inParts(unique(ports.flatMap(portProtocols))).map((ports) => ({ ports, ...l7 }));

function portProtocols(port: Port): PortProtocol[] {
  if ("protocol" in port) return [{ port: "0", protocol: port.protocol }];
  if (!isTransportPort(port)) return [];
  const numbers = isNumbered(port)
    ? { port: String(port.number), ...(port.last !== undefined && !isEveryOf(port) && { endPort: port.last }) }
    : { port: port.name };
  return isAnyTransport(port)
    ? [{ ...numbers, protocol: "ANY" }]
    : port.transports.map((protocol) => ({ ...numbers, protocol }));
}

const isAnyTransport = ({ transports }: TransportPort): boolean => new Set(transports).size === 3;

const unique = <T>(items: readonly T[]): T[] => grouped(items, (item) => item).map(([item]) => item);

/** How many ports or ICMP types one list of a rule takes. */
const most = 40;

const inParts = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, part) => items.slice(part * most, (part + 1) * most));
