import assert from "node:assert/strict";
import fc from "fast-check";
import { fqdn, from, http, kubeApiserver, namespace, world } from "../../../../cilium/language.ts";
import { type Cluster, configure, type Settings } from "../../../../cilium/model/cluster.ts";
import { collect, type Statement } from "../../../../cilium/model/flow.ts";
import { inventoryOf } from "../../../../cilium/model/inventory.ts";
import type { Namespace } from "../../../../cilium/model/namespace.ts";
import { type Peer, peerName } from "../../../../cilium/model/peers.ts";
import { isNumbered } from "../../../../cilium/model/ports.ts";
import { readCluster } from "../../../../cilium/model/read.ts";
import { entityName } from "../../../../cilium/policy/entity.ts";
import { type Policy, policy as policySchema } from "../../../../cilium/policy/schema.ts";
import type { Question } from "../../../../cilium/reach/compile/inventory.ts";
import { compile, type Network } from "../../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../../cilium/reach/decide/verdict.ts";
import { conditionsOf } from "../../../../cilium/reach/report/conditions.ts";
import { diff, type Side } from "../../../../cilium/reach/report/diff.ts";
import { describe as tell } from "../../../../cilium/reach/report/diff-text.ts";
import { type Difference, type FlowChange, isEmpty } from "../../../../cilium/reach/report/difference.ts";
import { renderPolicies } from "../../../../cilium/render/policies.ts";
import { declared, program } from "../../../rendered.ts";
import { cluster as clusterFile } from "../../../sample/cluster/cluster.ts";
import { store } from "../../../sample/cluster/data.ts";
import { prometheus } from "../../../sample/cluster/monitoring.ts";
import { workloadCount } from "../../../sample/counts.ts";
import { twoSides } from "../sides.ts";

/** The program's policies with a changed cluster or changed settings. */
function side(cluster: Cluster = declared, changed: Partial<Settings> = {}): Side {
  const configured = configure(cluster, { ...program.config, ...changed });
  return { policies: renderPolicies(configured), inventory: inventoryOf(configured) };
}

const before = side();

const sentences = (difference: Difference): string[] => tell(difference).sentences.map(({ text }) => text);

/** The cluster with one namespace changed. */
const inNamespace = (name: string, change: (namespace: Namespace) => Namespace): Cluster => ({
  ...declared,
  namespaces: declared.namespaces.map((one) => (one.name === name ? change(one) : one)),
});

/** The cluster with every statement changed, or left out. */
const withStatements = (change: (statement: Statement) => Statement[]): Cluster => ({
  ...declared,
  namespaces: declared.namespaces.map((one) => ({ ...one, statements: one.statements.flatMap(change) })),
});

const isFlow = ({ sources, destinations }: Statement, source: string, destination: string): boolean =>
  sources.some((peer) => peerName(peer) === source) && destinations.some(({ peer }) => peerName(peer) === destination);

/** The cluster in which a workload serves on another port. */
const withPort = (workload: string, port: number, instead: number): Cluster =>
  withStatements((statement) => [
    {
      ...statement,
      destinations: statement.destinations.map((destination) =>
        destination.kind === "ports" && peerName(destination.peer) === workload
          ? {
              ...destination,
              ports: destination.ports.map((one) =>
                isNumbered(one) && one.number === port ? { ...one, number: instead } : one,
              ),
            }
          : destination,
      ),
    },
  ]);

const withFqdns = (change: (names: readonly string[]) => readonly string[]): Cluster =>
  withStatements((statement) => [
    {
      ...statement,
      destinations: statement.destinations.map((destination) => {
        const peer: Peer = destination.peer;
        return destination.kind === "ports" && peer.kind === "fqdns"
          ? { ...destination, peer: { ...peer, names: change(peer.names) } }
          : destination;
      }),
    },
  ]);

