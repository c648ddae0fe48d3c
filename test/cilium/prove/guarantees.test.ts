import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePrefix } from "../../../cilium/policy/cidr.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import { podNamespaceLabel, type Requirement } from "../../../cilium/policy/selector.ts";
import { always, type EndSet, type Guarantee } from "../../../cilium/prove/prove.ts";
import type { Part } from "../../../cilium/prove/sets.ts";
import { type Endpoint, type Inventory, type Peer, peerEntities } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { fivePods, pairs } from "./pairs.ts";

const seed = Number(process.env.SEED ?? 20261128);
const sets = Number(process.env.SETS ?? 400);

const only = (...parts: Part[]): EndSet => ({ parts, but: [] });

const database = (ingress: object): Policy =>
  policySchema.parse({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "db", namespace: "shop" },
    spec: { endpointSelector: { matchLabels: { app: "db" } }, ingress: [ingress] },
  });

const podsOf = (namespace: string, app: string): EndSet =>
  only({
    kind: "pods",
    requirements: [
      { source: "k8s", key: podNamespaceLabel, operator: "In", values: [namespace] },
      { source: "k8s", key: "app", operator: "In", values: [app] },
    ],
  });

const entity = (name: Exclude<(typeof peerEntities)[number], "world">): EndSet =>
  only({ kind: "entity", entity: name });

const cluster = (configuration?: Inventory["configuration"], nodes: Inventory["nodes"] = []): Inventory => ({
  ...{ cluster: "default", endpoints: [], nodes, names: [] },
  ...(configuration && { configuration }),
});

const denied = (source: EndSet, policy: Policy, inventory: Inventory) =>
  always(
    { policies: [policy], inventory },
    { source, destination: podsOf("shop", "db"), protocol: "TCP", port: 5432, expect: "denied" },
  );

