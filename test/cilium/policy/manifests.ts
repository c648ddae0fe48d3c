/**
 * Arbitrary manifests of both kinds for comparing judgements: mostly right, with a few things off, so that both verdicts
 * are frequent. `agent` strays where the API server looks away and the agent does not; `server` strays in shape.
 */
import fc from "fast-check";

type Stray = "agent" | "server";

/** Manifests whose faults are mostly those that only the agent sees. */
export const manifestsForAgent = (): fc.Arbitrary<object> => manifest("agent");

/** Manifests whose faults are mostly those that the API server sees. */
export const manifestsForServer = (): fc.Arbitrary<object> => manifest("server");

function manifest(stray: Stray): fc.Arbitrary<object> {
  /** `usual`, and once in a while something that `stray` should catch. */
  const or = <T, U>(usual: fc.Arbitrary<T>, agent: fc.Arbitrary<U>, server: fc.Arbitrary<unknown>, weight = 14) =>
    fc.oneof(
      { weight: stray === "agent" ? weight : 2 * weight, arbitrary: usual },
      { weight: 1, arbitrary: stray === "agent" ? agent : server },
    );

  const record = (
    required: Record<string, fc.Arbitrary<unknown>>,
    optional: Record<string, fc.Arbitrary<unknown>> = {},
  ) =>
    or(
      fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
      fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
      fc.oneof(
        fc.record({ ...required, ...optional, unknown: fc.constant(1) }, { requiredKeys: ["unknown"] }),
        fc.record({ ...required, ...optional }, { requiredKeys: [] }),
      ),
      60,
    );

  const list = (item: fc.Arbitrary<unknown>, maxLength = 2) =>
    or(fc.array(item, { minLength: 1, maxLength }), fc.constant([]), fc.constantFrom([], null, "x", {}), 30);

  const name = or(
    fc.constantFrom("web", "db-1", "a.b"),
    fc.constantFrom("web", "0"),
    fc.constantFrom("", "Web", "-web", "web.", "a..b", "x".repeat(254), 7),
    30,
  );

  const labelKey = or(
    fc.constantFrom(
      "app",
      "app.kubernetes.io/name",
      "k8s:app",
      "any:tier",
      "reserved:host",
      "io.kubernetes.pod.namespace",
    ),
    fc.constantFrom(
      "",
      "a b",
      "-app",
      "app-",
      "a/b/c",
      "/app",
      "app/",
      "a:b:c",
      ":app",
      "k-8:app",
      "A.b/c",
      "$host",
      "x".repeat(64),
      `${"x".repeat(254)}/a`,
      "a_b/c",
      "k8s:",
      "K8S:app",
      "app:k8s.io/x",
    ),
    fc.constantFrom("app"),
    18,
  );
  const labelValue = or(
    fc.constantFrom("web", "", "a.b_c-d", "1"),
    fc.constantFrom("web"),
    fc.constantFrom("-web", "web-", "a b", "ü", "x".repeat(64), 1, true),
  );
  const expressionValue = or(
    fc.constantFrom("web", "", "b"),
    fc.constantFrom("-b", "a b", "x".repeat(64)),
    fc.constantFrom(1, null),
  );
  const expression = fc.oneof(
    record({
      key: labelKey,
      operator: fc.constantFrom("In", "NotIn"),
      values: or(
        fc.array(expressionValue, { minLength: 1, maxLength: 2 }),
        fc.constantFrom([], null, undefined),
        fc.constantFrom("x", {}),
        10,
      ),
    }),
    record({
      key: labelKey,
      operator: or(
        fc.constantFrom("Exists", "DoesNotExist"),
        fc.constant("Exists"),
        fc.constantFrom("Gt", "", "exists"),
      ),
      values: or(fc.constantFrom(undefined, [], null), fc.constant(["a"]), fc.constant([1]), 10),
    }),
  );
  const selector = or(
    fc.oneof(
      fc.constant({}),
      record({ matchLabels: fc.dictionary(labelKey.map(String), labelValue, { minKeys: 1, maxKeys: 2 }) }),
      record({ matchExpressions: fc.array(expression, { minLength: 1, maxLength: 2 }) }),
    ),
    fc.constant({ matchLabels: null }),
    fc.constantFrom([], "app=web", { app: "web" }),
    30,
  );

  const cidr = or(
    fc.constantFrom(
      "10.0.0.0/8",
      "192.168.0.240/32",
      "0.0.0.0/0",
      "2001:db8::/32",
      "::/0",
      "10.1.2.3/8",
      "::ffff:10.0.0.0/104",
      "fe80::1/128",
    ),
    fc.constantFrom("010.0.0.0/8", "10.0.0.0/08", "::ffff:010.0.0.0/104", "10.0.0.01/32", "10.0.0.0/00"),
    fc.constantFrom(
      "10.0.0.0",
      "10.0.0.0/33",
      "10.0.0/8",
      "256.0.0.0/8",
      "::/129",
      "fe80::1%eth0/64",
      "",
      "x",
      "10.0.0.0/",
      "/8",
      "10.0.0.0/8/8",
      "0x0a.0.0.0/8",
      " 10.0.0.0/8",
      "10.0.0.0/-1",
      "10.0.0.0/+8",
      "1::2::3/8",
      ":::/0",
      "00000:1::/32",
    ),
    12,
  );
  const cidrRule = fc.oneof(
    record({ cidr }, { except: fc.array(cidr, { maxLength: 2 }) }),
    record(
      { cidr: fc.constantFrom("10.0.0.0/8", "2001:db8::/32") },
      {
        except: fc.array(
          or(
            fc.constantFrom("10.1.0.0/16", "10.255.255.255/32", "2001:db8:1::/48"),
            fc.constantFrom("11.0.0.0/8", "0.0.0.0/0", "::ffff:10.0.0.0/104"),
            fc.constant("x"),
            6,
          ),
          { maxLength: 2 },
        ),
      },
    ),
    record({ cidrGroupRef: or(fc.constantFrom("nas", "a.b"), fc.constant("nas"), fc.constantFrom("", "A", "a b")) }),
    record({ cidrGroupSelector: selector }),
    or(
      fc.constant({ cidr: "10.0.0.0/8", cidrGroupRef: null }),
      fc.constant({ cidrGroupSelector: {} }),
      fc.constantFrom({}, { cidr: "10.0.0.0/8", cidrGroupRef: "nas" }, { cidr: null }),
    ),
  );

  const entity = or(
    fc.constantFrom(
      "world",
      "cluster",
      "host",
      "remote-node",
      "kube-apiserver",
      "ingress",
      "all",
      "none",
      "cluster-mesh",
    ),
    fc.constant("init"),
    fc.constantFrom("World", "world-ipv4", "", "nodes"),
  );

  const port = or(
    fc.constantFrom("80", "443", "8080", "53", "http", "metrics-1", "65535", "0"),
    fc.constantFrom(
      "65536",
      "8000-8100",
      "080",
      "08",
      "1_000",
      "1__0",
      "0x50",
      "0x000000000000050",
      "a-very-long-port-name",
      "HTTP",
      "a--b",
      "70000",
      "99999",
      "1e3",
      "+80",
      "80 ",
      "0b1010000000000000000",
      "0o17000000000000000",
      "0_7",
      "0_8",
      "00",
    ),
    fc.constantFrom("", "-80", "http-", "_", 80, "-", "!"),
    10,
  );
  const protocol = or(
    fc.constantFrom("TCP", "TCP", "TCP", "UDP"),
    fc.constantFrom("ANY", undefined, "SCTP", "VRRP", "GRE", "IPV6", null),
    fc.constantFrom("tcp", "ICMP", "", "ICMPv6"),
    10,
  );
  const endPort = or(
    fc.constantFrom(8100, 65535, 0),
    fc.constantFrom(1, 53),
    fc.constantFrom(-1, 65536, "8100", 1.5),
    10,
  );
  const portProtocol = fc.oneof(
    { weight: 6, arbitrary: record({ port, protocol }) },
    { weight: 1, arbitrary: record({ port, protocol }, { endPort }) },
    {
      weight: 1,
      arbitrary: or(
        fc.constant({ port: "0", protocol: "VRRP" }),
        fc.constantFrom({}, { protocol: "TCP" }, { port: null }, { port: "1", protocol: "IGMP" }),
        fc.constant({}),
        4,
      ),
    },
  );
  const manyPorts = (from: number) =>
    fc
      .integer({ min: from, max: 42 })
      .map((length) => Array.from({ length }, (_, i) => ({ port: String(1000 + i), protocol: "TCP" })));
  const ports = (most: number) =>
    or(
      fc.array(portProtocol, { minLength: 1, maxLength: 2 }),
      manyPorts(38).filter((list) => list.length <= most),
      manyPorts(41),
      25,
    );

  const dnsName = or(
    fc.constantFrom("example.com", "a-b.example.com.", "x"),
    fc.constantFrom("EXAMPLE.com", "_x.example.com", "a".repeat(255)),
    fc.constantFrom("", "*.example.com", "a..b", ".com", "a b", "ü.de", "a".repeat(256), "."),
  );
  const dnsPattern = or(
    fc.constantFrom("*.example.com", "*", "**.example.com", "example.com", "sub*.example.com."),
    fc.constantFrom("***", "a**b.*", "**.*.com"),
    fc.constantFrom("", "a..b", "*.", " *", "[a-z].com", ".example.com"),
  );
  const fqdn = or(
    fc.oneof(record({ matchName: dnsName }), record({ matchPattern: dnsPattern })),
    fc.constant({ matchName: "x", matchPattern: null }),
    fc.constantFrom({}, { matchName: "x", matchPattern: "*" }, { matchName: null }),
    30,
  );

  const regex = or(
    fc.constantFrom(
      "",
      "/",
      "/api/.*",
      "GET",
      "GET|POST",
      "^/v[0-9]+/[a-z]{2,3}$",
      "/(?:a|b)",
      "/\\d+",
      "/\\pL",
      "(?i)get",
    ),
    fc.oneof(
      fc.constantFrom(
        "(",
        "[a",
        "a**",
        "(?=a)",
        "(?<!a)b",
        "\\1",
        "a{1001}",
        "a{2,1}",
        "*",
        "(?P<n>a)",
        "(?<n>a)",
        "\\Q*\\E",
        "[[:alpha:]]",
        "[[:foo:]]",
        "\\p{Greek}",
        "\\p{Foo}",
        "\\z",
        "\\Z",
        "x{",
        "x{,3}",
        "[z-a]",
        "(?s).",
        "(?x) a",
        "a)",
        "\\",
        "\\8",
        "\\x{110000}",
        "\\C",
        "(a{500}){500}",
        "[]a]",
        "[^]",
        "(?i",
        "a++",
        "a??",
        "\\u0041",
        "\\e",
        "(?P<1>a)",
        "(?P<n>a)(?P<n>b)",
        "\\G",
        "\\h",
        "\\R",
        "\\K",
        "((a{100}){100}){100}",
      ),
      fc
        .array(
          fc.constantFrom(
            "a",
            "(",
            ")",
            "[",
            "]",
            "*",
            "+",
            "?",
            "{2}",
            "{1,",
            "\\",
            "|",
            ".",
            "^",
            "$",
            "(?:",
            "-",
            "\\w",
            "[^a",
            "\\b",
            "}",
            "(?i)",
            ":",
            "d",
          ),
          { minLength: 1, maxLength: 5 },
        )
        .map((parts) => parts.join("")),
    ),
    fc.constantFrom("/"),
    5,
  );
  const secret = record(
    { name: or(fc.constant("s"), fc.constant(""), fc.constantFrom(1, null), 6) },
    { namespace: fc.constant("x") },
  );
  const http = or(
    fc.oneof(
      fc.constant({}),
      record({}, { path: regex, method: regex, host: fc.constantFrom("a.b", "("), headers: fc.constant(["x-a"]) }),
      record({
        headerMatches: fc.array(
          record(
            { name: or(fc.constant("x"), fc.constant("x"), fc.constantFrom("", 1)) },
            {
              secret,
              value: fc.constant("v"),
              mismatch: or(fc.constant("LOG"), fc.constant("ADD"), fc.constantFrom("log", "")),
            },
          ),
          { minLength: 1, maxLength: 2 },
        ),
      }),
    ),
    fc.constant({ path: null }),
    fc.constantFrom({ paths: "/" }, "x"),
    30,
  );
  const rules = or(
    fc.oneof(record({ http: list(http) }), record({ dns: list(fqdn) })),
    fc.constantFrom({ http: [] }, { dns: [] }, { http: [{}], dns: null }),
    fc.constantFrom(
      {},
      { http: [{}], dns: [{ matchPattern: "*" }] },
      { kafka: [{}] },
      { l7proto: "x" },
      { http: null },
    ),
    10,
  );
  const l7Ports = (number: string) =>
    record({
      ports: or(
        fc.constant([{ port: number, protocol: "TCP" }]),
        fc.oneof(ports(40), fc.constantFrom(undefined, [])),
        fc.constant("x"),
        4,
      ),
    });
  const tls = record({ secret }, { trustedCA: fc.constant("ca.crt") });
  const listener = record(
    {
      envoyConfig: record(
        { name: or(fc.constant("e"), fc.constant("e"), fc.constant("")) },
        {
          kind: or(
            fc.constant("CiliumEnvoyConfig"),
            fc.constant("CiliumClusterwideEnvoyConfig"),
            fc.constantFrom("X", ""),
          ),
        },
      ),
      name: or(fc.constant("l"), fc.constant("l"), fc.constant("")),
    },
    { priority: or(fc.constantFrom(1, 100), fc.constant(50), fc.constantFrom(0, 101, 1.5)) },
  );
  const serverNames = or(
    fc.constantFrom(["a.b"], ["*.a.b", "c"]),
    fc.constant(["a"]),
    fc.constantFrom([], ["a", "a"], [""], ["a b"]),
    8,
  );
  const portRule = fc.oneof(
    { weight: 8, arbitrary: record({ ports: ports(40) }) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(l7Ports("80"), record({ rules: record({ http: list(http) }) }))
        .map(([a, b]) => ({ ...spread(a), ...spread(b) })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(l7Ports("53"), record({ rules: record({ dns: list(fqdn) }) }))
        .map(([a, b]) => ({ ...spread(a), ...spread(b) })),
    },
    {
      weight: 1,
      arbitrary: record(
        { ports: ports(40) },
        { rules, serverNames, listener, terminatingTLS: tls, originatingTLS: tls },
      ),
    },
  );
  const denyPortRule = or(
    record({ ports: ports(42) }),
    record({}, { ports: ports(42) }),
    record({ ports: ports(42), rules }),
    12,
  );

  const icmpType = or(
    fc.constantFrom(0, 8, 128, "8", "EchoRequest", "EchoReply"),
    fc.constantFrom(
      "PacketTooBig",
      "Redirect",
      256,
      -5,
      2 ** 31,
      -(2 ** 31),
      -(2 ** 31) - 1,
      "ExtendedEcho Reply",
      "Echo",
      "255",
      "0",
    ),
    fc.constantFrom("256", "echo", "", "-1", true, 1.5, null, "ExtendedEchoReply"),
    6,
  );
  const icmps = list(
    or(
      record({
        fields: fc.array(
          record(
            { type: icmpType },
            { family: or(fc.constantFrom("IPv4", "IPv6"), fc.constant("IPv6"), fc.constantFrom("ipv4", "")) },
          ),
          { minLength: 1, maxLength: 2 },
        ),
      }),
      fc.constantFrom({}, { fields: [] }, { fields: null }),
      fc.constant({ fields: "x" }),
    ),
  );
  const authentication = record({
    mode: or(fc.constantFrom("disabled", "required"), fc.constant("test-always-fail"), fc.constantFrom("", "x")),
  });

  const fromPeers = {
    fromEndpoints: list(selector),
    fromCIDR: list(cidr),
    fromCIDRSet: list(cidrRule),
    fromEntities: list(entity),
  };
  const toPeers = {
    toEndpoints: list(selector),
    toCIDR: list(cidr),
    toCIDRSet: list(cidrRule),
    toEntities: list(entity),
  };
  const groups = list(
    record({
      aws: record(
        {},
        { region: fc.constant("eu-1"), securityGroupsIds: fc.constant(["sg"]), labels: fc.constant({ a: "b" }) },
      ),
    }),
  );
  const services = list(
    fc.oneof(
      record({ k8sService: record({}, { serviceName: fc.constant("s"), namespace: fc.constant("n") }) }),
      record({ k8sServiceSelector: record({ selector }, { namespace: fc.constant("n") }) }),
    ),
  );
  const requires = or(fc.constantFrom(undefined, []), fc.constant([]), fc.constantFrom(["a"], [{}]), 20);

  /** Usually one kind of peer, now and then two, and the ports that go with it. */
  const peerRule = (
    peers: Record<string, fc.Arbitrary<unknown>>,
    rare: Record<string, fc.Arbitrary<unknown>>,
    ports: fc.Arbitrary<unknown>,
    more: Record<string, fc.Arbitrary<unknown>>,
  ) => {
    const one = fc
      .oneof(
        { weight: 10, arbitrary: fc.constantFrom(...Object.entries(peers)) },
        { weight: 1, arbitrary: fc.constantFrom(...Object.entries(rare)) },
      )
      .chain(([kind, arbitrary]) => record({ [kind]: arbitrary }));
    const all = { ...peers, ...rare };
    const two = fc
      .subarray(Object.keys(all), { minLength: 2, maxLength: 2 })
      .chain((kinds) => record(Object.fromEntries(kinds.map((kind) => [kind, all[kind] ?? fc.constant([])]))));
    const peer = or(fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: fc.constant({}) }), two, one, 16);
    const what = fc.oneof(
      { weight: 6, arbitrary: record({ toPorts: list(ports) }) },
      { weight: 2, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: record({ icmps }) },
      { weight: 1, arbitrary: or(fc.constant({}), record({ icmps, toPorts: list(ports) }), fc.constant({}), 4) },
    );
    return fc.tuple(peer, what, record({}, more)).map((parts) => Object.assign({}, ...parts.map(spread)));
  };

  const ingress = list(
    peerRule(
      fromPeers,
      {
        fromGroups: groups,
        fromNodes: or(fc.constant([]), list(selector), fc.constant([]), 2),
        fromRequires: requires,
      },
      portRule,
      { authentication },
    ),
  );
  const ingressDeny = list(
    peerRule(
      fromPeers,
      { fromGroups: groups, fromNodes: or(fc.constant([]), list(selector), fc.constant([]), 2) },
      denyPortRule,
      {},
    ),
  );
  const egress = list(
    peerRule(
      { ...toPeers, toFQDNs: list(fqdn) },
      {
        toServices: services,
        toGroups: groups,
        toNodes: or(fc.constant([]), list(selector), fc.constant([]), 2),
        toRequires: requires,
      },
      portRule,
      { authentication },
    ),
  );
  const egressDeny = list(peerRule(toPeers, { toServices: services, toGroups: groups }, denyPortRule, {}));

  const directions = fc.oneof(
    { weight: 4, arbitrary: record({ ingress, egress }) },
    { weight: 2, arbitrary: record({ egress }) },
    { weight: 2, arbitrary: record({ ingress }) },
    { weight: 1, arbitrary: record({ ingressDeny }, { egress }) },
    { weight: 1, arbitrary: record({ egressDeny }, { ingress }) },
    {
      weight: 1,
      arbitrary: or(
        fc.constant({ ingress: [{}] }),
        fc.constantFrom({ ingress: [] }, { egress: [], ingressDeny: [] }),
        fc.constantFrom({}, { ingress: null }),
        3,
      ),
    },
  );
  const subject = (host: fc.Arbitrary<object>) =>
    or(
      fc.oneof({ weight: 6, arbitrary: record({ endpointSelector: selector }) }, { weight: 1, arbitrary: host }),
      record({ nodeSelector: selector }),
      fc.constantFrom({}, { endpointSelector: {}, nodeSelector: {} }),
      20,
    );
  const extras = record(
    {},
    {
      description: or(fc.constant("d"), fc.constant(""), fc.constant(1)),
      labels: or(
        fc.constantFrom([{ key: "a", value: "b" }], [{ key: "a", source: "k8s" }]),
        fc.constant([{ key: "" }]),
        fc.constantFrom(["a"], [{}]),
        5,
      ),
      enableDefaultDeny: or(
        fc.constantFrom({}, { ingress: false }, { egress: true, ingress: true }),
        fc.constant({ egress: null }),
        fc.constantFrom({ ingress: "false" }, true),
        8,
      ),
      log: or(
        fc.constantFrom({ value: "team" }, {}),
        fc.constant({ value: "ü".repeat(32) }),
        fc.constantFrom({ value: "x".repeat(33) }, { value: "a\nb" }),
        8,
      ),
    },
  );
  const spec = (host: fc.Arbitrary<object>) =>
    fc
      .tuple(
        subject(host),
        directions,
        fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: extras }),
      )
      .map((parts) => Object.assign({}, ...parts.map(spread)));
  const body = (host: fc.Arbitrary<object>) =>
    or(
      fc.oneof(
        { weight: 10, arbitrary: fc.record({ spec: spec(host) }) },
        { weight: 1, arbitrary: fc.record({ specs: fc.array(spec(host), { maxLength: 2 }) }) },
      ),
      fc.record({ spec: spec(host), specs: fc.array(spec(host), { maxLength: 2 }) }),
      fc.constantFrom({}, { spec: null }, { spec: [], specs: [] }),
      40,
    );
  const metadata = record(
    { name },
    {
      labels: or(
        fc.constant({ "app.kubernetes.io/part-of": "x" }),
        fc.constant({}),
        fc.constantFrom({ "a b": "x" }, { a: "a b" }, { a: 1 }),
      ),
      annotations: or(
        fc.constantFrom({ "policy.cilium.io/x": "any text" }, { "UPPER.io/A": "x" }),
        fc.constant({}),
        fc.constantFrom({ "a b": "x" }, { a: 1 }, { "": "x" }),
      ),
    },
  );
  const namespaced = fc.tuple(metadata, body(fc.constant({ endpointSelector: {} }))).map(([metadata, body]) => ({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { namespace: "default", ...spread(metadata) },
    ...spread(body),
  }));
  const clusterwide = fc
    .tuple(metadata, body(fc.record({ nodeSelector: fc.constant({}) })))
    .map(([metadata, body]) => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata,
      ...spread(body),
    }));
  return fc.oneof({ weight: 3, arbitrary: namespaced }, { weight: 1, arbitrary: clusterwide }).map(asSent);
}

const spread = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

/** What arrives after a manifest went over the wire: no `undefined`. */
const asSent = (manifest: object): object => JSON.parse(JSON.stringify(manifest));
