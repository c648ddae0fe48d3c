/**
 * What is stated is what the rendered policies do: declarations of all words are judged by the engine, and by what the words
 * say of themselves.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  all,
  allNodes,
  anyPod,
  anyTransport,
  cidr,
  cluster as clusterEntity,
  clusterwide,
  deny,
  dns,
  everyPort,
  fqdn,
  from,
  gateway,
  host,
  http,
  https,
  icmp,
  kubeApiserver,
  namespace,
  noneOf,
  oneOf,
  otherThan,
  podsOf,
  present,
  tcp,
  udp,
  world,
} from "../../../cilium/language.ts";
import { faults } from "../../../cilium/model/check.ts";
import { type ConfiguredCluster, configure, subjects } from "../../../cilium/model/cluster.ts";
import { Faults } from "../../../cilium/model/faults.ts";
import type { Flow, StatedFlow } from "../../../cilium/model/flow.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { isLabelMatch, type LabelMatch, type Labels } from "../../../cilium/model/labels.ts";
import type { OpenNamespace } from "../../../cilium/model/namespace.ts";
import type { ClusterwideGroup } from "../../../cilium/model/peers/clusterwide.ts";
import type { Reachable } from "../../../cilium/model/peers/reachable.ts";
import type { DefaultDeny, Direction } from "../../../cilium/model/peers/workload.ts";
import type { Peer, Source, Subject, Workload } from "../../../cilium/model/peers.ts";
import { isUsedBy, type Port } from "../../../cilium/model/ports.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { invalidities } from "../../../cilium/policy/validity.ts";
import type { Peer as End, FlowProtocol } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { startValidityOracle, whileTesting } from "../../oracle/oracle.ts";
import { program } from "../../rendered.ts";

const seed = Number(process.env.SEED ?? 20260107);
const numRuns = 500;

const names = ["a", "b", "c"] as const;

const tier = fc.constantFrom("front", "back");
const defaultDeny = fc.constantFrom<DefaultDeny>("both", "both", "both", "ingress", "egress", "none");

const pods = fc.record({ namespace: fc.constantFrom(...names), tier, defaultDeny });
const groups = fc.record({
  namespace: fc.constantFrom(...names),
  labels: fc.constantFrom<Labels>(
    {},
    { tier: "front" },
    { tier: present, job: noneOf("nightly") },
    { tier: otherThan("back") },
  ),
  defaultDeny,
});

const wideGroups = fc.record({
  namespaces: fc.constantFrom<LabelMatch | Labels>({}, oneOf("a", "b"), { team: "x" }, noneOf("c")),
  labels: fc.constantFrom<Labels>({}, { tier: "front" }, { tier: noneOf("front") }, { tier: otherThan("front") }),
  defaultDeny,
});

/** Peers besides the declared ones. */
const words: readonly Reachable<Peer>[] = [
  anyPod,
  podsOf("a"),
  podsOf("b", { tier: "front" }),
  podsOf(oneOf("a", "c")),
  podsOf(noneOf("a")),
  podsOf({ team: "x" }),
  podsOf({ team: present }, { tier: "back" }),
  podsOf({}, { tier: noneOf("front") }),
  podsOf({}, { tier: otherThan("front") }),
  podsOf("elsewhere"),
  world,
  all,
  clusterEntity,
  host,
  allNodes,
  gateway,
  kubeApiserver,
  cidr("10.0.0.0/8"),
  cidr("10.0.0.0/8").except("10.1.0.0/16"),
  fqdn("example.com"),
];

const ports: readonly Port[] = [
  tcp(80),
  http(8080),
  https(8443),
  tcp(8000, 8100),
  udp(5000),
  dns(53),
  anyTransport(443),
  tcp(),
  icmp("EchoRequest"),
  everyPort,
];

