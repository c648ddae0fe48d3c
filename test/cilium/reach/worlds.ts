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
const portNames = ["http", "dns", "dns-tcp", "metrics"];

const endpoint: fc.Arbitrary<Omit<Endpoint, "name">> = fc.record(
  {
    namespace: fc.constantFrom(...namespaces),
    labels: fc
      .record(
        {
          app: fc.constantFrom("web", "db"),
          tier: fc.constantFrom("front", "back"),
          "k8s-app": fc.constantFrom("kube-dns", "other"),
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
    node: fc.constantFrom("third", "third", "worker"),
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

const cidrGroups: readonly CidrGroup[] = [
  { name: "office", labels: { site: "hq", kind: "net" }, cidrs: ["203.0.113.0/24", "10.1.0.0/16"] },
  { name: "lab", labels: { site: "lab" }, cidrs: ["10.1.2.0/24", "192.168.1.2/32"] },
];

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

const services = [
  service("a/s", { kind: "pods" }, { app: "web" }),
  service("b/s", { kind: "pods" }, { app: "db", tier: "front" }),
  service("a/outside", { kind: "addresses" }, {}, "10.1.2.3", "8.8.8.8"),
  service("b/nowhere", {}, {}),
];

/** The address of an API server that runs on no node. */
export const managedApiServer = "203.0.113.10";

const kubernetes = service("default/kubernetes", {}, {}, managedApiServer);

/** A key of the agent's configuration with a value, the ones that change much more rarely. */
const setting: fc.Arbitrary<readonly [key: string, value: string]> = fc.constantFrom(
  ...(["always", "never", "DEFAULT"] as const).map((value) => ["enable-policy", value] as const),
  ...(["nodes", "pods", "nodes pods", "nodes"] as const).map((value) => ["policy-cidr-match-mode", value] as const),
  ...([
    ["enable-host-firewall", "true"],
    ["enable-host-firewall", "1"],
    ["enable-node-selector-labels", "true"],
    ["enable-node-selector-labels", "T"],
    ["allow-localhost", "policy"],
    ["allow-localhost", "always"],
    ["policy-default-local-cluster", "false"],
    ["enable-non-default-deny-policies", "false"],
    ["enable-k8s-networkpolicy", "false"],
    ["enable-cilium-network-policy", "false"],
    ["enable-cilium-clusterwide-network-policy", "false"],
    ["enable-ipv6", "true"],
    ["enable-ipv6", "true"],
    ["enable-ipv4", "false"],
    ["enable-l7-proxy", "false"],
    ["enable-sctp", "true"],
    ["enable-sctp", "true"],
    ["enable-extended-ip-protocols", "true"],
    ["enable-icmp-rules", "false"],
    ["policy-audit-mode", "true"],
    ["labels", "app k8s:io.kubernetes.pod.namespace"],
    ["labels", "!tier"],
    ["labels", "k8s:!app"],
    ["node-labels", "role"],
    ["enable-sctp", "yes"],
    ["bpf-policy-map-max", "1024"],
  ] as const),
);

/** Nothing known, or some keys; ClusterNetworkPolicies are mostly switched on, or they would all be left out. */
const configuration: fc.Arbitrary<Readonly<Record<string, string>> | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 9,
    arbitrary: fc
      .tuple(fc.constantFrom("true", "true", "true", "false"), fc.array(setting, { maxLength: 3 }))
      .map(([watched, settings]) => ({
        ...Object.fromEntries([["enable-k8s-cluster-network-policy", watched], ...settings]),
        // An agent without any family does not start.
        ...(settings.some(([key]) => key === "enable-ipv4") ? { "enable-ipv6": "true" } : {}),
      })),
  },
);

const inventory: fc.Arbitrary<Inventory> = fc
  .record({
    endpoints: fc
      .array(endpoint, { minLength: 1, maxLength: 4 })
      .map((endpoints) => endpoints.map((e, i) => ({ ...e, name: `pod-${i}`, addresses: [`10.1.2.${100 + i}`] }))),
    managed: fc.constantFrom(false, false, true),
    /** Whether all that a rule can ask for is there. */
    complete: fc.constantFrom(...Array<boolean>(9).fill(true), false),
    configuration,
  })
  .map(
    ({ endpoints, managed, complete, configuration }): Inventory => ({
      cluster: "main",
      endpoints,
      nodes: [
        { name: "cp", controlPlane: !managed, addresses: ["192.168.1.1"], labels: { role: "control", app: "web" } },
        { name: "worker", controlPlane: false, addresses: ["192.168.1.2"], labels: { role: "edge" } },
        { name: "third", controlPlane: false, addresses: ["192.168.1.3"], labels: { role: "edge", zone: "z" } },
      ],
      names: [
        { name: "example.com", addresses: [] },
        { name: "api.example.com", addresses: ["203.0.113.7"] },
        { name: "deep.api.example.com", addresses: [] },
        { name: "other.org", addresses: ["10.1.2.3"] },
        { name: "alias.org", addresses: ["10.1.2.3"] },
      ],
      ...(complete ? { cidrGroups } : {}),
      ...(complete || managed ? { services: [...(complete ? services : []), ...(managed ? [kubernetes] : [])] } : {}),
      ...(configuration === undefined ? {} : { configuration }),
    }),
  );

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

const nodeSelector = fc.constantFrom<object>(
  {},
  { matchLabels: { role: "edge" } },
  { matchLabels: { "node:role": "control" } },
  { matchExpressions: [{ key: "zone", operator: "DoesNotExist" }] },
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
  "203.0.113.10/32",
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
    { weight: 2, arbitrary: nodeSelector.map((selector) => ({ [`${side}Nodes`]: [selector] })) },
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
              { toServices: [{ k8sService: { serviceName: "absent" } }] },
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

const ciliumPolicy = (index: number): fc.Arbitrary<object> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces, ...namespaces, undefined),
      specs: fc.array(spec, { minLength: 1, maxLength: 2 }),
      several: fc.boolean(),
      nodes: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: hostSelector }),
    })
    .map(({ namespace, specs, several, nodes }) => ({
      apiVersion: "cilium.io/v2",
      kind: namespace === undefined ? "CiliumClusterwideNetworkPolicy" : "CiliumNetworkPolicy",
      metadata: { name: `policy-${index}`, ...(namespace === undefined ? {} : { namespace }) },
      ...(several && specs.length > 1
        ? { specs }
        : { spec: nodes !== undefined && namespace === undefined ? nodeSpec(specs[0] ?? {}, nodes) : specs[0] }),
    }));

