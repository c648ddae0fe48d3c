/** Lines of Hubble records as Cilium writes them, made from endpoints: `ExportEvent` in protobuf's JSON. */
import { clusterLabel, isKept, namespaceLabelsPrefix, podNamespaceLabel } from "../../../cilium/policy/selector.ts";
import type { Endpoint, FlowProtocol } from "../../../cilium/reach/compile/inventory.ts";

/** Who stands at an end: what Hubble writes of it, and its address. */
export type RecordedEnd = { readonly endpoint: object; readonly address: string };

/** The pod of an endpoint, with an address and an identity of its own. */
export function pod({ namespace, name, labels }: Endpoint, number = 1, cluster = "default"): RecordedEnd {
  const identity = {
    ...Object.fromEntries(Object.entries(labels).filter(([key]) => isKept(key))),
    [`${namespaceLabelsPrefix}kubernetes.io/metadata.name`]: namespace,
    [clusterLabel]: cluster,
    [podNamespaceLabel]: namespace,
  };
  return {
    address: `10.244.${number >> 8}.${number & 255}`,
    endpoint: {
      ID: number,
      identity: 40_000 + number,
      cluster_name: cluster,
      namespace,
      labels: Object.entries(identity)
        .map(([key, value]) => `k8s:${key}=${value}`)
        .sort(),
      pod_name: `${name}-6c9d8b7f5d-x${number}`,
      workloads: [{ name, kind: "Deployment" }],
    },
  };
}

/** One of Cilium's own identities, by its number and labels. */
export const reserved = (identity: number, address: string, ...names: string[]): RecordedEnd => ({
  address,
  endpoint: { identity, labels: names.map((name) => `reserved:${name}`) },
});

export const host = reserved(1, "192.168.0.31", "host");
export const remoteNode = reserved(6, "192.168.0.32", "remote-node");
export const apiServer = reserved(7, "192.168.0.21", "kube-apiserver", "remote-node");
export const gateway = reserved(8, "10.244.9.8", "ingress");
export const outside = (address: string): RecordedEnd => reserved(2, address, "world");
/** An address that a policy of the cluster names: it has an identity of its own. */
export const namedAddress = (address: string): RecordedEnd => ({
  address,
  endpoint: { identity: 16_777_217, labels: [`cidr:${address}/32`, "reserved:world"] },
});

export type Recording = {
  readonly protocol?: FlowProtocol;
  readonly time?: string;
  readonly uuid?: string;
  /** Fields of the flow to add or replace. */
  readonly more?: object;
};

/** The first packet of a connection, as the datapath traces it where it leaves. */
export function flow(source: RecordedEnd, destination: RecordedEnd, port: number, recording: Recording = {}): object {
  const { protocol = "TCP", time = "2026-11-24T21:00:00.000000001Z", uuid, more } = recording;
  return {
    time,
    uuid,
    verdict: "FORWARDED",
    ethernet: { source: "aa:bb:cc:dd:ee:01", destination: "aa:bb:cc:dd:ee:02" },
    IP: { source: source.address, destination: destination.address, ipVersion: "IPv4" },
    l4: layer4(protocol, port),
    source: source.endpoint,
    destination: destination.endpoint,
    Type: "L3_L4",
    node_name: "default/worker-1",
    node_labels: ["kubernetes.io/hostname=worker-1", "kubernetes.io/os=linux"],
    event_type: { type: 4, sub_type: 3 },
    traffic_direction: "EGRESS",
    trace_observation_point: "TO_STACK",
    trace_reason: "NEW",
    is_reply: false,
    Summary: "TCP Flags: SYN",
    ...more,
  };
}

function layer4(protocol: FlowProtocol, port: number): object {
  switch (protocol) {
    case "TCP":
      return { TCP: { source_port: 43_512, destination_port: port, flags: { SYN: true } } };
    case "UDP":
    case "SCTP":
      return { [protocol]: { source_port: 43_512, destination_port: port } };
    case "ICMP":
      return { ICMPv4: { type: port } };
    case "ICMPv6":
      return { ICMPv6: { type: port } };
    default:
      return { [protocol]: {} };
  }
}

/** A policy as Hubble names it, from `CiliumNetworkPolicy shop/web`. */
export function decidedBy(policy: string): object {
  const [kind = "", path = ""] = policy.split(" ");
  const [name, namespace] = path.split("/").reverse();
  return { kind, name, ...(namespace !== undefined && { namespace }), revision: "7" };
}

/** Rules of Cilium's own: labels only (`pkg/policy/mapstate.go`). */
export const ofCilium = { labels: ["reserved:io.cilium.policy.derived-from=allow-any-egress"] };

export type Decided = {
  readonly direction: "egress" | "ingress";
  readonly verdict: "FORWARDED" | "REDIRECTED" | "AUDIT" | "DROPPED";
  /** None: default deny, or a Cilium that does not record it. */
  readonly by?: readonly object[];
  /** For drops; by default deny unless said. */
  readonly reason?: "POLICY_DENIED" | "POLICY_DENY" | "AUTH_REQUIRED";
  readonly matchType?: number;
};

/** Fields of the event of a policy's verdict at one end. */
export function decided({ direction, verdict, by = [], reason = "POLICY_DENIED", matchType }: Decided): object {
  const isAllowed = verdict === "FORWARDED" || verdict === "REDIRECTED";
  return {
    verdict,
    event_type: { type: 5 },
    traffic_direction: direction.toUpperCase(),
    trace_observation_point: undefined,
    trace_reason: undefined,
    is_reply: verdict === "DROPPED" ? undefined : false,
    ...(verdict === "DROPPED" && { drop_reason_desc: reason }),
    ...(matchType !== undefined && { policy_match_type: matchType }),
    ...(by.length > 0 && { [`${direction}_${isAllowed ? "allowed" : "denied"}_by`]: by }),
  };
}

/** What the DNS proxy logs of an answer: from the DNS server to the pod that asked. */
export const dnsAnswer = (pod: RecordedEnd, server: RecordedEnd, name: string, ...ips: string[]): object =>
  flow(server, pod, 43_512, {
    protocol: "UDP",
    more: {
      Type: "L7",
      is_reply: true,
      l4: { UDP: { source_port: 53, destination_port: 43_512 } },
      l7: {
        type: "RESPONSE",
        dns: { query: `${name}.`, ips, ttl: 30, observation_source: "proxy", qtypes: ["A"], rrtypes: ["A"] },
      },
    },
  });

/** As `hubble observe -o jsonpb` and the exporter write it. */
export const line = (flow: object): string =>
  JSON.stringify({ flow, node_name: "default/worker-1", time: "2026-11-24T21:00:00.000000001Z" });
