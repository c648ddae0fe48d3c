/**
 * Arbitrary small clusters with policies and questions. Names, labels, ports and prefixes come from small pools, so that
 * policies meet the endpoints and each other.
 */
import fc from "fast-check";
import { entities } from "../../../cilium/policy/schema.ts";
import {
  type CidrGroup,
  type Endpoint,
  type Inventory,
  type Peer,
  peerEntities,
  type Question,
  type Service,
} from "../../../cilium/reach/compile/inventory.ts";

/** One cluster, its policies as manifests, and questions about it. */
export type World = {
  readonly policies: readonly object[];
  readonly inventory: Inventory;
  readonly questions: readonly Question[];
};

const namespaces = ["a", "b"];
const portNames = ["http", "dns", "metrics"];

const endpoint: fc.Arbitrary<Omit<Endpoint, "name">> = fc.record(
  {
    namespace: fc.constantFrom(...namespaces),
    labels: fc
      .record(
        {
          app: fc.constantFrom("web", "db"),
          tier: fc.constantFrom("front", "back"),
          "app.kubernetes.io/name": fc.constantFrom("web", "db"),
          "pod-template-hash": fc.constantFrom("1", "2"),
          "topology.kubernetes.io/zone": fc.constant("z"),
          "io.cilium.k8s.policy.cluster": fc.constant("forged"),
          "io.cilium.k8s.policy.serviceaccount": fc.constant("robot"),
          "io.cilium.k8s.namespace.labels.team": fc.constant("red"),
        },
        { requiredKeys: ["app"] },
      )
      .map((labels): Record<string, string> => ({ ...labels })),
    namespaceLabels: fc.constantFrom<Record<string, string>>({}, { team: "red" }, { team: "blue" }),
    serviceAccount: fc.constant("robot"),
    cluster: fc.constantFrom("main", "main", "main", "main", "other"),
    // The nodes that questions are about are remote ones to every endpoint, as in the answers of the oracle.
    node: fc.constant("third"),
    ports: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...portNames),
        port: fc.constantFrom(53, 80, 8080),
        protocol: fc.constantFrom("TCP" as const, "TCP" as const, "UDP" as const, "SCTP" as const),
      }),
      { maxLength: 3, selector: ({ name }) => name },
    ),
  },
  { requiredKeys: ["namespace", "labels", "namespaceLabels", "cluster", "node", "ports"] },
);

const cidrGroups: fc.Arbitrary<readonly CidrGroup[] | undefined> = fc.constantFrom(undefined, [
  { name: "office", labels: { site: "hq", kind: "net" }, cidrs: ["203.0.113.0/24", "10.1.0.0/16"] },
  { name: "lab", labels: { site: "lab" }, cidrs: ["10.1.2.0/24"] },
]);

const service = (
  id: string,
  labels: Service["labels"],
  selector: Service["selector"],
  ...addresses: string[]
): Service => {
  const [namespace = "", name = ""] = id.split("/");
  const backends = addresses.map((address) => ({ addresses: [address], ports: [] }));
  return { namespace, name, labels, selector, clusterIPs: [], externalIPs: [], ports: [], backends };
};

const services: fc.Arbitrary<readonly Service[] | undefined> = fc.constantFrom(undefined, [
  service("a/s", { kind: "pods" }, { app: "web" }),
  service("b/s", { kind: "pods" }, { app: "db", tier: "front" }),
  service("a/outside", { kind: "addresses" }, {}, "10.1.2.3", "8.8.8.8"),
  service("b/nowhere", {}, {}),
]);