const statements = fc.record({
  terms: fc.constantFrom("plain", "plain", "plain", "requests", "a server", "an HTTP proxy", "denied", "authenticated"),
  source: fc.nat(),
  destination: fc.nat(),
  ports: fc.uniqueArray(fc.nat({ max: ports.length - 1 }), { minLength: 1, maxLength: 3 }),
  only: fc.constantFrom<Direction | undefined>(undefined, undefined, undefined, undefined, "ingress", "egress"),
});

type Declared = Reachable<Workload | ClusterwideGroup>;
type Said = typeof statements extends fc.Arbitrary<infer T> ? T : never;

const clusters = fc
  .record({
    workloads: fc.array(pods, { minLength: 2, maxLength: 5 }),
    groups: fc.array(groups, { maxLength: 2 }),
    wideGroups: fc.array(wideGroups, { maxLength: 2 }),
    statements: fc.array(statements, { minLength: 1, maxLength: 8 }),
    teams: fc.tuple(...names.map(() => fc.constantFrom("x", "y", undefined))),
  })
  .map(read);

/** The cluster without those statements that the language refuses. */
function read({
  workloads,
  groups,
  wideGroups,
  statements,
  teams,
}: {
  workloads: { namespace: string; tier: string; defaultDeny: DefaultDeny }[];
  groups: { namespace: string; labels: Labels; defaultDeny: DefaultDeny }[];
  wideGroups: { namespaces: LabelMatch | Labels; labels: Labels; defaultDeny: DefaultDeny }[];
  statements: Said[];
  teams: (string | undefined)[];
}): { cluster: ConfiguredCluster; refused: number } {
  const accepted: Said[] = [];
  const attempt = (tried: readonly Said[]) => {
    const spaces = new Map<string, OpenNamespace>(
      names.map((name, at) => {
        const team = teams[at];
        return [name, namespace(name, { labels: team === undefined ? {} : { team } })];
      }),
    );
    const space = (name: string): OpenNamespace => spaces.get(name) ?? assert.fail(name);
    const wide = clusterwide();
    const said = (given: DefaultDeny) => (given === "both" ? {} : { defaultDeny: given });
    const declared: Declared[] = [
      ...workloads.map(({ namespace, tier, defaultDeny }, at) =>
        space(namespace).workload(`w${at}`, { labels: { app: `w${at}` }, otherLabels: { tier }, ...said(defaultDeny) }),
      ),
      ...groups.map(({ namespace, labels, defaultDeny }, at) =>
        space(namespace).group(`g${at}`, { labels, ...said(defaultDeny) }),
      ),
      ...wideGroups.map(({ namespaces, labels, defaultDeny }, at) =>
        wide.group(`wide${at}`, { namespaces, labels, ...said(defaultDeny) }),
      ),
    ];
    const byHome = Map.groupBy(tried, (one) => homeOf(one, declared));
    const stated = (home: string | undefined) => () => (byHome.get(home) ?? []).map((one) => flowOf(one, declared));
    return readCluster({
      dns: false,
      clusterwide: wide.flows(stated(undefined)),
      namespaces: names.map((name) => space(name).flows(stated(name))),
    });
  };
  for (const one of statements) {
    try {
      const cluster = configure(attempt([one]), program.config);
      if (faults(cluster).length === 0) accepted.push(one);
    } catch (error) {
      if (!(error instanceof Faults)) throw error;
    }
  }
  return { cluster: configure(attempt(accepted), program.config), refused: statements.length - accepted.length };
}

const peersOf = (declared: readonly Declared[]): readonly Reachable<Peer>[] => [
  ...declared,
  ...declared,
  ...declared,
  ...words,
];
const peerAt = (number: number, declared: readonly Declared[]): Reachable<Peer> => {
  const peers = peersOf(declared);
  return peers[number % peers.length] ?? anyPod;
};

/** In whose file it stands, undefined for the clusterwide one. */
function homeOf({ source, destination }: Said, declared: readonly Declared[]): string | undefined {
  const ends = [peerAt(source, declared), peerAt(destination, declared)];
  const homes = ends.flatMap((peer) => {
    if (peer.kind === "workload") return peer.namespace;
    if (peer.kind === "clusterwide-group") return undefined;
    return peer.kind === "pod-set" && names.some((name) => name === peer.namespaces) ? String(peer.namespaces) : [];
  });
  return homes.length === 0 ? "a" : homes[0];
}