describe("A guarantee", () => {
  for (const [key, value] of [
    ["enable-host-firewall", "false"],
    ["enable-host-firewall", "true"],
    ["enable-node-selector-labels", "true"],
    ["policy-cidr-match-mode", "nodes"],
  ] as const) {
    it(`about nodes is about all of them with ${key}: ${value}`, () => {
      const configuration = { [key]: value };
      const policy = database({ fromEntities: ["remote-node"] });
      assert.equal(denied(entity("remote-node"), policy, cluster(configuration)).kind, "refuted");
      assert.equal(denied(entity("host"), policy, cluster(configuration)).kind, "refuted");
      assert.equal(denied(entity("ingress"), policy, cluster(configuration)).kind, "proved");
      const closed = database({});
      assert.equal(denied(entity("remote-node"), closed, cluster(configuration)).kind, "proved");
      const own = [...entity("host").parts, ...entity("control-plane-host").parts];
      assert.equal(denied({ parts: [{ kind: "anything" }], but: own }, closed, cluster(configuration)).kind, "proved");
    });
  }

  it("about a node and what is outside is about every node", () => {
    const policy = policySchema.parse({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata: { name: "nodes" },
      spec: {
        nodeSelector: {},
        egress: [{ toEntities: ["world"], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] }],
      },
    });
    const proof = (port: number) =>
      always(
        { policies: [policy], inventory: cluster({ "enable-host-firewall": "true" }) },
        { source: entity("host"), destination: only({ kind: "outside" }), protocol: "TCP", port, expect: "denied" },
      );
    assert.deepEqual([proof(22).kind, proof(443).kind], ["proved", "refuted"]);
  });

  it("about the API server is about its address where no node runs it", () => {
    const worker = { name: "worker", controlPlane: false, labels: {}, addresses: [] };
    const policy = database({ fromCIDR: ["0.0.0.0/0"] });
    assert.equal(denied(entity("kube-apiserver"), policy, cluster(undefined, [worker])).kind, "refuted");
    const owner = { ...worker, controlPlane: true };
    assert.equal(denied(entity("kube-apiserver"), policy, cluster(undefined, [owner])).kind, "proved");
  });

  it("about nobody is not proved", () => {
    const nobody = { parts: podsOf("shop", "api").parts, but: podsOf("shop", "api").parts };
    assert.deepEqual(denied(nobody, database({}), cluster()), {
      kind: "undecided",
      reasons: ["there can be no connection between the two sets, of which nothing would be said"],
    });
  });

  it("about pods whose rules the agent cannot merge is not decided", () => {
    const toPorts = (more: object) => ({ toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], ...more }] });
    const api = { fromEndpoints: [{ matchLabels: { app: "api" } }] };
    const policy = database({ ...api, ...toPorts({ rules: { http: [{}] } }) });
    const other = database({ ...api, ...toPorts({ serverNames: ["a.org"] }) });
    const proof = (app: string) =>
      always(
        { policies: [policy, other], inventory: cluster() },
        {
          source: only({ kind: "outside" }),
          destination: podsOf("shop", app),
          protocol: "TCP",
          port: 1,
          expect: "denied",
        },
      );
    assert.match(JSON.stringify(proof("db")), /undecided.*the agent keeps an earlier policy/);
    assert.equal(proof("other").kind, "refuted");
  });

  it(`holds of every one of two sets that it is proved of, in ${sets} clusters`, function () {
    this.timeout(0);
    const counts = { proved: 0, refuted: 0, undecided: 0 };
    fc.assert(
      fc.property(pairs, guarantees, ({ before: { policies, inventory } }, guarantee) => {
        const proof = always({ policies, inventory }, guarantee);
        counts[proof.kind]++;
        if (proof.kind !== "proved") return;
        const world = fivePods(inventory);
        const network = compile(policies, world);
        const [sources, destinations] = [guarantee.source, guarantee.destination].map((set) => membersOf(set, world));
        for (const source of sources ?? []) {
          for (const destination of destinations ?? []) {
            if (isOutside(source) && isOutside(destination)) continue;
            const { protocol, port, expect } = guarantee;
            const { outcome } = verdict(network, { source, destination, protocol, port });
            if (outcome === "undecidable") continue;
            assert.equal(
              outcome === "denied" ? "denied" : "allowed",
              expect,
              JSON.stringify({ guarantee, source, destination, policies, configuration: inventory.configuration }),
            );
          }
        }
      }),
      { numRuns: sets, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: 0 exceptions;`, counts);
    assert.ok(counts.proved > sets / 10 && counts.refuted > sets / 10);
  });
});

const label = (key: string, values: readonly string[]): fc.Arbitrary<Requirement> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom("In" as const, "NotIn" as const), fc.subarray([...values], { minLength: 1 }))
      .map(([operator, some]) => ({ source: "k8s", key, operator, values: some })),
    fc.constantFrom("Exists" as const, "DoesNotExist" as const).map((operator) => ({ source: "k8s", key, operator })),
  );

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Part>({ kind: "anything" }) },
  {
    weight: 6,
    arbitrary: fc
      .array(
        fc.oneof(
          fc.constantFrom("a", "b").map(
            (namespace): Requirement => ({
              ...{ source: "k8s", key: podNamespaceLabel },
              ...{ operator: "In", values: [namespace] },
            }),
          ),
          label("app", ["web", "db"]),
          label("tier", ["front", "back"]),
        ),
        { maxLength: 2 },
      )
      .map((requirements): Part => ({ kind: "pods", requirements })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...peerEntities.filter((name) => name !== "world"))
      .map((name): Part => ({ kind: "entity", entity: name })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(undefined, "10.1.0.0/16", "203.0.113.0/24").map((cidr): Part => {
      const prefix = cidr === undefined ? undefined : parsePrefix(cidr);
      return { kind: "outside", ...(prefix && { prefix }) };
    }),
  },
);

const set: fc.Arbitrary<EndSet> = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 1 }),
  but: fc.oneof(
    fc.constant([]),
    fc.array(
      part.filter(({ kind }) => kind !== "anything"),
      { maxLength: 2 },
    ),
  ),
});

const guarantees: fc.Arbitrary<Guarantee> = fc
  .tuple(
    fc.record({ source: set, destination: set }),
    fc.constantFrom(
      ...([
        { protocol: "TCP", port: 80 },
        { protocol: "TCP", port: 86 },
        { protocol: "UDP", port: 53 },
        { protocol: "ICMP", port: 8 },
      ] as const),
    ),
    fc.constantFrom("allowed" as const, "denied" as const, "denied" as const),
  )
  .map(([ends, question, expect]) => ({ ...ends, ...question, expect }));

const outside = ["198.51.100.1", "10.1.9.9", "10.1.200.1", "203.0.113.7"];

const isOutside = ({ kind }: Peer): boolean => kind === "address" || kind === "entity";

/** Who of a small cluster is in a set. */
function membersOf({ parts, but }: EndSet, { endpoints, configuration }: Inventory): Peer[] {
  const isIn = (peer: Peer): boolean =>
    parts.some((one) => holds(one, peer, endpoints)) && !but.some((one) => holds(one, peer, endpoints));
  const addresses = configuration?.["enable-ipv4"] === "false" ? [] : outside;
  return [
    ...endpoints.map(({ namespace, name }): Peer => ({ kind: "endpoint", namespace, name })),
    // A managed API server is an address too, so that it is in two sets.
    ...peerEntities
      .filter((name) => name !== "world" && name !== "kube-apiserver")
      .map((name): Peer => ({ kind: "entity", entity: name })),
    ...addresses.map((address): Peer => ({ kind: "address", address })),
  ].filter(isIn);
}

function holds(one: Part, peer: Peer, endpoints: readonly Endpoint[]): boolean {
  switch (one.kind) {
    case "anything":
      return true;
    case "pods": {
      const pod =
        peer.kind === "endpoint" &&
        endpoints.find(({ namespace, name }) => namespace === peer.namespace && name === peer.name);
      if (!pod) return false;
      const labels: Readonly<Record<string, string>> = { ...pod.labels, [podNamespaceLabel]: pod.namespace };
      return one.requirements.every((requirement) => satisfies(labels[requirement.key], requirement));
    }
    case "pod":
      return false;
    case "entity":
      return peer.kind === "entity" && peer.entity === one.entity;
    case "outside": {
      if (peer.kind !== "address") return false;
      const start = one.prefix?.address
        .toString()
        .split(".")
        .slice(0, one.prefix.bits / 8)
        .join(".");
      return start === undefined || peer.address.startsWith(`${start}.`);
    }
  }
}

function satisfies(value: string | undefined, requirement: Requirement): boolean {
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "NotIn":
      return value === undefined || !requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