const inventory: fc.Arbitrary<Inventory> = fc
  .record({
    cluster: fc.constant("main"),
    endpoints: fc
      .array(endpoint, { minLength: 1, maxLength: 4 })
      .map((endpoints) => endpoints.map((e, i) => ({ ...e, name: `pod-${i}` }))),
    nodes: fc.constant([
      { name: "cp", controlPlane: true, addresses: ["192.168.1.1"] },
      { name: "worker", controlPlane: false, addresses: ["192.168.1.2"] },
      { name: "third", controlPlane: false, addresses: ["192.168.1.3"] },
    ]),
    names: fc.constant([
      { name: "example.com", addresses: [] },
      { name: "api.example.com", addresses: ["203.0.113.7"] },
      { name: "deep.api.example.com", addresses: [] },
      { name: "other.org", addresses: ["10.1.2.3"] },
      { name: "alias.org", addresses: ["10.1.2.3"] },
    ]),
    cidrGroups,
    services,
    ipv6: fc.constantFrom(undefined, false, true),
  })
  .map(known);

/** Without the fields that are undefined. */
function known({ ipv6, ...rest }: Omit<Inventory, "ipv6"> & { readonly ipv6: boolean | undefined }): Inventory {
  return ipv6 === undefined ? rest : { ...rest, ipv6 };
}

const label = fc.oneof(
  fc.tuple(fc.constantFrom("app", "k8s:app", "any:app"), fc.constantFrom("web", "db", "absent")),
  fc.tuple(fc.constant("tier"), fc.constantFrom("front", "back")),
  fc.tuple(fc.constant("app.kubernetes.io/name"), fc.constantFrom("web", "db")),
  fc.tuple(fc.constant("pod-template-hash"), fc.constant("1")),
  fc.tuple(
    fc.constantFrom("io.kubernetes.pod.namespace", "k8s:io.kubernetes.pod.namespace"),
    fc.constantFrom("a", "b"),
  ),
  fc.tuple(fc.constant("k8s:io.cilium.k8s.namespace.labels.team"), fc.constantFrom("red", "blue")),
  fc.tuple(fc.constant("k8s:io.cilium.k8s.policy.cluster"), fc.constantFrom("main", "other", "forged")),
  fc.tuple(fc.constant("io.cilium.k8s.policy.serviceaccount"), fc.constant("robot")),
  fc.tuple(
    fc.constantFrom("reserved:ingress", "reserved:host", "reserved:init", "reserved:world", "reserved:world-ipv4"),
    fc.constant(""),
  ),
);

/** Cilium takes a key without a source and the same with `any:` for one key; of two values it keeps one at random. */
const labels = fc.uniqueArray(label, { minLength: 1, maxLength: 2, selector: ([key]) => key.replace("any:", "") });

const labelKeys = fc.constantFrom(
  "app",
  "tier",
  "k8s:app",
  "reserved:ingress",
  "reserved:health",
  "k8s:io.kubernetes.pod.namespace",
  "k8s:io.cilium.k8s.policy.cluster",
  "pod-template-hash",
);

const expression = fc.oneof(
  fc.record({
    key: labelKeys,
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.uniqueArray(fc.constantFrom("web", "db", "front", "a", "main"), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ key: labelKeys, operator: fc.constantFrom("Exists", "DoesNotExist") }),
);

const selector = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 6,
    arbitrary: labels.map((l) => ({ matchLabels: Object.fromEntries(l) })),
  },
  { weight: 3, arbitrary: fc.array(expression, { minLength: 1, maxLength: 2 }).map((e) => ({ matchExpressions: e })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(label, expression)
      .map(([[key, value], e]) => ({ matchLabels: { [key]: value }, matchExpressions: [e] })),
  },
);

const cidrs = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.0/24",
  "10.1.2.3/32",
  "203.0.113.0/24",
  "192.168.1.0/24",
  "192.168.1.1/32",
  "::/0",
  "2001:db8::/32",
  "2001:db8:1::/48",
];
const cidr = fc.constantFrom(...cidrs, "10.1.255.255/8");