describe("The difference of two states of the program", () => {
  const cases: [title: string, after: Side, summary: string, expected: string[]][] = [
    ["is none for the same state", side(), "no difference", []],
    [
      "says who can no longer reach whom when a flow is removed",
      side(withStatements((one) => (isFlow(one, "monitoring/grafana", "data/postgres") ? [] : [one]))),
      "1 flow closed",
      ["monitoring/grafana can no longer reach data/postgres:5432"],
    ],
    [
      "says what closes and what opens when a port changes",
      side(withPort("data/postgres", 5432, 5433)),
      "4 flows closed, 4 flows opened",
      [
        "booking/web, monitoring/grafana, data/postgres and jobs/controller can no longer reach data/postgres:5432",
        "booking/web, monitoring/grafana, data/postgres and jobs/controller can now reach data/postgres:5433",
      ],
    ],
    [
      "names a new workload with all that it reaches and that reaches it",
      side(
        readCluster({
          ...clusterFile,
          namespaces: clusterFile.namespaces.map((one) => {
            if (one.name !== "monitoring") return one;
            const opened = namespace("monitoring");
            const pushgateway = opened.workload("pushgateway", {
              labels: { "app.kubernetes.io/name": "pushgateway" },
              ports: { web: http(9091) },
            });
            return {
              ...one,
              workloads: [...one.workloads, pushgateway],
              state: () =>
                collect(() => [
                  ...one.state().given,
                  from(prometheus).to(pushgateway.web),
                  from(pushgateway).to(kubeApiserver, store.s3, fqdn("example.com").on(443)),
                ]),
            };
          }),
        }),
      ),
      "1 workload added, 5 flows opened",
      [
        "monitoring/pushgateway is added",
        "monitoring/prometheus can now reach monitoring/pushgateway:9091",
        "monitoring/pushgateway can now reach data/store:8333, kube-apiserver:6443 and example.com:443",
        "monitoring/pushgateway can now reach kube-system/coredns:53/TCP+UDP (L7 DNS)",
      ],
    ],
    [
      "says what closes with a workload that is removed",
      side(
        inNamespace("kube-system", (one) => ({
          ...one,
          workloads: one.workloads.filter(({ name }) => name !== "reloader"),
          statements: one.statements.filter(({ sources }) =>
            sources.every((s) => peerName(s) !== "kube-system/reloader"),
          ),
        })),
      ),
      "1 workload removed, 2 flows closed",
      [
        "kube-system/reloader is removed",
        "kube-system/reloader can no longer reach kube-system/coredns:53/TCP+UDP (L7 DNS)",
        "kube-system/reloader can no longer reach kube-apiserver:6443",
      ],
    ],
    [
      "takes a new name of a policy for no difference",
      side(declared, { policyNames: { "data/postgres": "database" } }),
      "no difference",
      [],
    ],
    [
      "takes another order of everything for no difference",
      side({
        ...declared,
        namespaces: declared.namespaces
          .map((one) => ({ ...one, workloads: one.workloads.toReversed(), statements: one.statements.toReversed() }))
          .toReversed(),
      }),
      "no difference",
      [],
    ],
    [
      "takes one rule for each peer and port instead of common ones for no difference",
      { ...before, policies: before.policies.map(takenApart) },
      "no difference",
      [],
    ],
    [
      "says when HTTP is no longer parsed",
      side(
        withStatements((one) => [isFlow(one, "gateway", "monitoring/grafana") ? { ...one, carried: undefined } : one]),
      ),
      "1 flow with other conditions",
      ["gateway → monitoring/grafana:3000 no longer passes L7 HTTP"],
    ],
    [
      "says which names of the DNS proxy change for whom",
      side(declared, { dnsNames: ["*.example.com"] }),
      `${workloadCount} flows with other conditions`,
      [
        `argocd/server, argocd/repo-server, argocd/redis, booking/tunnel, booking/web, monitoring/grafana, monitoring/prometheus, monitoring/tempo and ${workloadCount - 8} others → kube-system/coredns:53/TCP+UDP passes L7 DNS: *.example.com instead of L7 DNS`,
      ],
    ],
    [
      "says which names outside are out of reach and which come into it",
      side(withFqdns((names) => names.map((name) => (name === "pager.example" ? "slack.com" : name)))),
      "2 flows closed, 2 flows opened",
      [
        "monitoring/prometheus and jobs/sensor can no longer reach pager.example:443",
        "monitoring/prometheus and jobs/sensor can now reach slack.com:443",
      ],
    ],
    [
      "takes a name that a pattern covers already for no difference",
      side(
        withFqdns((names) =>
          names.includes("*.githubusercontent.com") ? [...names, "raw.githubusercontent.com"] : names,
        ),
      ),
      "no difference",
      [],
    ],
    [
      "says which addresses change",
      side(declared, { addresses: { nas: "192.0.2.9" } }),
      "1 flow closed, 1 flow opened",
      ["jobs/archive can no longer reach nas (10.20.0.9):2049", "jobs/archive can now reach nas (192.0.2.9):2049"],
    ],
    [
      "calls the parts of an entity by its name",
      side(withStatements((one) => (isFlow(one, "identity/login", "kube-apiserver") ? [] : [one]))),
      "1 flow closed",
      ["identity/login can no longer reach kube-apiserver:6443"],
    ],
    [
      "says which pods leave default deny, and that it opens everything that no other end refuses",
      side(declared, { namespaceEnforcement: { identity: "observe" } }),
      "1 workload leaves default deny, 15 flows opened",
      [
        "identity/login leaves default deny in both directions: what no rule denies is allowed",
        "remote-node, world, every other pod, health and unmanaged can now reach identity/login on every port",
        "identity/login can now reach itself on every port but 8444, world, every other pod, host, remote-node, gateway, health and unmanaged on every port and kube-apiserver on every port but 6443",
        "gateway can now reach identity/login on every port but 8443",
      ],
    ],
    [
      "says what changes for pods that have no policy of their own",
      side(declared, { egressDefaultDeny: true }),
      "1 workload enters default deny, 7 flows closed",
      [
        "every other pod enters default deny for egress: what no rule allows is refused",
        "every other pod can no longer reach host, remote-node, world, itself, gateway, health and unmanaged on every port",
      ],
    ],
    [
      "calls all addresses that no policy names the world, and leaves out the names that lie in it",
      side(
        withStatements((one) =>
          isFlow(one, "kube-system/certificates", "world") ? [{ ...one, destinations: [world.on(53, 443)] }] : [one],
        ),
      ),
      "1 flow closed, 1 flow opened",
      ["kube-system/certificates can no longer reach world:53/UDP", "kube-system/certificates can now reach world:443"],
    ],
    [
      "tells an address family apart where only one changes",
      side(withStatements((one) => (isFlow(one, "jobs/steps", "0.0.0.0/0") ? [] : [one]))),
      "1 flow closed",
      ["jobs/steps can no longer reach world (IPv4):443"],
    ],
  ];
  for (const [title, after, summary, expected] of cases) {
    it(title, () => {
      const difference = diff(before, after);
      assert.deepEqual(sentences(difference), expected);
      assert.equal(tell(difference).summary, summary);
      assert.equal(isEmpty(difference), expected.length === 0);
    });
  }

  it("counts the flows that follow from it when many pods leave default deny, and lists none of them", () => {
    const { summary, sentences } = tell(diff(before, side(declared, { enforcement: "observe" })));
    assert.match(summary, new RegExp(`^${workloadCount} workloads leave default deny, \\d+ flows opened$`));
    const [who, what, ...more] = sentences.map(({ text }) => text);
    assert.match(
      who ?? "",
      new RegExp(`^argocd/server, .* and ${workloadCount - 8} others leave default deny in both directions: `),
    );
    assert.match(what ?? "", /^that alone opens \d+ flows on every port or nearly so$/);
    assert.deepEqual(more, []);
  });
});