const hostSelector = fc.constantFrom<object>(
  {},
  { matchLabels: { role: "edge" } },
  { matchLabels: { "k8s:role": "control" } },
);

const nodeSpec = (spec: object, nodeSelector: object) => ({
  ...Object.fromEntries(Object.entries(spec).filter(([field]) => field !== "endpointSelector")),
  nodeSelector,
});

/** Selectors as Kubernetes' own kinds have them: keys without a source. */
const plainSelector = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.constantFrom("web", "db").map((app) => ({ matchLabels: { app } })) },
  { weight: 1, arbitrary: fc.constant({ matchLabels: { "io.cilium.k8s.policy.cluster": "other" } }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<object>(
      { matchExpressions: [{ key: "tier", operator: "Exists" }] },
      { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] },
      { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
      { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "other"] }] },
    ),
  },
);

const namespaceSelector = fc.constantFrom<object>(
  {},
  { matchLabels: { team: "red" } },
  { matchLabels: { "kubernetes.io/metadata.name": "a" } },
  { matchExpressions: [{ key: "team", operator: "DoesNotExist" }] },
  { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["a", "b"] }] },
);

const networkPeer = fc.oneof(
  plainSelector.map((podSelector) => ({ podSelector })),
  namespaceSelector.map((namespaceSelector) => ({ namespaceSelector })),
  fc
    .tuple(plainSelector, namespaceSelector)
    .map(([podSelector, namespaceSelector]) => ({ podSelector, namespaceSelector })),
  fc.constantFrom<object>(
    { ipBlock: { cidr: "0.0.0.0/0" } },
    { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "203.0.113.0/24"] } },
    { ipBlock: { cidr: "10.1.0.0/16", except: ["10.1.2.0/24"] } },
    { ipBlock: { cidr: "192.168.1.0/24" } },
    { ipBlock: { cidr: "2001:db8::/32" } },
  ),
);

const networkPort = fc.constantFrom<object>(
  { port: 80 },
  { port: 80, endPort: 8080, protocol: "TCP" },
  { port: 53, protocol: "UDP" },
  { port: "http" },
  { port: "dns", protocol: "UDP" },
  { protocol: "SCTP" },
  { protocol: "TCP" },
  {},
);

const optionalList = <T>(item: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(undefined, []) }, { weight: 4, arbitrary: peers(item) });

const networkRules = (field: "from" | "to") =>
  fc.array(
    fc
      .tuple(optionalList(networkPeer), optionalList(networkPort))
      .map(([list, ports]) => ({ ...(list && { [field]: list }), ...(ports && { ports }) })),
    { maxLength: 2 },
  );

const networkPolicy = (index: number): fc.Arbitrary<object> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      podSelector: plainSelector,
      policyTypes: fc.constantFrom(undefined, ["Ingress"], ["Egress"], ["Ingress", "Egress"]),
      ingress: fc.option(networkRules("from"), { nil: undefined }),
      egress: fc.option(networkRules("to"), { nil: undefined }),
    })
    .map(({ namespace, ...spec }) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `policy-${index}`, namespace },
      spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
    }));