function flowOf({ terms, ports: numbers, only, ...ends }: Said, declared: readonly Declared[]): StatedFlow {
  // What no connection comes from is refused when it is read.
  const source = peerAt(ends.source, declared) as Source;
  const destination = peerAt(ends.destination, declared);
  const on = numbers.flatMap((number) => ports[number] ?? []);
  const flow = ((): StatedFlow => {
    switch (terms) {
      case "requests":
        return from(source)
          .to(destination.on(http(8080), http(80)))
          .carrying({ method: "GET" });
      case "a server":
        return from(source)
          .to(destination.on(https(8443)))
          .carrying({ serverName: "example.com" });
      case "an HTTP proxy":
        return from(source)
          .to(destination.on(http(8080)))
          .throughHttpProxy();
      case "denied":
        return deny(source).to(destination.on(...on));
      case "authenticated":
        return from(source)
          .to(destination.on(...on))
          .authenticated();
      default:
        return from(source).to(destination.on(...on));
    }
  })();
  return only === undefined ? flow : flow.only(only);
}

type Pod = {
  readonly namespace: string;
  readonly team: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
};

/** A workload's pod. */
const podOf = ({ namespace, namespaceLabels, labels, otherLabels }: Workload): Pod => ({
  namespace,
  team: namespaceLabels?.team,
  labels: { ...otherLabels, ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])) },
});

function meets(match: LabelMatch, value: string | undefined): boolean {
  if (typeof match === "string") return match === value;
  if ("oneOf" in match) return value !== undefined && match.oneOf.includes(value);
  if ("otherThan" in match) return value !== undefined && !match.otherThan.includes(value);
  if ("noneOf" in match) return value === undefined || !match.noneOf.includes(value);
  return "present" in match === (value !== undefined);
}

const carries = (labels: Labels, pod: Readonly<Record<string, string | undefined>>): boolean =>
  Object.entries(labels).every(([key, match]) => meets(match, pod[key]));

/** Whether a peer stands for a pod, or for what lies outside. */
function standsFor(peer: Peer, end: Pod | string): boolean {
  if (typeof end === "string") return outside[end]?.(peer) ?? false;
  switch (peer.kind) {
    case "workload":
      return peer.namespace === end.namespace && carries(peer.labels, end.labels);
    case "clusterwide-group":
    case "pod-set": {
      const { namespaces, labels } = peer;
      const isThere = isLabelMatch(namespaces)
        ? meets(namespaces, end.namespace)
        : carries(namespaces.labelled, { team: end.team });
      return isThere && carries(labels, end.labels);
    }
    case "entities":
      return peer.entities.some((entity) => entity === "cluster" || entity === "all");
    default:
      return false;
  }
}

const isEntity = (peer: Peer, ...entities: string[]): boolean =>
  peer.kind === "entities" && peer.entities.some((entity) => entities.includes(entity));

/** What lies outside the pods, and which peers stand for it. */
const outside: Record<string, (peer: Peer) => boolean> = {
  world: (peer) => isEntity(peer, "world", "all"),
  "10.1.0.1": (peer) => isEntity(peer, "world", "all") || (peer.kind === "cidr" && peer.exceptions.length === 0),
  "10.2.0.1": (peer) => isEntity(peer, "world", "all") || peer.kind === "cidr",
  ingress: (peer) => isEntity(peer, "ingress", "cluster", "all"),
  "remote-node": (peer) => isEntity(peer, "remote-node", "cluster", "all"),
};

const isPods = ({ kind }: Peer): boolean => kind === "workload" || kind === "pod-set" || kind === "clusterwide-group";