const cidrRule = fc.oneof(
  { weight: 2, arbitrary: fc.record({ cidr: fc.constantFrom(...cidrs) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] },
      { cidr: "0.0.0.0/0", except: ["10.1.0.0/16", "203.0.113.0/24"] },
      { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] },
      { cidr: "10.1.0.0/16", except: ["10.1.2.3/32"] },
      { cidr: "2001:db8::/32", except: ["2001:db8:1::/48"] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<object>(
      { cidrGroupRef: "office" },
      { cidrGroupRef: "absent" },
      { cidrGroupSelector: { matchLabels: { site: "hq" } } },
      { cidrGroupSelector: { matchExpressions: [{ key: "site", operator: "Exists" }] } },
      { cidrGroupSelector: { matchExpressions: [{ key: "kind", operator: "NotIn", values: ["net"] }] } },
    ),
  },
);

const entity = fc.constantFrom(...entities);

const fqdn = fc.oneof(
  fc.record({ matchName: fc.constantFrom("example.com", "api.example.com", "OTHER.org.", "absent.net") }),
  fc.record({ matchPattern: fc.constantFrom("*.example.com", "**.example.com", "*", "a*.org", "*ther.org", "**") }),
);

const peers = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });

/** At most one kind of peer: Cilium takes no more. */
const peersOf = (side: "from" | "to"): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant({}) },
    { weight: 10, arbitrary: peers(selector).map((list) => ({ [`${side}Endpoints`]: list })) },
    { weight: 5, arbitrary: peers(entity).map((list) => ({ [`${side}Entities`]: list })) },
    { weight: 3, arbitrary: peers(cidr).map((list) => ({ [`${side}CIDR`]: list })) },
    { weight: 4, arbitrary: peers(cidrRule).map((list) => ({ [`${side}CIDRSet`]: list })) },
    { weight: 1, arbitrary: fc.constantFrom({ [`${side}Endpoints`]: [] }, { [`${side}Entities`]: [] }) },
    ...(side === "to"
      ? [
          {
            weight: 2,
            arbitrary: fc.constantFrom<object>(
              { toServices: [{ k8sService: { serviceName: "s", namespace: "a" } }] },
              { toServices: [{ k8sService: { serviceName: "s" } }, { k8sService: { serviceName: "outside" } }] },
              { toServices: [{ k8sService: { serviceName: "nowhere", namespace: "b" } }] },
              { toServices: [{ k8sServiceSelector: { selector: { matchLabels: { kind: "pods" } } } }] },
              { toServices: [{ k8sServiceSelector: { selector: { matchLabels: { "any:kind": "addresses" } } } }] },
              { toGroups: [{ aws: { region: "r" } }] },
            ),
          },
        ]
      : []),
  );

const egressAllowPeers = fc.oneof(
  { weight: 4, arbitrary: peersOf("to") },
  { weight: 1, arbitrary: peers(fqdn).map((list) => ({ toFQDNs: list })) },
);

const portNumbers = ["53", "80", "443", "8080"];
const protocol = fc.constantFrom(undefined, "TCP", "TCP", "UDP", "SCTP", "ANY", "ANY");
const plainPort = fc.oneof(
  { weight: 20, arbitrary: fc.record({ port: fc.constantFrom(...portNumbers), protocol }) },
  {
    weight: 15,
    arbitrary: fc.record({
      port: fc.constantFrom(...portNumbers),
      protocol,
      endPort: fc.constantFrom(60, 90, 8080, 65535),
    }),
  },
  { weight: 15, arbitrary: fc.record({ port: fc.constantFrom("http", "dns", "METRICS"), protocol }) },
  { weight: 5, arbitrary: fc.record({ port: fc.constantFrom("0", "010"), protocol }) },
  { weight: 1, arbitrary: fc.record({ port: fc.constantFrom("http", "dns"), protocol, endPort: fc.constant(9000) }) },
);

const ports = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });
const tcpPort = fc.record({ port: fc.constantFrom("80", "8080", "http"), protocol: fc.constant("TCP") });
const dnsPort = fc.record({ port: fc.constant("53"), protocol: fc.constantFrom("UDP", "TCP", "ANY") });

