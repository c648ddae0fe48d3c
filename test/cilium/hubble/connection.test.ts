import assert from "node:assert/strict";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import type { Connection, FlowRecord } from "../../../cilium/hubble/record.ts";
import {
  apiServer,
  dnsAnswer,
  flow,
  gateway,
  host,
  line,
  namedAddress,
  outside,
  pod,
  type RecordedEnd,
  remoteNode,
} from "./recorded.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web", tier: "front" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);
const dns = pod({ namespace: "kube-system", name: "coredns", labels: { "k8s-app": "kube-dns" } }, 3);

function read(...flows: object[]): FlowRecord {
  const reader = recordReader();
  for (const one of flows) reader.add(line(one));
  return reader.record();
}

/** A pod as the nodes know it that do not run it. */
const elsewhere = ({ endpoint }: RecordedEnd): object => ({ ...endpoint, ID: undefined, workloads: undefined });
/** A packet that was not traced. */
const unpointed = { trace_observation_point: undefined, trace_reason: undefined };

const recordedWith = (more: object): FlowRecord => read(flow(web, api, 9000, { more }));

describe("a recorded flow", () => {
  const aside: Readonly<Record<string, readonly [object, "leftOut" | "notJudged", string]>> = {
    "a reply": [{ is_reply: true }, "leftOut", "replies"],
    "the second packet of a handshake that nothing is known about": [
      { is_reply: undefined, l4: { TCP: { destination_port: 43_512, flags: { SYN: true, ACK: true } } } },
      "leftOut",
      "replies",
    ],
    "a socket before translation": [
      { Type: "SOCK", verdict: "TRACED", sock_xlate_point: "SOCK_XLATE_POINT_PRE_DIRECTION_FWD" },
      "leftOut",
      "socket events of a Service's translation",
    ],
    "a socket after translation": [
      { Type: "SOCK", verdict: "TRANSLATED", sock_xlate_point: "SOCK_XLATE_POINT_POST_DIRECTION_FWD" },
      "leftOut",
      "socket events of a Service's translation",
    ],
    "a packet as it comes out of a container": [
      { trace_observation_point: "FROM_ENDPOINT", is_reply: undefined },
      "leftOut",
      "packets seen before Cilium looked at them",
    ],
    "a packet that a proxy on a node sends for a pod, whose identity it keeps": [
      { source: { ...host.endpoint, identity: 40_001 }, trace_observation_point: "TO_OVERLAY" },
      "leftOut",
      "packets that a node sends for a pod, through a proxy or encrypted",
    ],
    "a connection of a pod to itself": [
      {
        ...{
          source: { ...elsewhere(api), namespace: undefined },
          IP: { source: "169.254.42.1", destination: api.address },
        },
        ...{ trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" },
      },
      "leftOut",
      "connections of a pod to itself through a Service, which no policy is about",
    ],
    "a tunnel between nodes": [
      { source: host.endpoint, destination: remoteNode.endpoint, l4: undefined },
      "leftOut",
      "packets between nodes, of protocols without ports",
    ],
    "a packet that was captured": [
      { event_type: { type: 3 }, verdict: undefined, debug_capture_point: "DBG_CAPTURE_FROM_LB", is_reply: undefined },
      "leftOut",
      "packets captured for debugging",
    ],
    "a flow without a verdict": [
      { verdict: undefined },
      "notJudged",
      "whether it was let through was not recorded (verdict)",
    ],
    "a flow of a pod whose identity its node did not know yet": [
      { source: { namespace: "shop", pod_name: "web-1", identity: 2, labels: ["reserved:world"] } },
      "notJudged",
      "a pod's identity had not reached the node that recorded it",
    ],
    "a flow between a node and a pod of which nothing tells whether it runs there": [
      { source: elsewhere(web), destination: host.endpoint, traffic_direction: undefined, ...unpointed },
      "notJudged",
      "which node runs a pod was not recorded (ID)",
    ],
    "a packet that was dropped for its address": [
      { verdict: "DROPPED", drop_reason_desc: "STALE_OR_UNROUTABLE_IP", is_reply: undefined },
      "leftOut",
      "drops that no policy made",
    ],
    "an ICMP error about another connection": [
      { trace_reason: "RELATED", l4: { ICMPv4: { type: 3, code: 1 } } },
      "leftOut",
      "ICMP messages about another connection",
    ],
    "a flow to a Service whose pod is not recorded": [
      {
        destination: { identity: 2, labels: ["reserved:world"] },
        destination_service: { name: "api", namespace: "shop" },
      },
      "notJudged",
      "only the Service is recorded, not the pod behind it",
    ],
    "a flow to a node port": [
      { destination: host.endpoint, destination_service: { name: "api", namespace: "shop" } },
      "notJudged",
      "only the Service is recorded, not the pod behind it",
    ],
    "a flow without a protocol": [{ l4: undefined }, "notJudged", "the flow names no protocol and port"],
    "a packet in the middle of something, of which nothing says whether it is a reply": [
      { is_reply: undefined, l4: { TCP: { destination_port: 9000, flags: { ACK: true } } } },
      "notJudged",
      "whether it is a reply was not recorded (is_reply)",
    ],
    "an end without labels": [
      { source: { identity: 40_001 } },
      "notJudged",
      "the labels of an end were not recorded, and its identity is none of Cilium's own",
    ],
    "a dropped packet in the middle of a connection": [
      {
        verdict: "DROPPED",
        drop_reason_desc: "POLICY_DENIED",
        is_reply: undefined,
        l4: { TCP: { source_port: 9000, destination_port: 43_512, flags: { PSH: true, ACK: true } } },
      },
      "leftOut",
      "dropped packets that begin no connection (TCP without SYN)",
    ],
    "a reply that only the deprecated field marks": [{ is_reply: undefined, reply: true }, "leftOut", "replies"],
    "an outside without an address": [
      { destination: { identity: 2, labels: ["reserved:world"] }, IP: {} },
      "notJudged",
      "the address of an end outside the cluster was not recorded",
    ],
  };
  for (const [name, [more, list, reason]] of Object.entries(aside)) {
    it(`is counted and not judged: ${name}`, () => {
      const record = recordedWith(more);
      assert.deepEqual([...record[list]], [[reason, 1]]);
      assert.deepEqual(record.connections, []);
    });
  }

  const ends: Readonly<Record<string, readonly [object, Partial<Connection["destination"]>]>> = {
    "the node of the pod": [{ destination: host.endpoint }, { kind: "entity", entity: "host" }],
    "another node": [{ destination: remoteNode.endpoint }, { kind: "entity", entity: "remote-node" }],
    "the API server": [{ destination: apiServer.endpoint }, { kind: "entity", entity: "kube-apiserver" }],
    "the node of the pod, which runs the API server": [
      { destination: { identity: 1, labels: ["reserved:host", "reserved:kube-apiserver"] } },
      { kind: "entity", entity: "control-plane-host" },
    ],
    "the Gateway": [{ destination: gateway.endpoint }, { kind: "entity", entity: "ingress" }],
    "a node by its number, without labels": [
      { destination: { identity: 6 } },
      { kind: "entity", entity: "remote-node" },
    ],
    "an address outside the cluster": [
      { destination: { identity: 2, labels: ["reserved:world"] }, IP: { destination: "192.0.2.1" } },
      { kind: "outside", address: "192.0.2.1" },
    ],
    "an address that a policy names": [
      { destination: namedAddress("192.0.2.1").endpoint, IP: { destination: "192.0.2.1" } },
      { kind: "outside", address: "192.0.2.1" },
    ],
    "an API server that is no node": [
      {
        destination: {
          identity: 16_777_217,
          labels: ["cidr:192.0.2.9/32", "reserved:kube-apiserver", "reserved:world"],
        },
        IP: { destination: "192.0.2.9" },
      },
      { kind: "outside", address: "192.0.2.9", isApiServer: true },
    ],
    "a pod, with the labels of its identity": [
      {},
      { kind: "pod", namespace: "shop", name: "api", labels: { app: "api" }, cluster: "default" },
    ],
  };
  for (const [name, [more, expected]] of Object.entries(ends)) {
    it(`goes to ${name}`, () => {
      const [connection] = recordedWith(more).connections;
      assert.partialDeepStrictEqual(connection?.destination, expected);
    });
  }

  it("counts once with all of its like, however often it is seen and at whichever pod of an identity", () => {
    const replica = { ...web, address: "10.244.3.9" };
    const { connections, first, last } = read(
      flow(web, api, 9000, { time: "2026-11-24T21:00:05.5Z" }),
      flow(replica, api, 9000, { time: "2026-11-24T21:00:05Z" }),
      flow(web, api, 9000, {
        time: "2026-11-24T21:00:07Z",
        more: { verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED", is_reply: undefined },
      }),
      flow(web, api, 9001, { time: "2026-11-24T21:00:06Z" }),
    );
    assert.deepEqual(
      connections.map(({ port, passed, dropped, first, last }) => ({ port, passed, dropped, first, last })),
      [
        { port: 9000, passed: 2, dropped: 1, first: "2026-11-24T21:00:05Z", last: "2026-11-24T21:00:07Z" },
        { port: 9001, passed: 1, dropped: 0, first: "2026-11-24T21:00:06Z", last: "2026-11-24T21:00:06Z" },
      ],
    );
    assert.deepEqual({ first, last }, { first: "2026-11-24T21:00:05Z", last: "2026-11-24T21:00:07Z" });
    assert.equal(connections[0]?.example.source, "shop/web-6c9d8b7f5d-x1 10.244.3.9:43512", "the earliest");
  });

  it("is one with what a proxy on the source's node sends for it, whose address is no pod's", () => {
    const { endpoint } = web;
    const proxied = { ...endpoint, ID: undefined, namespace: undefined, pod_name: undefined, workloads: undefined };
    const arrived = { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" };
    const { connections } = read(flow(web, api, 9000), flow(web, api, 9000, { more: { ...arrived, source: proxied } }));
    assert.partialDeepStrictEqual(connections, [{ source: { namespace: "shop", name: "web" }, passed: 2 }]);
    assert.equal(connections.length, 1);
  });

  const names: Readonly<Record<string, readonly [object, string]>> = {
    "its workload, where Hubble knows it": [{ workloads: [{ name: "web" }], pod_name: "x-1" }, "web"],
    "its CronJob": [{ workloads: [{ name: "report-29405280" }] }, "report"],
    "its CronJob on another node": [{ workloads: [], pod_name: "report-29405280-bcdfg" }, "report"],
    "its Job by the label": [
      {
        workloads: [],
        pod_name: "a-x",
        labels: ["k8s:io.kubernetes.pod.namespace=shop", "k8s:job-name=move-29405280"],
      },
      "move",
    ],
    "its Deployment, by the pod's name": [{ workloads: [], pod_name: "web-84c6d9f7b5-h7n4v" }, "web"],
    "its DaemonSet, by the pod's name": [{ workloads: [], pod_name: "node-exporter-h7n4v" }, "node-exporter"],
    "its StatefulSet, by the pod's name": [{ workloads: [], pod_name: "db-0" }, "db"],
    "the pod itself, whose name nobody generated": [{ workloads: [], pod_name: "toolbox-alpha" }, "toolbox-alpha"],
  };
  for (const [name, [more, expected]] of Object.entries(names)) {
    it(`names a pod by ${name}`, () => {
      const [connection] = recordedWith({ source: { ...web.endpoint, ...more } }).connections;
      assert.partialDeepStrictEqual(connection?.source, { kind: "pod", name: expected });
    });
  }

  it("tells pods apart by cluster, namespace and labels, whatever of these a line carries", () => {
    const of = (more: object) => ({ source: { labels: ["k8s:app=web"], pod_name: "web", ...more } });
    const { connections } = read(
      ...[
        of({ namespace: "shop" }),
        of({ namespace: "shop", cluster_name: "north" }),
        of({ namespace: "attic" }),
        of({ namespace: "shop", labels: ["k8s:app=api"] }),
        of({ namespace: "shop" }),
      ].map((more) => flow(web, api, 9000, { more })),
    );
    assert.deepEqual(
      connections.map(({ passed }) => passed),
      [2, 1, 1, 1],
    );
  });

  const seenFrom: Readonly<Record<string, readonly [object, object, object]>> = {
    "a node is remote to the pods of others": [
      { source: host.endpoint, trace_observation_point: "TO_NETWORK" },
      { kind: "entity", entity: "remote-node" },
      { kind: "pod" },
    ],
    "a node is host to its own pods": [
      { source: host.endpoint, trace_observation_point: "TO_ENDPOINT" },
      { kind: "entity", entity: "host" },
      { kind: "pod" },
    ],
    "a node is remote to a pod of another one that connects to it": [
      { source: elsewhere(web), destination: host.endpoint, traffic_direction: "INGRESS" },
      { kind: "pod" },
      { kind: "entity", entity: "remote-node" },
    ],
    "a node is remote to the pods of others that its own firewall lets it connect to": [
      { source: host.endpoint, destination: elsewhere(api), event_type: { type: 5 }, ...unpointed },
      { kind: "entity", entity: "remote-node" },
      { kind: "pod" },
    ],
    "a node is host to its own pods, also where a field mask left out their numbers": [
      { source: elsewhere(web), destination: host.endpoint, ...unpointed },
      { kind: "pod" },
      { kind: "entity", entity: "host" },
    ],
    "a control-plane node is an API server to the pods of others": [
      {
        source: { identity: 1, labels: ["reserved:host", "reserved:kube-apiserver"] },
        trace_observation_point: "TO_OVERLAY",
      },
      { kind: "entity", entity: "kube-apiserver" },
      { kind: "pod" },
    ],
  };
  for (const [name, [more, source, destination]] of Object.entries(seenFrom)) {
    it(`has ends as the other end's node knows them: ${name}`, () => {
      assert.partialDeepStrictEqual(recordedWith(more).connections[0], { source, destination });
    });
  }

  it("was not let through where it left one node and was dropped on the other", () => {
    const left = flow(web, api, 9000, { more: { trace_observation_point: "TO_OVERLAY" } });
    const drop = {
      verdict: "DROPPED",
      drop_reason_desc: "POLICY_DENIED",
      is_reply: undefined,
      traffic_direction: "INGRESS",
    };
    const verdict = flow(web, api, 9000, { more: { ...drop, event_type: { type: 5 } } });
    const packet = flow(web, api, 9000, { more: { ...drop, event_type: { type: 1 } } });
    const counts = (...flows: object[]) => read(...flows).connections.map(({ passed, dropped }) => [passed, dropped]);
    assert.deepEqual(counts(left, verdict, packet, left, verdict, packet), [[0, 6]]);
    assert.deepEqual(counts(left, left, left, verdict, packet), [[2, 3]], "one attempt of three was dropped");
    const allowed = flow(web, api, 9000, { more: { event_type: { type: 5 }, ...unpointed } });
    const encrypted = flow(web, api, 9000, { more: { trace_observation_point: "TO_CRYPTO" } });
    assert.deepEqual(
      counts(allowed, encrypted, left, verdict, packet),
      [[0, 5]],
      "one attempt, seen thrice as it left",
    );
    const arrived = flow(web, api, 9000, {
      more: { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" },
    });
    assert.deepEqual(counts(arrived, verdict, packet), [[1, 2]], "it arrived once");
    assert.deepEqual(counts(flow(web, api, 9000), verdict, packet), [[0, 3]], "it left for the stack of its own node");
  });

  it("is an answer where a dropped datagram comes from a port that the other end connects to", () => {
    const answer = flow(dns, web, 43_512, {
      protocol: "UDP",
      more: {
        verdict: "DROPPED",
        drop_reason_desc: "POLICY_DENIED",
        is_reply: undefined,
        l4: { UDP: { source_port: 53, destination_port: 43_512 } },
      },
    });
    const asked = read(answer, flow(web, dns, 53, { protocol: "UDP" }));
    assert.deepEqual([...asked.leftOut], [["replies", 1]]);
    assert.equal(asked.connections.length, 1);
    const alone = read(answer, answer);
    assert.deepEqual([...alone.notJudged], [["dropped packets to a client's port, which may be answers", 2]]);
  });

  it("counts once, however often a record repeats its uuid", () => {
    const once = { uuid: "1fd51267-1bce-5276-a133-d8ea5a78502b" };
    const again = { uuid: "2fd51267-1bce-5276-a133-d8ea5a78502b" };
    const record = read(...[once, again, once, {}, {}].map((more) => flow(web, api, 9000, { more })));
    assert.deepEqual([record.flows, record.duplicates, record.connections[0]?.passed], [4, 1, 4]);
  });

  it("counts only where it is within the times and the namespace that are asked for", () => {
    const reader = recordReader({
      since: Date.parse("2026-11-24T21:00:00Z"),
      until: Date.parse("2026-11-24T22:00:00Z"),
      namespace: "shop",
    });
    const elsewhere = pod({ namespace: "attic", name: "api", labels: { app: "api" } }, 4);
    const at = (time: string) => flow(web, api, 9000, { time });
    for (const one of [
      at("2026-11-24T20:59:59Z"),
      at("2026-11-24T21:00:00Z"),
      at("2026-11-24T22:00:01Z"),
      flow(elsewhere, elsewhere, 9000),
      flow(elsewhere, api, 9000),
    ]) {
      reader.add(line(one));
    }
    const { connections, leftOut } = reader.record();
    assert.equal(connections.length, 2);
    assert.deepEqual(
      [...leftOut],
      [
        ["flows outside --since and --until", 2],
        ["flows of other namespaces", 1],
      ],
    );
  });

  it("has the labels of the inventory where a field mask left them out", () => {
    const known = { namespace: "shop", name: "web", labels: { app: "web" }, addresses: ["10.0.0.7"] };
    const replicas = new Map([["shop/web-0", "shop/web"]]);
    const reader = recordReader({ pods: { endpoints: [known], replicas } });
    const masked = (endpoint: object, address: string) => line(flow({ endpoint, address }, api, 9000));
    reader.add(masked({ identity: 40_001, namespace: "shop", pod_name: "web-0" }, ""));
    reader.add(masked({ identity: 40_001, namespace: "shop" }, "10.0.0.7"));
    reader.add(masked({ identity: 40_001, namespace: "shop", pod_name: "web-1" }, ""));
    const { connections, notJudged } = reader.record();
    assert.equal(connections.length, 2);
    for (const { source } of connections) {
      assert.partialDeepStrictEqual(source, {
        namespace: "shop",
        name: "web",
        labels: { app: "web" },
        isIdentity: false,
      });
    }
    assert.equal([...notJudged.values()][0], 1);
  });

  it("counts for as many as an aggregating exporter says", () => {
    const aggregate = { ingress_flow_count: 3, egress_flow_count: 4 };
    const { flows, leftOut, connections } = read(
      flow(web, api, 9000, { more: { aggregate } }),
      flow(api, web, 43_512, { more: { aggregate, is_reply: true } }),
    );
    assert.deepEqual(
      { flows, passed: connections[0]?.passed, leftOut: [...leftOut] },
      { flows: 14, passed: 7, leftOut: [["replies", 7]] },
    );
  });

  it("teaches the names of addresses: from DNS answers, and from the flow itself", () => {
    const { names, lookups } = read(
      dnsAnswer(web, dns, "API.example", "192.0.2.1", "192.0.2.2"),
      dnsAnswer(web, dns, "api.shop.svc.cluster.local", "10.96.0.7"),
      flow(web, outside("192.0.2.3"), 443, { more: { destination_names: ["other.example"] } }),
    );
    assert.deepEqual(
      [...names].map(([address, known]) => [address, [...known]]),
      [
        ["192.0.2.1", ["api.example"]],
        ["192.0.2.2", ["api.example"]],
        ["192.0.2.3", ["other.example"]],
      ],
    );
    assert.deepEqual(
      lookups.map(({ pod, name, inCluster, count }) => [pod.name, name, inCluster, count]),
      [
        ["web", "api.example", false, 1],
        ["web", "api.shop.svc.cluster.local", true, 1],
      ],
    );
  });
});
