import assert from "node:assert/strict";
import {
  cidr,
  dns,
  external,
  fqdn,
  from,
  gateway,
  grpc,
  host,
  http,
  kubeApiserver,
  namespace,
  nodes,
  tcp,
  tlsPassthrough,
  udp,
} from "../../../cilium/language.ts";
import { configure, type Settings, workloads } from "../../../cilium/model/cluster.ts";
import { collect, type StatedFlow } from "../../../cilium/model/flow.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { egressCell, ingressCell } from "../../../cilium/render/cells.ts";
import { program } from "../../rendered.ts";

const shop = namespace("shop");
const web = shop.workload("web", {
  labels: { app: "web" },
  ports: { http: http(8080), tls: tlsPassthrough(8443), peers: tcp(7946) },
});
const db = shop.workload("db", { labels: { app: "db" }, ports: { sql: tcp(5432), admin: tcp(8000) } });

const stores = namespace("stores");
const blobs = stores.workload("blobs", { labels: { app: "blobs" }, ports: { s3: http(8333), grpc: grpc(9000) } });
const index = stores.workload("index", { labels: { app: "index" }, ports: { grpc: grpc(9000) } });
const agent = stores.hostNetwork("agent", { reason: "reads the node", ports: { metrics: http(9100) } });

const locked = namespace("locked");
locked.workload("job", { labels: { app: "job" }, denyWorld: true });
locked.workload("guarded", { labels: { app: "guarded" }, defaultDeny: "ingress" });

const { config: settings } = program;

const declared = [shop.flows(() => []), stores.flows(() => []), locked.flows(() => [])];

/** The cells of workloads when the namespaces state these flows. */
const cellsOf = (stated: Readonly<Record<string, () => StatedFlow[]>>, changed: Partial<Settings> = {}) => {
  const namespaces = declared.map((one) => ({ ...one, state: () => collect(stated[one.name] ?? (() => [])) }));
  const cluster = configure(readCluster({ dns: program.cluster.dns, namespaces }), { ...settings, ...changed });
  return (name: string) => {
    const workload = workloads(cluster).find((one) => one.name === name);
    assert.ok(workload);
    return { ingress: ingressCell(cluster, workload), egress: egressCell(cluster, workload) };
  };
};

describe("A workload's cell in the tables", () => {
  const cases: [
    title: string,
    shop: () => StatedFlow[],
    workload: string,
    expected: { ingress?: string; egress?: string },
    stores?: () => StatedFlow[],
  ][] = [
    ["says when nothing is allowed", () => [], "web", { ingress: "(none)", egress: "(none)" }],
    ["says when the world is denied besides", () => [], "job", { ingress: "(deny world)", egress: "(none)" }],
    [
      "says where nothing is refused for want of a rule",
      () => [],
      "guarded",
      { ingress: "(none)", egress: "(no default deny)" },
    ],
    [
      "lists sources by the ports that they share, those of other namespaces with their namespace",
      () => [from(gateway, db).to(web.http), from(db).to(web.peers)],
      "web",
      { ingress: "gateway, db, blobs (stores) → 8080; db → 7946" },
      () => [from(blobs).to(web.http)],
    ],
    [
      "marks what Envoy parses, apart from the same port without it",
      () => [from(db).to(web.http), from(gateway).to(web.http).throughHttpProxy()],
      "web",
      { ingress: "db → 8080; gateway → 8080 (L7 HTTP)" },
    ],
    [
      "calls the workload itself self, and tells the purpose at both ends",
      () => [from(web).to(web.peers).for("memberlist")],
      "web",
      { ingress: "self → 7946 (memberlist)", egress: "self:7946 (memberlist)" },
    ],
    [
      "leaves the purpose of flows between namespaces to their own table",
      () => [from(web).to(blobs.s3).for("assets")],
      "web",
      { egress: "blobs (stores):8333" },
    ],
    [
      "joins destinations in one place on the same ports",
      () => [from(web).to(blobs.grpc, index.grpc, db.sql, db.admin)],
      "web",
      { egress: "blobs + index (stores):9000, db:5432/8000" },
    ],
    [
      "joins all ports on nodes, whichever pods of the host's network listen there",
      () => [from(web).to(nodes.on(10250), agent.metrics)],
      "web",
      { egress: "nodes:10250/9100" },
    ],
    [
      "leaves out the API server's port, unless it is another",
      () => [from(web).to(kubeApiserver), from(db).to(kubeApiserver.on(443))],
      "web",
      { egress: "kube-apiserver" },
    ],
    [
      "says a port of the API server that is not the usual one",
      () => [from(db).to(kubeApiserver.on(443))],
      "db",
      { egress: "kube-apiserver:443" },
    ],
    [
      "joins names with a plus, and three or more of one domain with braces",
      () => [
        from(web).to(fqdn("a.example.com", "b.example.org", "*.example.com", "c.example.com", "example.org").on(443)),
      ],
      "web",
      { egress: "{a,*,c}.example.com + b.example.org + example.org:443" },
    ],
    [
      "keeps names without a dot apart",
      () => [from(web).to(fqdn("nas", "printer", "scanner").on(80))],
      "web",
      { egress: "nas + printer + scanner:80" },
    ],
    [
      "names protocols other than TCP; DNS goes without saying",
      () => [from(web).to(host.on(dns(53)), cidr("192.0.2.0/24").on(udp(123)), fqdn("quic.example").on(443, udp(443)))],
      "web",
      { egress: "host:53, 192.0.2.0/24:123/UDP, quic.example:443 (443 also UDP)" },
    ],
    [
      "shows a machine's address beside its name",
      () => [from(web).to(external("nas", "192.0.2.7").on(2049)).for("NFS")],
      "web",
      { egress: "nas (192.0.2.7):2049 (NFS)" },
    ],
  ];
  for (const [title, shop, workload, expected, stores = () => []] of cases) {
    it(title, () => {
      const cells = cellsOf({ shop, stores })(workload);
      assert.deepEqual({ ...cells, ...expected }, cells);
    });
  }

  it("uses the API server's port of the cluster", () => {
    const cells = cellsOf({ shop: () => [from(web).to(kubeApiserver)] }, { apiServerPort: 443 });
    assert.equal(cells("web").egress, "kube-apiserver");
  });
});