const plainPorts = fc.record({ ports: ports(plainPort) });
const httpPorts = fc.record({
  ports: ports(
    fc.oneof(
      tcpPort,
      fc.record({ port: fc.constant("80"), endPort: fc.constantFrom(90, 8080), protocol: fc.constant("TCP") }),
    ),
  ),
  rules: fc.constantFrom({ http: [{}] }, { http: [{ method: "GET", path: "/ok" }] }, { http: [] }),
});
const dnsPorts = fc.record({
  ports: ports(dnsPort),
  rules: fc.constantFrom({ dns: [{ matchPattern: "*" }] }, { dns: [{ matchName: "example.com" }] }),
});
const tlsPorts = fc.record({ ports: ports(tcpPort), serverNames: fc.constantFrom(["a.org"], ["b.org"]) });
const listenerPorts = fc.record({
  ports: ports(tcpPort),
  listener: fc.record(
    {
      envoyConfig: fc.record({
        kind: fc.constantFrom("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"),
        name: fc.constantFrom("envoy", "proxy"),
      }),
      name: fc.constant("listener"),
      priority: fc.constantFrom(1, 50, 100),
    },
    { requiredKeys: ["envoyConfig", "name"] },
  ),
});

const icmps = fc.array(
  fc.record({
    fields: fc.array(
      fc.oneof(
        fc.record({ family: fc.constant("IPv4"), type: fc.constantFrom<string | number>(8, 3, 0, "EchoRequest") }),
        fc.record({ family: fc.constant("IPv6"), type: fc.constantFrom<string | number>(128, "EchoReply") }),
        fc.record({ type: fc.constantFrom<string | number>(8, "TimeExceeded") }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  { minLength: 1, maxLength: 1 },
);

type PortKinds = "ingress" | "egress" | "deny";

function portsOf(kind: PortKinds): fc.Arbitrary<object> {
  const rules: fc.WeightedArbitrary<object>[] = [{ weight: 40, arbitrary: plainPorts }];
  if (kind !== "deny") rules.push({ weight: 20, arbitrary: httpPorts }, { weight: 2, arbitrary: tlsPorts });
  if (kind === "egress") rules.push({ weight: 15, arbitrary: dnsPorts }, { weight: 2, arbitrary: listenerPorts });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 10, arbitrary: ports(fc.oneof(...rules)).map((toPorts) => ({ toPorts })) },
    { weight: 1, arbitrary: fc.constantFrom<object>({ toPorts: [] }, { toPorts: [{}] }, { toPorts: [{ ports: [] }] }) },
    { weight: 2, arbitrary: icmps.map((list) => ({ icmps: list })) },
  );
}

const authentication = fc.oneof(
  { weight: 20, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom("required", "disabled", "test-always-fail").map((mode) => ({ mode })) },
);

const rulesOf = (peerPart: fc.Arbitrary<object>, kind: PortKinds): fc.Arbitrary<object[]> =>
  fc.array(
    fc
      .tuple(peerPart, portsOf(kind), kind === "deny" ? fc.constant(undefined) : authentication)
      .map(([peer, port, auth]) => ({ ...peer, ...port, ...(auth ? { authentication: auth } : {}) })),
    { minLength: 1, maxLength: 2 },
  );

const subject = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.constantFrom("web", "db").map((app) => ({ matchLabels: { app } })) },
  { weight: 2, arbitrary: selector },
);

const spec = fc
  .record({
    endpointSelector: subject,
    // Denies are rarer, or little would be left to compare.
    written: fc.constantFrom(
      ...[["ingress"], ["egress"], ["ingress", "egress"], ["ingress", "egress"]],
      ...[["ingress", "ingressDeny"], ["egress", "egressDeny"], ["ingressDeny"], ["egressDeny"]],
    ),
    rules: fc.record({
      ingress: rulesOf(peersOf("from"), "ingress"),
      ingressDeny: rulesOf(peersOf("from"), "deny"),
      egress: rulesOf(egressAllowPeers, "egress"),
      egressDeny: rulesOf(peersOf("to"), "deny"),
    }),
    enableDefaultDeny: fc.constantFrom<object | undefined>(
      ...Array<undefined>(10).fill(undefined),
      ...[{ ingress: false }, { egress: false }, { ingress: false, egress: false }, { ingress: true }, {}],
    ),
  })
  .map(({ endpointSelector, written, rules, enableDefaultDeny }) => ({
    endpointSelector,
    ...Object.fromEntries(Object.entries(rules).filter(([direction]) => written.includes(direction))),
    ...(enableDefaultDeny === undefined ? {} : { enableDefaultDeny }),
  }));

const policy = (index: number): fc.Arbitrary<object> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces, ...namespaces, undefined),
      specs: fc.array(spec, { minLength: 1, maxLength: 2 }),
      several: fc.boolean(),
      node: fc.constantFrom(...Array<boolean>(20).fill(false), true),
    })
    .map(({ namespace, specs, several, node }) => ({
      apiVersion: "cilium.io/v2",
      kind: namespace === undefined ? "CiliumClusterwideNetworkPolicy" : "CiliumNetworkPolicy",
      metadata: { name: `policy-${index}`, ...(namespace === undefined ? {} : { namespace }) },
      ...(several && specs.length > 1
        ? { specs }
        : { spec: node && namespace === undefined ? nodeSpec(specs[0] ?? {}) : specs[0] }),
    }));