describe("What is not decidable", () => {
  const toService = (serviceName: string): Side => {
    const egress = [{ toServices: [{ k8sService: { serviceName, namespace: "default" } }] }];
    const manifest = {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: { endpointSelector: {}, egress },
    };
    const endpoints = [{ namespace: "shop", name: "web", labels: { app: "web" } }];
    return {
      policies: [policySchema.parse(manifest)],
      inventory: { cluster: "default", endpoints, nodes: [], names: [] },
    };
  };

  it("is told with its reason where it changes, and is no difference where it does not", () => {
    assert.ok(isEmpty(diff(toService("a"), toService("a"))));
    const { undecidable, ...rest } = diff(toService("a"), toService("b"));
    assert.ok(isEmpty({ ...rest, undecidable: [] }));
    assert.ok(undecidable.some(({ from, to }) => from.name === "shop/web" && to.name === "world (IPv4)"));
    for (const { reasons } of undecidable) assert.match(reasons.join(), /toServices needs the cluster's Services/);
  });
});

interface AnyRule {
  readonly toPorts?: readonly { readonly ports?: unknown }[] | null | undefined;
}

/** The same policy with a rule of its own for every peer and port, in another order. */
function takenApart(policy: Policy): Policy {
  const { ingress, egress, ...rest } = policy.spec ?? {};
  const spec = {
    ...rest,
    ...(ingress && { ingress: ingress.flatMap(rulesOfOne).toReversed() }),
    ...(egress && { egress: egress.flatMap(rulesOfOne).toReversed() }),
  };
  return policySchema.parse({ ...policy, spec });
}

function rulesOfOne({ toPorts, ...peers }: AnyRule): AnyRule[] {
  const each = Object.entries(peers).flatMap(([field, list]) =>
    Array.isArray(list) ? list.map((peer: unknown) => ({ [field]: [peer] })) : [],
  );
  const ports = toPorts?.flatMap((rule) =>
    Array.isArray(rule.ports) ? rule.ports.map((port: unknown) => ({ toPorts: [{ ...rule, ports: [port] }] })) : [],
  );
  return (each.length > 0 ? each : [{}]).flatMap((peer) => (ports ?? [{}]).map((port) => ({ ...peer, ...port })));
}

const seed = Number(process.env.SEED ?? 20260103);

const mirrored = ({
  added,
  removed,
  opened,
  closed,
  changed,
  isolated,
  exposed,
  undecidable,
}: Difference): Difference => ({
  added: removed,
  removed: added,
  opened: closed,
  closed: opened,
  changed: changed.map((change) => ({ ...change, before: change.after, after: change.before })),
  isolated: exposed,
  exposed: isolated,
  undecidable,
});

/** In an order that does not depend on which side comes first. */
const sorted = (difference: Difference): object =>
  Object.fromEntries(
    Object.entries(difference).map(([topic, changes]) => [
      topic,
      changes.map((change) => JSON.stringify(change)).toSorted(),
    ]),
  );

describe("The difference of generated policies", () => {
  it("is none between a side and itself", function () {
    this.timeout(0);
    fc.assert(
      fc.property(twoSides, ({ before }) => {
        assert.ok(isEmpty(diff(before, before)));
      }),
      { seed, numRuns: 300 },
    );
  });

  it("is the mirror image of the difference in the other direction", function () {
    this.timeout(0);
    fc.assert(
      fc.property(twoSides, ({ before, after }) => {
        assert.deepEqual(sorted(diff(after, before)), sorted(mirrored(diff(before, after))));
      }),
      { seed, numRuns: 300 },
    );
  });

  it("says of every other pod what it says of a pod that no selector means", function () {
    this.timeout(0);
    const strayed = { namespace: "stray", name: "pod", labels: {}, namespaceLabels: {} };
    const withStray = ({ policies, inventory }: Side): Side => ({
      policies,
      inventory: { ...inventory, endpoints: [...inventory.endpoints, strayed] },
    });
    let told = 0;
    fc.assert(
      fc.property(twoSides, ({ before, after }) => {
        const difference = diff(withStray(before), withStray(after));
        const flowsOf = (name: string, other: string) =>
          topics.map((topic) =>
            difference[topic]
              .filter(({ from, to }) => [from.name, to.name].includes(name) && ![from.name, to.name].includes(other))
              .map((flow) =>
                JSON.stringify(flow).replaceAll(/\{"kind":"[\w-]+","name":"(stray\/pod|every other pod)"\}/g, "it"),
              )
              .sort(),
          );
        const flows = flowsOf("every other pod", "stray/pod");
        assert.deepEqual(flows, flowsOf("stray/pod", "every other pod"));
        told += flows.flat().length;
      }),
      { seed, numRuns: 200 },
    );
    assert.ok(told > 0, "something changes for every other pod");
  });

  it("says of every connection what the verdicts of both sides say", function () {
    this.timeout(0);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(twoSides, ({ before, after, questions }) => {
        const difference = diff(before, after);
        const networks = [before, after].map(({ policies, inventory }) => compile(policies, inventory));
        for (const question of questions) {
          const [from, to] = [question.source, question.destination].map(nameOf);
          if (from === undefined || to === undefined) continue;
          const names = networks.flatMap(({ parties }) => parties.map(({ peer }) => nameOf(peer)));
          // Names that no policy mentions are part of the world.
          if (question.destination.kind === "fqdn" && !names.includes(to)) continue;
          const [first, second] = networks.map((network) => possibility(network, question));
          const expected = changeOf(first ?? "impossible", second ?? "impossible");
          const told = topics.find((topic) =>
            difference[topic].some((flow) => flow.from.name === from && flow.to.name === to && hasPort(flow, question)),
          );
          assert.equal(told, expected, JSON.stringify(question));
          seen.set(told ?? "same", (seen.get(told ?? "same") ?? 0) + 1);
        }
      }),
      { seed, numRuns: 1000 },
    );
    console.log(`      seed ${seed}: ${[...seen].map(([what, count]) => `${count} ${what}`).join(", ")}`);
    for (const topic of topics) assert.ok(seen.has(topic), `some connection is ${topic}`);
  });
});

