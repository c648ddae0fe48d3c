import assert from "node:assert/strict";
import {
  absent,
  anyPod,
  cidr,
  cidrGroup,
  cluster,
  deny,
  dns,
  everyPort,
  external,
  fqdn,
  from,
  gateway,
  host,
  http,
  icmp,
  ipProtocol,
  kubeApiserver,
  namespace,
  oneOf,
  podsOf,
  sctp,
  service,
  tcp,
  tlsPassthrough,
  world,
} from "../../../cilium/language.ts";
import { Faults } from "../../../cilium/model/faults.ts";
import type { StatedFlow } from "../../../cilium/model/flow.ts";
import type { NamespaceDeclaration } from "../../../cilium/model/namespace.ts";
import { readCluster } from "../../../cilium/model/read.ts";

const system = namespace("kube-system");
const coredns = system.workload("coredns", { labels: { "k8s-app": "kube-dns" }, ports: { dns: dns(53) } });
const kubeSystem = system.flows(() => []);

/** What is wrong with these namespaces, a line each. */
function faultsOf(...namespaces: NamespaceDeclaration[]): readonly string[] {
  return faultsIn({ dns: coredns.dns, namespaces: [kubeSystem, ...namespaces] });
}

function faultsIn(cluster: unknown): readonly string[] {
  try {
    readCluster(cluster);
  } catch (error) {
    if (error instanceof Faults) return error.faults;
    throw error;
  }
  return [];
}

/** A namespace `shop` with a client `web` and a server `db`, and the flows that a test states. */
function shop(state: (shop: ReturnType<typeof open>) => StatedFlow[]): NamespaceDeclaration {
  const opened = open();
  return opened.ns.flows(() => state(opened));
}

function open() {
  const ns = namespace("shop");
  const web = ns.workload("web", { labels: { app: "web" }, ports: { http: http(8080), tls: tlsPassthrough(8443) } });
  const db = ns.workload("db", { labels: { app: "db" }, ports: { postgres: tcp(5432) } });
  return { ns, web, db };
}

/** A namespace `shop` with a workload `web` of this spec. */
function web(spec: unknown): NamespaceDeclaration {
  const ns = namespace("shop");
  ns.workload("web", untyped(spec));
  return ns.flows(() => []);
}

/** What a program that no type checker has seen may say. */
// biome-ignore lint/suspicious/noExplicitAny: the point is to get past the types.
const untyped = (value: unknown): any => value;

const labels = { app: "web" };