/** What the words say of a connection. */
function stated(
  cluster: ConfiguredCluster,
  source: Pod | string,
  destination: Pod | string,
  protocol: FlowProtocol,
  port: number,
) {
  const isMeant = ({ from, to, ports }: Flow): boolean =>
    standsFor(from, source) && standsFor(to, destination) && ports.some((one) => isUsedBy(one, protocol, port));
  const tells = (flow: Flow, direction: Direction): boolean =>
    isMeant(flow) &&
    (flow.only === undefined || flow.only === direction) &&
    (direction === "egress" ? tellsOf(flow.from, source) : tellsOf(flow.to, destination));
  // A policy of pods tells of them; a set's flows are told by the workloads and groups that it includes.
  const tellsOf = (peer: Peer, end: Pod | string): boolean => isPods(peer) && typeof end !== "string";
  const selecting = (end: Pod | string): Subject[] => subjects(cluster).filter((subject) => standsFor(subject, end));
  const passes = (end: Pod | string, direction: Direction): boolean =>
    typeof end === "string" ||
    !selecting(end).some(({ defaultDeny }) => defaultDeny === "both" || defaultDeny === direction) ||
    cluster.flows.some((flow) => tells(flow, direction));
  const isDenied = cluster.denials.some((flow) => tells(flow, "egress") || tells(flow, "ingress"));
  return !isDenied && passes(source, "egress") && passes(destination, "ingress") ? "allowed" : "denied";
}

const asked: readonly (readonly [FlowProtocol, number])[] = [
  ["TCP", 80],
  ["TCP", 8080],
  ["TCP", 8050],
  ["TCP", 8443],
  ["TCP", 443],
  ["UDP", 443],
  ["UDP", 5000],
  ["UDP", 53],
  ["ICMP", 8],
];

function endOf(name: string): End {
  if (name.includes(".")) return { kind: "address", address: name };
  if (name === "world" || name === "ingress" || name === "remote-node") return { kind: "entity", entity: name };
  return assert.fail(name);
}

describe("The policies of generated declarations", () => {
  const cilium = whileTesting(startValidityOracle);

  it(`do what is stated, and are taken by Cilium, over ${numRuns} clusters`, async function () {
    this.timeout("2m");
    const counts = { questions: 0, allowed: 0, flows: 0, denials: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(clusters, async ({ cluster, refused }) => {
        const policies = renderPolicies(cluster);
        for (const policy of policies) {
          assert.deepEqual(invalidities(policy), []);
          assert.deepEqual(await cilium.ask(policy), { accepted: true }, JSON.stringify(policy));
        }
        const network = compile(policies, inventoryOf(cluster));
        const workloads = cluster.namespaces.flatMap((one) => one.workloads.filter(({ isGroup }) => !isGroup));
        const inside = workloads.map((workload): [End, Pod | string] => [
          { kind: "endpoint", namespace: workload.namespace, name: workload.name },
          podOf(workload),
        ]);
        const around = Object.keys(outside).map((name): [End, Pod | string] => [endOf(name), name]);
        const pairs = [...inside, ...around].flatMap((one) =>
          [...inside, ...around]
            .filter((other) => inside.includes(one as never) || inside.includes(other as never))
            .map((other) => [one, other] as const),
        );
        for (const [[source, client], [destination, server]] of pairs) {
          for (const [protocol, port] of asked) {
            const { outcome } = verdict(network, { source, destination, protocol, port });
            const expected = stated(cluster, client, server, protocol, port);
            const question = `${JSON.stringify(source)} → ${JSON.stringify(destination)}:${port}/${protocol}`;
            assert.equal(outcome, expected, question);
            counts.questions += 1;
            counts.allowed += outcome === "allowed" ? 1 : 0;
          }
        }
        counts.flows += cluster.flows.length;
        counts.denials += cluster.denials.length;
        counts.refused += refused;
      }),
      { numRuns, seed },
    );
    console.log(`      seed ${seed}: ${JSON.stringify(counts)}`);
    assert.ok(counts.flows > 2 * numRuns && counts.denials > numRuns / 5, JSON.stringify(counts));
    assert.ok(counts.allowed > counts.questions / 10 && counts.allowed < counts.questions * 0.9);
  });
});
