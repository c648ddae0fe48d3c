/** Flows of any kind between the workloads of the sample, its nodes, and the outside. */
import fc from "fast-check";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { program } from "../../rendered.ts";
import {
  apiServer,
  decided,
  decidedBy,
  dnsAnswer,
  flow,
  gateway,
  host,
  namedAddress,
  outside,
  pod,
  type RecordedEnd,
  remoteNode,
} from "./recorded.ts";

const pods = inventoryOf(program.cluster)
  .endpoints.filter(({ hostNetwork }) => !hostNetwork)
  .map((endpoint, i) => pod(endpoint, i + 1));
const dns = pods.find(({ endpoint }) => JSON.stringify(endpoint).includes("coredns")) ?? host;

const addresses = ["203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1"];
const numberedHost = { ...host, endpoint: { ID: 7, ...host.endpoint } };
const unknownYet = { ID: undefined, identity: 2, labels: ["reserved:world"], workloads: undefined };
const end: fc.Arbitrary<RecordedEnd> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...pods) },
  fc.constantFrom(host, remoteNode, apiServer, gateway, ...addresses.map(outside), ...addresses.map(namedAddress)),
  fc.constantFrom(
    numberedHost,
    // What a proxy on a node sends for a pod, and a pod whose identity is not known to its node yet.
    { ...numberedHost, endpoint: { ...numberedHost.endpoint, identity: 40_001 } },
    ...pods.slice(0, 2).map(({ endpoint, address }) => ({ address, endpoint: { ...endpoint, ...unknownYet } })),
  ),
);
const masked = ({ endpoint, address }: RecordedEnd): RecordedEnd => ({
  endpoint: { ...endpoint, labels: undefined, workloads: undefined },
  address,
});
const far = ({ endpoint, address }: RecordedEnd): RecordedEnd => ({
  endpoint: { ...endpoint, ID: undefined, workloads: undefined },
  address,
});

/** What a node tells of a packet beside who sends it to whom. */
const told: fc.Arbitrary<object> = fc.oneof(
  fc.constantFrom(
    {},
    { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" },
    { trace_observation_point: "TO_OVERLAY" },
    { trace_observation_point: "FROM_ENDPOINT", is_reply: undefined },
    { is_reply: undefined, trace_reason: undefined },
    { is_reply: undefined, reply: true },
    { is_reply: true, trace_reason: "REPLY" },
    { Type: "SOCK", verdict: "TRACED" },
    { destination_names: ["api.example.com"] },
    { destination_service: { name: "api", namespace: "shop" } },
    { traffic_direction: undefined, node_name: "default/worker-2" },
    { verdict: undefined },
    { event_type: { type: 3 } },
    { trace_observation_point: "TO_CRYPTO" },
    { trace_reason: "RELATED", l4: { ICMPv4: { type: 3 } } },
    { trace_observation_point: undefined, traffic_direction: undefined },
    { IP: { source: "169.254.42.1", destination: "10.244.0.1" } },
    { l7: { type: "REQUEST", http: { method: "GET", url: "http://shop/items?page=2" } }, Type: "L7" },
    { l7: { type: "RESPONSE", http: { method: "GET", url: "http://shop/items" } }, Type: "L7", is_reply: true },
  ),
  fc
    .record({
      direction: fc.constantFrom("egress" as const, "ingress" as const),
      verdict: fc.constantFrom("FORWARDED" as const, "REDIRECTED" as const, "AUDIT" as const, "DROPPED" as const),
      by: fc.subarray([decidedBy("CiliumNetworkPolicy argocd/server"), decidedBy("NetworkPolicy shop/all")]),
    })
    .map(decided),
  fc.constantFrom("POLICY_DENIED", "POLICY_DENY", "STALE_OR_UNROUTABLE_IP").map((reason) => ({
    verdict: "DROPPED",
    drop_reason_desc: reason,
    is_reply: undefined,
    event_type: { type: 1 },
  })),
);

export const anyFlow: fc.Arbitrary<object> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        ends: fc.tuple(end, end),
        seenFrom: fc.constantFrom<(end: RecordedEnd) => RecordedEnd>((one) => one, far, masked),
        port: fc.constantFrom(53, 80, 443, 5432, 8080, 43_512),
        seenTo: fc.constantFrom<(end: RecordedEnd) => RecordedEnd>((one) => one, far),
        protocol: fc.constantFrom("TCP" as const, "TCP" as const, "UDP" as const, "SCTP" as const, "ICMP" as const),
        more: told,
      })
      .map(({ ends: [from, to], seenFrom, seenTo, port, protocol, more }) =>
        flow(seenFrom(from), seenTo(to), port, { protocol, more }),
      ),
  },
  fc
    .tuple(fc.constantFrom(...pods), fc.constantFrom("api.example.com", "github.com"), fc.subarray(addresses))
    .map(([asker, name, ips]) => dnsAnswer(asker, dns, name, ...ips)),
);