const pods = fc.oneof(
  namespaceSelector.map((namespaces) => ({ namespaces })),
  fc
    .tuple(namespaceSelector, plainSelector)
    .map(([namespaceSelector, podSelector]) => ({ pods: { namespaceSelector, podSelector } })),
);

const clusterEgressPeer = fc.oneof(
  { weight: 6, arbitrary: pods },
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(fc.constantFrom("0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24", "192.168.1.2/32", "::/0"), {
        minLength: 1,
        maxLength: 2,
      })
      .map((networks) => ({ networks })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<object>(
      { nodes: {} },
      { nodes: { matchLabels: { role: "edge" } } },
      { nodes: { matchExpressions: [{ key: "zone", operator: "Exists" }] } },
    ),
  },
);

const domainPeer = fc.constantFrom<object>(
  { domainNames: ["example.com"] },
  { domainNames: ["*.example.com", "other.org"] },
);

const clusterProtocol = fc.constantFrom<object>(
  { tcp: { destinationPort: { number: 80 } } },
  { tcp: { destinationPort: { range: { start: 53, end: 8080 } } } },
  { udp: { destinationPort: { number: 53 } } },
  { sctp: { destinationPort: { number: 80 } } },
  { destinationNamedPort: "http" },
  { destinationNamedPort: "dns" },
);

const clusterRules = (field: "from" | "to") => {
  const action = fc.constantFrom("Accept", "Accept", "Deny", "Pass", "Pass");
  const protocols = fc.option(peers(clusterProtocol), { nil: undefined });
  const plain = fc.record({ action, list: peers(field === "to" ? clusterEgressPeer : pods), protocols });
  const named = fc.record({
    action: fc.constantFrom("Accept", "Accept", "Accept", "Accept", "Deny"),
    list: fc.tuple(domainPeer, clusterEgressPeer).map((list): object[] => list),
    protocols,
  });
  return fc.array(
    (field === "to" ? fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: named }) : plain).map(
      ({ action, list, protocols }) => ({ action, [field]: list, ...(protocols && { protocols }) }),
    ),
    { maxLength: 3 },
  );
};

const clusterPolicy = (index: number): fc.Arbitrary<object> =>
  fc
    .record({
      tier: fc.constantFrom("Admin", "Baseline"),
      priority: fc.constantFrom(0, 1, 1, 2, 1000),
      subject: pods,
      ingress: clusterRules("from"),
      egress: clusterRules("to"),
    })
    .map((spec) => ({
      apiVersion: "policy.networking.k8s.io/v1alpha2",
      kind: "ClusterNetworkPolicy",
      metadata: { name: `policy-${index}` },
      spec,
    }));

const policy = (index: number): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: 10, arbitrary: ciliumPolicy(index) },
    { weight: 3, arbitrary: networkPolicy(index) },
    { weight: 4, arbitrary: clusterPolicy(index) },
  );

const outside: readonly Peer[] = [
  ...["10.1.2.3", "10.1.9.9", "10.9.9.9", "203.0.113.7", "198.51.100.1", "8.8.8.8", "192.168.1.1", "192.168.1.2"],
  ...[managedApiServer, "10.1.2.100", "10.1.2.101"],
  ...["2001:db8:1::1", "2001:db8:2::1", "2606:4700::1"],
].map((address) => ({ kind: "address", address }) as const);

const entityPeers: readonly Peer[] = peerEntities.map((entity) => ({ kind: "entity", entity }));

function question(inventory: Inventory): fc.Arbitrary<Question> {
  const endpoints = inventory.endpoints.map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }) as const);
  const names = inventory.names.map(({ name }) => ({ kind: "fqdn", name }) as const);
  const nodes = inventory.nodes.map(({ name }) => ({ kind: "node", name }) as const);
  const pod = fc.constantFrom<Peer>(...endpoints);
  const other = fc.oneof(
    { weight: 3, arbitrary: pod },
    { weight: 3, arbitrary: fc.constantFrom<Peer>(...entityPeers) },
    { weight: 2, arbitrary: fc.constantFrom<Peer>(...outside) },
    { weight: 2, arbitrary: fc.constantFrom<Peer>(...nodes) },
    { weight: 1, arbitrary: fc.constantFrom<Peer>(...names) },
  );
  const l4 = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        protocol: fc.constantFrom(...(["TCP", "TCP", "TCP", "TCP", "UDP", "UDP", "UDP", "SCTP"] as const)),
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

/** Clusters with one to five policies and `count` questions each. */
export const worlds = (count: number): fc.Arbitrary<World> =>
  inventory.chain((inventory) =>
    fc.record({
      policies: fc
        .integer({ min: 1, max: 5 })
        .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => policy(i)))),
      inventory: fc.constant(inventory),
      questions: fc.array(question(inventory), { minLength: count, maxLength: count }),
    }),
  );