describe("What a file declares is refused, with file and line,", () => {
  const cases: [title: string, namespaces: () => NamespaceDeclaration[], expected: string | RegExp][] = [
    [
      "with a misspelt key",
      () => [web({ lables: labels })],
      "shop/web: lables: there is no such key; did you mean labels?",
    ],
    ["without a spec", () => [web(undefined)], /^shop\/web: write what its pods carry, such as \{ labels: /],
    ["without labels", () => [web({ labels: {} })], /^shop\/web: has no labels, so its policy would select every pod/],
    [
      "with a label that is no text",
      () => [web({ labels: { app: 5 } })],
      'shop/web: labels.app: write a text, oneOf("a", "b"), otherThan("a"), noneOf("a", "b"), present or absent, given 5',
    ],
    [
      "with a label that is one of none",
      () => [web({ labels: { app: oneOf() } })],
      /^shop\/web: labels\.app\.oneOf: oneOf\(\) without a value/,
    ],
    [
      "with a label that Cilium strips from identities",
      () => [web({ labels: { "pod-template-hash": "x" } })],
      /^shop\/web: label pod-template-hash is not part of a pod's identity/,
    ],
    [
      "with probes that are no list",
      () => [web({ labels, ports: { https: http(443) }, probes: "https" })],
      'shop/web: probes: write a list of names of its ports, such as ["https"], given "https"',
    ],
    [
      "with a probe on a port that the workload does not have",
      () => [web({ labels, ports: { http: http(8080) }, probes: ["htpp"] })],
      "shop/web: probes htpp, which is none of its ports; did you mean http?",
    ],
    [
      "with a probed workload that denies the world",
      () => [web({ labels, ports: { http: http(80) }, probes: ["http"], denyWorld: true })],
      /^shop\/web: has kubelet probes and denies world/,
    ],
    [
      "with a port that is a number",
      () => [web({ labels, ports: { http: 8080 } })],
      "shop/web: ports.http: 8080 is no port; write one such as http(8080) or udp(53)",
    ],
    [
      "with the number of a port as a text",
      () => [web({ labels, ports: { http: http(untyped("8080")) } })],
      'shop/web: ports.http.number: port "8080"; write a number from 1 to 65535',
    ],
    [
      "with a port that is called like a property of the workload",
      () => [web({ labels, ports: { name: http(8080) } })],
      /^shop\/web: ports\.name: .*no name for a port/,
    ],
    [
      "with a word for what is true or not there",
      () => [web({ labels, denyWorld: "yes" })],
      'shop/web: denyWorld: write true, or leave it out, given "yes"',
    ],
    [
      "with a direction that is none",
      () => [web({ labels, defaultDeny: "both" })],
      'shop/web: defaultDeny: write "ingress", "egress" or "none", or leave it out for both directions, given "both"',
    ],
    [
      "with probes of a group",
      () => {
        const ns = namespace("shop");
        ns.group("all", untyped({ ports: { http: http(80) }, probes: ["http"] }));
        return [ns.flows(() => [])];
      },
      "shop/all: probes: there is no such key",
    ],
    [
      "with a port that is called like the word for all others",
      () => [web({ labels, ports: { on: http(8080) } })],
      /^shop\/web: ports\.on: .*no name for a port/,
    ],
    [
      "with pods on the host's network for no reason",
      () => {
        const ns = namespace("shop");
        ns.hostNetwork("agent", untyped({}));
        return [ns.flows(() => [])];
      },
      /^shop\/agent: reason: write why they run on the host's network/,
    ],
    [
      "with a name that Kubernetes does not take",
      () => {
        const ns = namespace("shop");
        ns.workload("webShop", { labels });
        return [ns.flows(() => [])];
      },
      /^shop\/webShop: write a name of lower-case letters/,
    ],
    [
      "with a namespace that has no name",
      () => [namespace(untyped(undefined)).flows(() => [])],
      /^namespace undefined: /,
    ],
    [
      "with a workload that is declared after flows()",
      () => {
        const ns = namespace("shop");
        const closed = ns.flows(() => []);
        ns.workload("late", { labels: { app: "late" } });
        return [closed];
      },
      /^shop\/late is declared after flows\(\)/,
    ],
    [
      "with two lists of flows",
      () => {
        const ns = namespace("shop");
        ns.flows(() => []);
        return [ns.flows(() => [])];
      },
      /^shop: flows\(\) for the second time/,
    ],
    [
      "with flows that are no function",
      () => [namespace("shop").flows(untyped([]))],
      /^shop: flows\(\) takes a function/,
    ],
    [
      "with a function that gives no list",
      () => [namespace("shop").flows(() => untyped(undefined))],
      /^shop: the function of flows\(\) gives undefined, not a list/,
    ],
    [
      "with something else in the list",
      () => [shop(() => untyped([open().web]))],
      /^shop: an object in the list of flows/,
    ],
    [
      "with a flow that is not in the list",
      () => [
        shop(({ web, db }) => {
          from(web).to(db.postgres);
          return [];
        }),
      ],
      "a flow that is not in the list of shop; write it there",
    ],
    ["with from() alone", () => [shop(({ web }) => untyped([from(web)]))], /^from\(…\) without \.to\(…\)/],
    ["with from() of nobody", () => [shop(({ db }) => [from().to(db.postgres)])], /^from\(\) without a source/],
    ["with to() of nobody", () => [shop(({ web }) => [from(web).to()])], /^to\(\) without a destination/],
    [
      "with a text for a source",
      () => [shop(({ db }) => [from(untyped("web")).to(db.postgres)])],
      '"web" is no peer; write a workload, or a word such as gateway or world',
    ],
    [
      "with a port for a source",
      () => [shop(({ web, db }) => [from(untyped(web.http)).to(db.postgres)])],
      /^a port opens no connections; write a workload/,
    ],
    [
      "with names for a source",
      () => [shop(({ db }) => [from(untyped(fqdn("example.com"))).to(db.postgres)])],
      /^example\.com opens no connections that a policy could tell/,
    ],
    [
      "with a text for a destination",
      () => [shop(({ web }) => [from(web).to(untyped("kubeApiserver"))])],
      /^"kubeApiserver" is no peer; write a workload's port/,
    ],
    [
      "with what a file does not export for a destination",
      () => [shop(({ web }) => [from(web).to(untyped(undefined))])],
      /^undefined is no peer/,
    ],
    [
      "with on that is not called",
      () => [shop(({ web }) => [from(web).to(untyped(world.on))])],
      /^a function is no peer/,
    ],
    [
      "with a text for a port",
      () => [shop(({ web }) => [from(web).to(world.on(untyped("443")))])],
      /^"443" is no port/,
    ],
    [
      "with a purpose that is no text",
      () => [shop(({ web, db }) => [from(web).to(db.postgres).for(untyped(1))])],
      /^for\(…\)/,
    ],
    [
      "with a port that the workload does not have, naming the nearest",
      () => [shop(({ web, db }) => [from(web).to(untyped(db).postgrse)])],
      "flow shop/web → shop/db: shop/db has no port postgrse; did you mean postgres?",
    ],
    [
      "with a workload as destination and no port",
      () => [shop(({ web, db }) => [from(web).to(untyped(db))])],
      "flow shop/web → shop/db: shop/db without a port; name one of postgres",
    ],
    [
      "with names and no port",
      () => [shop(({ web }) => [from(web).to(untyped(fqdn("example.com")))])],
      /example\.com without a port; add \.on\(443\)/,
    ],
    [
      "with a port that does not exist",
      () => [shop(({ web }) => [from(web).to(world.on(70000))])],
      /^port 70000; write a number/,
    ],
    [
      "with a range that ends before it begins",
      () => [shop(({ web }) => [from(web).to(world.on(tcp(90, 80)))])],
      "no port is from 90 to 80; write the smaller number first",
    ],
    [
      "with a type of ICMP that there is not",
      () => [shop(({ web }) => [from(web).to(world.on(icmp("Ping")))])],
      /^"Ping" is no type of ICMP over IPv4; write a number from 0 to 255, or one of EchoReply, /,
    ],
    [
      "with a protocol that has ports",
      () => [shop(({ web }) => [from(web).to(world.on(ipProtocol(untyped("TCP"))))])],
      '"TCP" is no protocol without ports; write one of VRRP, IGMP, GRE, IPIP, IPV6, ESP, AH',
    ],
    [
      "with a name for a port of what is no pod",
      () => [shop(({ web }) => [from(web).to(world.on(tcp("https")))])],
      "flow shop/web → world: only pods give their ports names; write the numbers of those of world",
    ],
    [
      "with a name of a port that is none",
      () => [shop(({ web, db }) => [from(web).to(db.on(tcp("5432")))])],
      '"5432" is no name of a port; write at most 15 letters, digits and -',
    ],
    [
      "with HTTP parsing on ports that nobody numbers",
      () => [shop(({ web, db }) => [from(web).to(db.on(everyPort)).throughHttpProxy()])],
      /shop\/db speaks every port there/,
    ],
    [
      "with names on a port that is neither TCP nor UDP",
      () => [shop(({ web }) => [from(web).to(fqdn("example.com").on(sctp(443)))])],
      /names are reached over TCP or UDP only/,
    ],
    [
      "with something that is no name",
      () => [shop(({ web }) => [from(web).to(fqdn("https://example.com").on(443))])],
      /^https:\/\/example\.com is not a DNS name/,
    ],
    ["with a list of no names", () => [shop(({ web }) => [from(web).to(fqdn().on(443))])], /^fqdn\(\) without a name/],
    [
      "with something that is no CIDR",
      () => [shop(({ web }) => [from(web).to(cidr("10.0.0.0").on(443))])],
      /10\.0\.0\.0" is not a CIDR/,
    ],
    [
      "with an exception that is no part of its range",
      () => [shop(({ web }) => [from(web).to(cidr("10.0.0.0/8").except("192.0.2.0/24").on(443))])],
      "10.0.0.0/8 except 192.0.2.0/24, which is no part of it; leave it out",
    ],
    [
      "with a CIDR group that is called like none",
      () => [shop(({ web }) => [from(cidrGroup(untyped("Cloud Flare"))).to(web.http)])],
      /^cidrGroup\(\) takes the name of a CiliumCIDRGroup/,
    ],
    [
      "with a Service that has no name",
      () => [shop(({ web }) => [from(web).to(service("infra", untyped(undefined)).on(443))])],
      /^write the namespace of a Service and its name or labels/,
    ],
    [
      "with a Service for a source",
      () => [shop(({ web }) => [from(untyped(service("infra", "vault"))).to(web.http)])],
      /^Service vault of infra opens no connections that a policy could tell/,
    ],
    [
      "with addresses that reach what has no policy",
      () => [shop(() => [from(cidr("192.0.2.0/24")).to(world.on(443))])],
      /^flow 192\.0\.2\.0\/24 → world: comes from 192\.0\.2\.0\/24, outside the pods; only workloads of shop/,
    ],
    [
      "with an external host whose address is none",
      () => [shop(({ web }) => [from(web).to(external("nas", "nas.local").on(443))])],
      /nas\.local" is not an IP address/,
    ],
    [
      "with HTTP parsing on a port that carries TLS",
      () => [shop(({ web }) => [from(gateway).to(web.tls).throughHttpProxy()])],
      /shop\/web speaks tls-passthrough there, .*leave throughHttpProxy\(\) out/,
    ],
    [
      "with a limit that is none",
      () => [
        shop(({ web, db }) => [
          from(web)
            .to(db.postgres)
            .carrying(untyped({ metod: "GET" })),
        ]),
      ],
      /^an object is none of it; carrying\(\) takes \{ method: "GET", path: "\/metrics" \}/,
    ],
    [
      "with a limit that limits nothing",
      () => [shop(({ web }) => [from(web).to(web.http).carrying({})])],
      /^carrying\(\) takes \{ method/,
    ],
    [
      "with a path that Envoy could not compile",
      () => [shop(({ web }) => [from(web).to(web.http).carrying({ path: "/(?=x)" })])],
      /^"\/\(\?=x\)" is no regular expression in the syntax of RE2: /,
    ],
    [
      "with a server's name that is none",
      () => [shop(({ web }) => [from(web).to(world.on(443)).carrying({ serverName: "https://example.com" })])],
      /^https:\/\/example\.com is not a DNS name/,
    ],
    [
      "with limits of two kinds",
      () => [shop(({ web }) => [from(web).to(web.http).carrying({ path: "/" }, { serverName: "example.com" })])],
      "requests, server names and look-ups in one flow; state a flow for each",
    ],
    [
      "with requests on a port that does not speak HTTP",
      () => [shop(({ web, db }) => [from(web).to(db.postgres).carrying({ path: "/" })])],
      /^flow shop\/web → shop\/db: shop\/db speaks tcp there, and only plaintext HTTP has requests/,
    ],
    [
      "with a server's name on a port that speaks plaintext HTTP",
      () => [shop(({ web }) => [from(web).to(web.http).carrying({ serverName: "example.com" })])],
      /shop\/web speaks http there, and server names are those of TLS over TCP/,
    ],
    [
      "with look-ups on a port that does not speak DNS",
      () => [shop(({ web }) => [from(web).to(world.on(53)).carrying({ lookup: "example.com" })])],
      /world speaks tcp there, and look-ups go to DNS ports; write dns\(53\)/,
    ],
    [
      "with a proof of what is no pod",
      () => [shop(({ web }) => [from(web).to(world.on(443)).authenticated()])],
      "flow shop/web → world: world cannot prove who it is; only pods authenticate each other, so leave authenticated() out",
    ],
    [
      "with names that are denied",
      () => [shop(({ web }) => [deny(web).to(fqdn("example.com").on(443))])],
      "denied flow shop/web → example.com: example.com cannot be denied, since policies deny no names; deny addresses",
    ],
    [
      "with a deny of some requests",
      () => [shop(({ web }) => [deny(web).to(web.http).carrying({ path: "/admin" })])],
      "denied flow shop/web → shop/web: deny() refuses whole connections; leave what follows the destinations out",
    ],
    [
      "with a deny that would break probes",
      () => {
        const ns = namespace("shop");
        const probed = ns.workload("probed", { labels, ports: { http: http(8080) }, probes: ["http"] });
        return [ns.flows(() => [deny(cluster).to(probed.on(everyPort))])];
      },
      /^denied flow cluster → shop\/probed: the kubelet probes shop\/probed there from cluster, which a deny would break/,
    ],
    [
      "with a deny that would break probes of a group's pods",
      () => {
        const ns = namespace("shop");
        ns.workload("probed", { labels, ports: { http: http(8080) }, probes: ["http"] });
        const everything = ns.group("everything");
        return [ns.flows(() => [deny(cluster).to(everything.on(8080))])];
      },
      /^denied flow cluster → shop\/everything: the kubelet probes shop\/probed there from cluster/,
    ],
    [
      "with a flow in another namespace's file",
      () => [shop(() => []), namespace("other").flows(() => [from(open().web).to(world.on(443))])],
      /^flow shop\/web → world: starts in shop; state it in that namespace's file/,
    ],
    [
      "with a flow from outside the pods to another namespace's workload",
      () => [shop(() => []), namespace("other").flows(() => [from(host).to(open().web.http)])],
      /^flow host → shop\/web: comes from host, outside the pods; only workloads of other/,
    ],
    [
      "with host-network pods as the subject of a policy",
      () => {
        const ns = namespace("agents");
        const agent = ns.hostNetwork("agent", { reason: "test" });
        return [ns.flows(() => [from(agent).to(world.on(443))])];
      },
      /agents\/agent runs on the host's network and cannot be the subject of a policy/,
    ],
    [
      "with pods of nothing that is a namespace",
      () => [shop(({ web }) => [from(podsOf(untyped(5))).to(web.http)])],
      /^write namespaces as "monitoring", oneOf\("a", "b"\), or by their labels/,
    ],
    [
      "with pods of no namespace",
      () => [shop(({ web }) => [from(podsOf(absent)).to(web.http)])],
      /^every pod has a namespace, so absent selects none; write anyPod/,
    ],
    [
      "with pods by a label that Cilium strips from identities",
      () => [shop(({ web }) => [from(podsOf("shop", { "pod-template-hash": "x" })).to(web.http)])],
      /^label pod-template-hash is not part of a pod's identity/,
    ],
    [
      "with pods of a namespace as destination and no port",
      () => [shop(({ web }) => [from(web).to(untyped(podsOf("shop")))])],
      "flow shop/web → pods of shop: pods of shop without a port; add .on(443), or what it is",
    ],
    [
      "with any pod's flow to what is of another namespace",
      () => [shop(() => []), namespace("other").flows(() => [from(anyPod).to(open().web.http)])],
      "flow any pod → shop/web: any pod are no workload of other; only pods of other can be their destinations here",
    ],
    [
      "with a flow between pods that nobody declares",
      () => [shop(() => [from(podsOf("shop", { app: "x" })).to(podsOf("elsewhere").on(80))])],
      /^flow pods of shop with app=x → pods of elsewhere: no workload of the program stands at either end/,
    ],
    [
      "with pods that are a part of a workload's",
      () => {
        const ns = namespace("shop");
        const jobs = ns.workload("jobs", { labels: { job: oneOf("a", "b") }, ports: { http: http(80) } });
        return [ns.flows(() => [from(podsOf("shop", { job: "a" })).to(jobs.http)])];
      },
      /^flow pods of shop with job=a → shop\/jobs: pods of shop with job=a are some of the pods of shop\/jobs and not others/,
    ],
    [
      "with labels of its namespace that are no texts",
      () => [namespace("shop", untyped({ labels: { team: 5 } })).flows(() => [])],
      'namespace "shop": labels.team: write a text, given 5',
    ],
    [
      "with a flow to a workload of a namespace that is not in the cluster",
      () => {
        const ns = namespace("other");
        const client = ns.workload("client", { labels });
        return [ns.flows(() => [from(client).to(open().db.postgres)])];
      },
      /^flow other\/client → shop\/db: shop\/db is not in the cluster/,
    ],
  ];
  for (const [title, namespaces, expected] of cases) {
    it(title, () => {
      const found = faultsOf(...namespaces());
      assert.equal(found.length, 1, found.join("\n"));
      const [, place, said = ""] = /^(.*?:\d+): (.*)$/.exec(found[0] ?? "") ?? [];
      assert.match(place ?? "", /^model\/read\.test\.ts:\d+$/);
      if (typeof expected === "string") assert.equal(said, expected);
      else assert.match(said, expected);
    });
  }

  it("with every fault of every file at once, a line each", () => {
    const other = namespace("other");
    other.workload("client", untyped({ labels, probe: [] }));
    const found = faultsOf(
      shop(({ web, db }) => [
        from(web).to(untyped(db).x, untyped(db).y),
        from(gateway).to(web.tls).throughHttpProxy(),
        from(web).to(),
      ]),
      other.flows(() => untyped(null)),
    );
    assert.equal(found.length, 6, found.join("\n"));
  });

  it("without faults that follow from others", () => {
    const ns = namespace("shop");
    const db = ns.workload("db", untyped({ labels: { app: "db" }, port: {}, ports: { sql: 5432 } }));
    const web = ns.workload("web", { labels });
    const found = faultsOf(ns.flows(() => [from(web).to(untyped(db).sql)]));
    assert.deepEqual(
      found.map((line) => line.replace(/^\S+ /, "")),
      [
        "shop/db: ports.sql: 5432 is no port; write one such as http(8080) or udp(53)",
        "shop/db: port: there is no such key; did you mean ports?",
      ],
    );
  });

  it("with a flow outside of any list, as soon as the file is loaded", () => {
    assert.throws(
      () => from(kubeApiserver),
      /^Faults: model\/read\.test\.ts:\d+: a flow outside of flows\(\(\) => \[ … \]\)/,
    );
  });
});

describe("The cluster is refused", () => {
  const cases: Record<string, [cluster: unknown, said: string | RegExp]> = {
    "when it is none": [[], /^the cluster: write \{ namespaces: \[ … \] \}/],
    "with a misspelt key": [
      { dns: coredns.dns, namespaces: [kubeSystem], namespace: [] },
      "the cluster: namespace: there is no such key; did you mean namespaces?",
    ],
    "with something else for a namespace": [
      { dns: coredns.dns, namespaces: [kubeSystem, system] },
      /^the cluster: namespaces\.1: an object is no namespace; list what/,
    ],
    "with a misspelt port of its DNS": [
      { dns: untyped(coredns).dsn, namespaces: [kubeSystem] },
      "the cluster's DNS: kube-system/coredns has no port dsn; did you mean dns?",
    ],
    "with its DNS outside the pods": [
      { dns: world.on(dns(53)), namespaces: [kubeSystem] },
      /^the cluster's DNS: write a port of the workload/,
    ],
  };
  for (const [title, [cluster, said]] of Object.entries(cases)) {
    it(title, () => {
      const found = faultsIn(cluster);
      assert.equal(found.length, 1, found.join("\n"));
      if (typeof said === "string") assert.equal(found[0], said);
      else assert.match(found[0] ?? "", said);
    });
  }
});

describe("A cluster is read", () => {
  it("with a deny from nodes of a port that the kubelet does not probe", () => {
    const ns = namespace("shop");
    const ports = { http: http(8080), admin: http(9000) };
    const probed = ns.workload("probed", { labels, ports, probes: ["http"] });
    assert.deepEqual(faultsOf(ns.flows(() => [deny(cluster).to(probed.admin), deny(world).to(probed.http)])), []);
  });

  it("with host-network pods as a peer on either side", () => {
    const ns = namespace("agents");
    const agent = ns.hostNetwork("agent", { reason: "test", ports: { metrics: http(9100) } });
    const scraper = ns.workload("scraper", { labels: { app: "scraper" }, ports: { http: http(80) } });
    assert.deepEqual(faultsOf(ns.flows(() => [from(scraper).to(agent.metrics), from(agent).to(scraper.http)])), []);
  });

  it("again and again, with the same result", () => {
    const declared = { dns: coredns.dns, namespaces: [kubeSystem, shop(({ web, db }) => [from(web).to(db.postgres)])] };
    assert.deepEqual(readCluster(declared), readCluster(declared));
  });
});