const topics = ["opened", "closed", "changed", "undecidable"] as const;

/** How a difference calls an end of a question; undefined for nodes and addresses, which it tells by what they are. */
function nameOf(peer: Question["source"]): string | undefined {
  switch (peer.kind) {
    case "endpoint":
      return `${peer.namespace}/${peer.name}`;
    case "entity":
      return peer.entity === "world" ? "world (IPv4)" : entityName(peer.entity);
    case "fqdn":
      return peer.name;
    case "node":
    case "address":
    case "cidr":
    case "service":
      return undefined;
  }
}

const hasPort = ({ ports }: FlowChange, { protocol, port }: Question): boolean =>
  ports.some((span) => span.protocol === protocol && span.from <= port && port <= span.to);

/** `impossible`, `unknown`, or `possible` with its conditions. */
function possibility(network: Network, question: Question): string {
  const exists = ({ source, destination }: Question) =>
    [source, destination].every(
      (peer) => peer.kind !== "endpoint" || network.directory.endpoints.has(`${peer.namespace}/${peer.name}`),
    );
  if (!exists(question)) return "impossible";
  const asked = verdict(network, question);
  if (asked.outcome === "denied") return "impossible";
  if (asked.outcome !== "undecidable") return `possible ${conditionsOf(asked).join("; ")}`;
  const reasons = [asked.egress, asked.ingress].flatMap((end) => (end.verdict === "undecidable" ? [end.reason] : []));
  return question.destination.kind === "fqdn" ? "impossible" : `unknown ${reasons.join("; ")}`;
}

function changeOf(before: string, after: string): (typeof topics)[number] | undefined {
  if (before === after) return undefined;
  if (before.startsWith("unknown") || after.startsWith("unknown")) return "undecidable";
  if (before === "impossible") return "opened";
  return after === "impossible" ? "closed" : "changed";
}
