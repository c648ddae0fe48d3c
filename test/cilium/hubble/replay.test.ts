import assert from "node:assert/strict";
import fc from "fast-check";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { type Replay, replay } from "../../../cilium/hubble/replay.ts";
import { workloadFinder } from "../../../cilium/hubble/workload.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { peerName } from "../../../cilium/model/peers.ts";
import { isNumbered, portText } from "../../../cilium/model/ports.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { FlowProtocol, Peer } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { readProgram } from "../../../components/program.ts";
import { declared, program } from "../../rendered.ts";
import {
  apiServer,
  dnsAnswer,
  flow,
  gateway,
  host,
  line,
  outside,
  pod,
  type RecordedEnd,
  remoteNode,
} from "./recorded.ts";

const { cluster, policies } = program;
const inventory = inventoryOf(cluster);
const endpoints = inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork);
const find = workloadFinder(cluster);

/** The pods of a workload of the program. */
function podOf(workload: string): RecordedEnd {
  const index = endpoints.findIndex(({ namespace, name }) => `${namespace}/${name}` === workload);
  const endpoint = endpoints[index];
  assert.ok(endpoint, workload);
  return pod(endpoint, index + 1);
}

function replayed(...flows: object[]): Replay {
  return replayedAgainst(policies, flows);
}

function replayedAgainst(judging: readonly Policy[], flows: readonly object[], own = true): Replay {
  const reader = recordReader();
  for (const one of flows) reader.add(line(one));
  return replay(reader.record(), judging, inventory, own ? find : () => undefined, own ? cluster : undefined);
}