const nodeSpec = (spec: object) => ({
  ...Object.fromEntries(Object.entries(spec).filter(([field]) => field !== "endpointSelector")),
  nodeSelector: {},
});

const outside: readonly Peer[] = [
  ...["10.1.2.3", "10.1.9.9", "10.9.9.9", "203.0.113.7", "198.51.100.1", "8.8.8.8", "192.168.1.1", "192.168.1.2"],
  ...["2001:db8:1::1", "2001:db8:2::1", "2606:4700::1"],
].map((address) => ({ kind: "address", address }) as const);

const entityPeers: readonly Peer[] = peerEntities.map((entity) => ({ kind: "entity", entity }));

function question(inventory: Inventory): fc.Arbitrary<Question> {
  const endpoints = inventory.endpoints.map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }) as const);
  const names = inventory.names.map(({ name }) => ({ kind: "fqdn", name }) as const);
  const pod = fc.constantFrom<Peer>(...endpoints);
  const other = fc.oneof(
    { weight: 3, arbitrary: pod },
    { weight: 3, arbitrary: fc.constantFrom<Peer>(...entityPeers) },
    { weight: 2, arbitrary: fc.constantFrom<Peer>(...outside) },
    { weight: 1, arbitrary: fc.constantFrom<Peer>(...names) },
  );
  const l4 = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        protocol: fc.constantFrom("TCP" as const, "TCP" as const, "UDP" as const, "SCTP" as const),
        port: fc.constantFrom(8, 53, 53, 53, 55, 80, 80, 80, 80, 85, 443, 8080, 8080, 8080, 9999, 65535),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        protocol: fc.constantFrom("ICMP" as const, "ICMPv6" as const, "IGMP" as const),
        port: fc.constantFrom(3, 8, 11, 128, 129),
      }),
    },
  );
  return fc
    .record({ pod, other, outgoing: fc.boolean(), l4 })
    .map(({ pod, other, outgoing, l4 }) => ({
      source: outgoing ? pod : other,
      destination: outgoing ? other : pod,
      ...l4,
    }))
    .map((question) =>
      question.source.kind === "fqdn"
        ? { ...question, source: question.destination, destination: question.source }
        : question,
    );
}

/** Clusters with one to four policies and `count` questions each. */
export const worlds = (count: number): fc.Arbitrary<World> =>
  inventory.chain((inventory) =>
    fc.record({
      policies: fc
        .integer({ min: 1, max: 4 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => policy(i)))),
      inventory: fc.constant(inventory),
      questions: fc.array(question(inventory), { minLength: count, maxLength: count }),
    }),
  );