const [grafana, postgres, repoServer, coredns, redis] = [
  podOf("monitoring/grafana"),
  podOf("data/postgres"),
  podOf("argocd/repo-server"),
  podOf("kube-system/coredns"),
  podOf("argocd/redis"),
];
const dropped = { verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED", is_reply: undefined };

describe("a replayed record", () => {
  it("is judged as the engine judges the same connections", () => {
    const network = compile(policies, inventory);
    const ports = [
      ...new Set(cluster.flows.flatMap(({ ports }) => ports.filter(isNumbered).map(({ number }) => number))),
      1,
      65_535,
    ];
    const ends: readonly { peer: Peer; recorded: RecordedEnd }[] = [
      ...endpoints.map(({ namespace, name }) => ({
        peer: { kind: "endpoint", namespace, name } as const,
        recorded: podOf(`${namespace}/${name}`),
      })),
      { peer: { kind: "entity", entity: "host" }, recorded: host },
      { peer: { kind: "entity", entity: "remote-node" }, recorded: remoteNode },
      { peer: { kind: "entity", entity: "kube-apiserver" }, recorded: apiServer },
      { peer: { kind: "entity", entity: "ingress" }, recorded: gateway },
      ...["192.0.2.1", "10.20.0.9"].map((address) => ({
        peer: { kind: "address", address } as const,
        recorded: outside(address),
      })),
    ];
    const protocols: readonly FlowProtocol[] = ["TCP", "UDP", "SCTP", "ICMP"];
    const connection = fc.record({
      source: fc.constantFrom(...ends),
      destination: fc.constantFrom(...ends),
      port: fc.constantFrom(...ports),
      protocol: fc.constantFrom(...protocols),
    });
    fc.assert(
      fc.property(fc.array(connection, { minLength: 1, maxLength: 40 }), (connections) => {
        const flows = connections.map(({ source, destination, port, protocol }) =>
          flow(source.recorded, destination.recorded, port, {
            protocol,
            // A name that no list covers: without any name, a list might cover the address, and nothing is decided.
            more: { destination_names: ["unlisted.example"] },
          }),
        );
        const { allowed, dropped, notJudged } = replayed(...flows);
        const outcomes = connections.map(
          ({ source, destination, ...target }) =>
            verdict(network, { source: source.peer, destination: destination.peer, ...target }).outcome,
        );
        assert.equal(allowed, outcomes.filter((outcome) => outcome.startsWith("allowed")).length);
        assert.equal(
          dropped.reduce((sum, { passed }) => sum + passed, 0),
          outcomes.filter((outcome) => outcome === "denied").length,
        );
        assert.equal(notJudged.size, 0);
      }),
    );
  });

  it("says which end refuses what was let through, with counts, times and an example", () => {
    const { dropped } = replayed(
      flow(grafana, postgres, 9187, { time: "2026-11-24T21:00:00Z" }),
      flow(grafana, postgres, 9187, { time: "2026-11-24T22:00:00Z" }),
      flow(remoteNode, grafana, 3000),
    );
    assert.deepEqual(
      dropped.map(({ source, destination, port, refusals, passed, first, last }) => ({
        source,
        destination,
        port,
        refusals,
        passed,
        first,
        last,
      })),
      [
        {
          source: "monitoring/grafana",
          destination: "data/postgres",
          port: "9187/TCP",
          refusals: ["egress by default deny of monitoring/grafana", "ingress by default deny of data/postgres"],
          passed: 2,
          first: "2026-11-24T21:00:00Z",
          last: "2026-11-24T22:00:00Z",
        },
        {
          source: "remote-node",
          destination: "monitoring/grafana",
          port: "3000/TCP",
          refusals: ["ingress by default deny of monitoring/grafana"],
          passed: 1,
          first: "2026-11-24T21:00:00.000000001Z",
          last: "2026-11-24T21:00:00.000000001Z",
        },
      ],
    );
  });

  it("names the deny rule that refuses", () => {
    const { dropped } = replayed(flow(outside("192.0.2.1"), podOf("jobs/backup"), 80));
    assert.deepEqual(dropped[0]?.refusals, ["ingress by jobs/backup ingressDeny[0]"]);
  });

  it("keeps apart what the cluster dropped already", () => {
    const found = replayed(flow(redis, postgres, 5432, { more: dropped }));
    assert.deepEqual(found.dropped, []);
    assert.equal(found.stillDropped.length, 1);
  });

  it("knows names from DNS answers, also for connections before the answer", () => {
    const { dropped, allowed } = replayed(
      flow(repoServer, outside("140.82.121.4"), 443),
      flow(repoServer, outside("192.0.2.66"), 443),
      dnsAnswer(repoServer, coredns, "github.com", "140.82.121.4"),
      dnsAnswer(repoServer, coredns, "unlisted.example", "192.0.2.66"),
    );
    assert.equal(allowed, 1);
    assert.deepEqual(
      dropped.map(({ destination }) => destination),
      ["unlisted.example"],
    );
  });

  it("does not judge an address without a name where names are allowed on the port", () => {
    const found = replayed(flow(repoServer, outside("192.0.2.1"), 443), flow(repoServer, outside("192.0.2.1"), 80));
    assert.deepEqual([...found.notJudged], [["no name is known for the address, and names are allowed", 1]]);
    assert.deepEqual(
      found.dropped.map(({ port }) => port),
      ["80/TCP"],
    );
  });

  it("reports names that were only looked up, unless something allows their addresses", () => {
    const { unlisted } = replayed(
      dnsAnswer(repoServer, coredns, "unlisted.example", "192.0.2.66"),
      dnsAnswer(repoServer, coredns, "github.com", "140.82.121.4"),
      dnsAnswer(podOf("jobs/steps"), coredns, "unlisted.example", "192.0.2.66"),
    );
    assert.deepEqual(
      unlisted.map(({ workload, name, count }) => ({ workload, name, count })),
      [{ workload: "argocd/repo-server", name: "unlisted.example", count: 1 }],
    );
  });

  describe("where the DNS proxy lets some names through", () => {
    const narrowed = readProgram(
      declared,
      { "test:dnsNames": '["*.github.com", "*.*.svc.cluster.local"]' },
      { project: "test", stack: "prod" },
    ).policies;
    const refused = (...flows: object[]) =>
      replayedAgainst(narrowed, flows).refused.map(({ workload, name, count }) => `${workload} ${name} ${count}`);

    it("tells the lookups that it would refuse, inside the cluster too", () => {
      assert.deepEqual(
        refused(
          dnsAnswer(repoServer, coredns, "api.github.com", "140.82.121.6"),
          dnsAnswer(repoServer, coredns, "charts.example", "192.0.2.66"),
          dnsAnswer(repoServer, coredns, "charts.example", "192.0.2.67"),
          dnsAnswer(repoServer, coredns, "argocd-redis.argocd.svc.cluster.local", "10.96.0.7"),
          dnsAnswer(grafana, coredns, "a.b.c.svc.cluster.local", "10.96.0.8"),
        ),
        ["argocd/repo-server charts.example 2", "monitoring/grafana a.b.c.svc.cluster.local 1"],
      );
    });

    it("tells them by the protocol that they are asked in", () => {
      const ruled = (protocol: string, rules?: object) => ({ ports: [{ port: "53", protocol }], ...rules });
      const list = { rules: { dns: [{ matchPattern: "*.github.com" }] } };
      const toPorts = [ruled("TCP", list), ruled("UDP")];
      const tcpOnly = cilium("argocd", { endpointSelector: {}, egress: [{ toPorts }] });
      const asked = dnsAnswer(repoServer, coredns, "charts.example", "192.0.2.66");
      const l4 = { TCP: { source_port: 53, destination_port: 43_512 } };
      const names = (flow: object) => replayedAgainst([tcpOnly], [flow]).refused.map(({ name }) => name);
      assert.deepEqual([names({ ...asked, l4 }), names(asked)], [["charts.example"], []]);
    });

    it("says nothing of a server that is not behind the proxy, and nothing when every name passes", () => {
      const answer = dnsAnswer(
        podOf("kube-system/certificates"),
        outside("192.0.2.53"),
        "charts.example",
        "192.0.2.66",
      );
      assert.deepEqual(refused(answer), []);
      assert.deepEqual(replayed(dnsAnswer(repoServer, coredns, "charts.example", "192.0.2.66")).refused, []);
    });
  });

  it("finds the names in lists that nothing used, and says whether the pods were there at all", () => {
    const { unusedNames } = replayed(
      flow(repoServer, outside("140.82.121.4"), 443, { more: { destination_names: ["github.com"] } }),
      dnsAnswer(repoServer, coredns, "objects.githubusercontent.com", "140.82.121.5"),
    );
    const of = (policy: string) => unusedNames.find((unused) => unused.policy === policy);
    const repo = of("argocd/repo-server");
    assert.equal(repo?.podsSeen, true);
    assert.ok(repo.names.includes("charts.example"));
    assert.ok(!repo.names.includes("github.com") && !repo.names.includes("*.githubusercontent.com"));
    assert.deepEqual(of("kube-system/certificates"), {
      policy: "kube-system/certificates",
      names: ["acme.example"],
      podsSeen: false,
    });
  });

  it("finds the flows that nothing used: all of them in a record without connections, none in a record of all", () => {
    const nothing = replayed(flow(host, remoteNode, 22));
    assert.equal(nothing.unseen.length, cluster.flows.length);
    assert.ok(nothing.unseen.every(({ flow: { from }, sourceSeen }) => sourceSeen === (from.kind !== "workload")));
    const everything = replayed(
      ...cluster.flows.flatMap(({ from, to, ports }) =>
        ports.filter(isNumbered).flatMap(({ number, transports }) =>
          transports.map((protocol) => {
            const { end, names } = recordedPeer(to);
            return flow(recordedPeer(from).end, end, number, { protocol, more: { destination_names: names } });
          }),
        ),
      ),
    );
    assert.deepEqual(everything.unseen, []);
    assert.deepEqual(everything.undeclared, []);
    assert.deepEqual(everything.dropped, []);
  });

  it("tells a flow's transports apart", () => {
    const tunnel = flow(podOf("booking/tunnel"), outside("192.0.2.9"), 7844, {
      more: { destination_names: ["x.tunnel.example"] },
    });
    const [unseen] = replayed(tunnel).unseen.filter(
      ({ flow: { from, to } }) => peerName(from) === "booking/tunnel" && to.kind === "fqdns",
    );
    assert.deepEqual(unseen?.ports.map(portText), ["443", "7844/UDP"]);
  });

  it("reports what is allowed and stated by no flow: pods of the program's namespaces that no policy governs", () => {
    const mystery = pod({ namespace: "jobs", name: "mystery", labels: { app: "mystery" } }, 999);
    const elsewhere = pod({ namespace: "default", name: "toolbox", labels: { app: "toolbox" } }, 998);
    const { undeclared } = replayed(
      flow(mystery, elsewhere, 80),
      flow(elsewhere, elsewhere, 80),
      flow(mystery, coredns, 53, { protocol: "UDP" }),
      flow(host, grafana, 9999),
    );
    assert.deepEqual(
      undeclared.map(({ source, destination }) => `${source} → ${destination}`),
      ["jobs/mystery → default/toolbox"],
    );
  });

  it("shows what the cluster drops and the policies let through", () => {
    const found = replayed(
      flow(grafana, postgres, 5432, { more: dropped }),
      flow(redis, postgres, 5432, { more: dropped }),
    );
    assert.deepEqual(
      found.newlyAllowed.map(({ source, destination, dropped }) => [source, destination, dropped]),
      [["monitoring/grafana", "data/postgres", 1]],
    );
    assert.deepEqual(
      found.stillDropped.map(({ source }) => source),
      ["argocd/redis"],
    );
  });

  it("says by what it is allowed, and whether anybody is concerned", () => {
    const elsewhere = pod({ namespace: "default", name: "toolbox", labels: { app: "toolbox" } }, 998);
    const both = replayed(
      flow(grafana, postgres, 5432),
      flow(elsewhere, elsewhere, 80),
      flow(elsewhere, elsewhere, 81),
    );
    assert.deepEqual(both.allowedBy, { rule: 1, noPolicy: 2, notCompared: 0 });
    assert.equal(both.isConcerned, true);
    const policy = cilium("data", { endpointSelector: {}, ingress: [{ fromEntities: ["all"] }] });
    assert.equal(replayedAgainst([policy], [flow(elsewhere, elsewhere, 80)], false).isConcerned, false);
  });

  describe("where a proxy takes HTTP", () => {
    const policy = cilium("shop", {
      endpointSelector: { matchLabels: { app: "api" } },
      ingress: [
        {
          fromEndpoints: [{}],
          toPorts: [
            { ports: [{ port: "80", protocol: "TCP" }], rules: { http: [{ method: "GET", path: "/stock/.*" }] } },
          ],
        },
      ],
    });
    const [web, api] = [1, 2].map((number) => {
      const app = number === 1 ? "web" : "api";
      return pod({ namespace: "shop", name: app, labels: { app } }, number);
    });
    assert.ok(web && api);
    const request = (method: string, path: string, more: object = {}) =>
      flow(web, api, 80, {
        more: { Type: "L7", l7: { type: "REQUEST", http: { method, url: `http://api:80${path}` } }, ...more },
      });
    const replayedHere = (...flows: object[]) => replayedAgainst([policy], flows, false);

    it("tells the requests that it would refuse, added up whatever their queries are", () => {
      const { refusedRequests, allowed, allowedBy, dropped } = replayedHere(
        request("GET", "/stock/7"),
        request("DELETE", "/stock/7?a"),
        request("DELETE", "/stock/7?b"),
      );
      assert.deepEqual(
        refusedRequests.map(({ source, method, path, count }) => [source, method, path, count]),
        [["shop/web", "DELETE", "/stock/7", 2]],
      );
      assert.deepEqual([allowed, allowedBy, dropped], [1, { rule: 1, noPolicy: 0, notCompared: 0 }, []]);
    });

    it("tells those that are refused today and would pass", () => {
      const { newlyAllowedRequests, stillDropped } = replayedHere(request("GET", "/stock/7", { verdict: "DROPPED" }));
      assert.deepEqual(
        newlyAllowedRequests.map(({ method, count }) => [method, count]),
        [["GET", 1]],
      );
      assert.deepEqual(stillDropped, [], "the connection passed");
    });

    it("does not take a connection for compared whose requests were not recorded", () => {
      assert.deepEqual(replayedHere(flow(web, api, 80)).allowedBy, { rule: 0, noPolicy: 0, notCompared: 1 });
    });
  });

  it("judges the labels of identities as they are recorded, whatever Cilium keeps by default", () => {
    const labels = { app: "web", "pod-template-hash": "84c6d9f7b5" };
    const policy = cilium("shop", {
      endpointSelector: { matchLabels: labels },
      ingress: [{ fromEntities: ["health"] }],
    });
    const recorded = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
    const own = ["k8s:app=web", "k8s:pod-template-hash=84c6d9f7b5", "k8s:io.kubernetes.pod.namespace=shop"];
    const chosen = { ...recorded, endpoint: { ...recorded.endpoint, labels: own } };
    const count = (end: RecordedEnd) => replayedAgainst([policy], [flow(grafana, end, 80)], false).dropped.length;
    assert.deepEqual([count(recorded), count(chosen)], [0, 1]);
  });

  it("does not take a record for all there is: whoever answers look-ups need not be in it", () => {
    const metrics = pod({ namespace: "kube-system", name: "other", labels: { app: "other" } }, 997);
    const github = flow(repoServer, outside("140.82.121.4"), 443, { more: { destination_names: ["github.com"] } });
    assert.deepEqual(replayed(github, flow(metrics, metrics, 80)).dropped, []);
  });

  it("knows the names that the labels of an address's identity tell", () => {
    const labelled = (name: string): RecordedEnd => ({
      address: "140.82.121.4",
      endpoint: { identity: 16_777_225, labels: [`fqdn:${name}`, "reserved:world"] },
    });
    assert.equal(replayed(flow(repoServer, labelled("github.com"), 443)).allowed, 1);
    assert.equal(replayed(flow(repoServer, labelled("*.githubusercontent.com"), 443)).allowed, 1);
    assert.deepEqual(
      replayed(flow(repoServer, labelled("unlisted.example"), 443)).dropped.map(({ destination }) => destination),
      ["unlisted.example"],
    );
  });

  it("says so when the pods are of a cluster that the policies do not know", () => {
    const [endpoint] = endpoints;
    assert.ok(endpoint);
    const { otherClusters } = replayed(flow(pod(endpoint, 1, "prod"), pod(endpoint, 2, "prod"), 80));
    assert.deepEqual(otherClusters, ["prod"]);
  });

  it("lists the rules of other policies that nothing used, and resolves names of ports", () => {
    const policy = cilium("data", {
      endpointSelector: { matchLabels: { "cnpg.io/cluster": "main" } },
      ingress: [
        { fromEntities: ["all"], toPorts: [{ ports: [{ port: "postgresql", protocol: "TCP" }] }] },
        { fromEntities: ["host"], toPorts: [{ ports: [{ port: "8000", protocol: "TCP" }] }] },
      ],
    });
    const found = replayedAgainst([policy], [flow(grafana, postgres, 5432), flow(grafana, postgres, 9187)], false);
    assert.equal(found.allowed, 1);
    assert.deepEqual(
      found.dropped.map(({ destination, port }) => `${destination}:${port}`),
      ["data/postgres:9187/TCP"],
    );
    assert.deepEqual(found.unusedRules, ["data/data ingress[1].toPorts[0]"]);
    assert.deepEqual(found.unseen, []);
  });
});

/** A policy of a namespace, of the same name. */
function cilium(namespace: string, spec: object): Policy {
  const metadata = { name: namespace, namespace };
  return policySchema.parse({ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata, spec });
}

type AnyPeer = (typeof cluster.flows)[number]["to"];

/** An end that a peer of the program stands for, and the names of its address. */
function recordedPeer(peer: AnyPeer): { readonly end: RecordedEnd; readonly names: readonly string[] } {
  switch (peer.kind) {
    case "workload":
      return { end: podOf(peerName(peer)), names: [] };
    case "host-network":
      return { end: remoteNode, names: [] };
    case "entities": {
      const ends = {
        gateway,
        "kube-apiserver": apiServer,
        host,
        "control-plane nodes": apiServer,
        world: outside("192.0.2.8"),
      };
      return { end: Object.entries(ends).find(([name]) => name === peer.name)?.[1] ?? remoteNode, names: [] };
    }
    case "fqdns":
      return { end: outside("192.0.2.9"), names: peer.names.map((name) => name.replaceAll("*", "x")) };
    case "cidr":
      return { end: outside("192.0.2.7"), names: [] };
    case "external":
      return { end: outside(peer.address), names: [] };
    default:
      return assert.fail(`the sample cluster has no ${peer.kind}`);
  }
}
