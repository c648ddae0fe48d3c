import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOfProject, sample } from "../project.ts";
import { netpol, withoutBasis } from "./command.ts";
import { folderOf, shopPods, shopPolicies, shopPolicy } from "./folder.ts";

describe("netpol explain", () => {
  it("shows the rules that decided at both ends, as they are written", () => {
    const { code, stdout } = netpol(sample, "explain", "argocd/repo-server", "argocd/redis", "6379");
    assert.equal(code, 0);
    assert.match(stdout, /^argocd\/repo-server → argocd\/redis:6379\/TCP is allowed\n/);
    assert.match(
      stdout,
      /\nleaving argocd\/repo-server: allowed by argocd\/repo-server egress\[\d\]\.toPorts\[0\]\n {2}argocd\/repo-server egress\[\d\]:\n {4}toEndpoints:\n {6}- matchLabels:\n {10}app\.kubernetes\.io\/name: argocd-redis\n/,
    );
    assert.match(stdout, /\narriving at argocd\/redis: allowed by argocd\/redis ingress\[0\]\.toPorts\[0\]\n/);
  });

  it("says that a DNS name has to be resolved through the proxy first", () => {
    const { stdout } = netpol(sample, "explain", "argocd/repo-server", "github.com", "443");
    assert.match(
      stdout,
      /^argocd\/repo-server → github\.com:443\/TCP is allowed once the name is resolved through the DNS proxy\n/,
    );
  });

  const ends: [outcome: string, to: string, port: string, code: number][] = [
    ["allowed", "argocd/redis", "6379", 0],
    ["allowed once the name is resolved through the DNS proxy", "github.com", "443", 0],
    ["denied", "identity/login", "8443", 1],
  ];
  for (const [outcome, to, port, expected] of ends) {
    it(`ends with ${expected} for a connection that is ${outcome}`, () => {
      const { code, stdout } = netpol(sample, "explain", "argocd/repo-server", to, port);
      assert.ok(stdout.split("\n")[0]?.endsWith(` is ${outcome}`), stdout);
      assert.equal(code, expected);
    });
  }

  it("gives the same as data", () => {
    const { stdout } = netpol(sample, "explain", "host", "kube-system/coredns", "53/udp", "-o", "json");
    const { basis, ...answer } = JSON.parse(stdout);
    assert.deepEqual(Object.keys(basis.read), ["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy", "workload"]);
    assert.deepEqual(answer, {
      from: "host",
      to: "kube-system/coredns",
      port: 53,
      protocol: "UDP",
      outcome: "allowed",
      egress: {
        verdict: "allowed",
        why: "allowed since Cilium applies no policy at this end",
        policies: [],
        rules: [],
        redirect: null,
      },
      ingress: {
        verdict: "allowed",
        why: "allowed by kube-system/coredns ingress[1].toPorts[0]",
        policies: ["kube-system/coredns"],
        rules: [
          { kind: "CiliumNetworkPolicy", policy: "kube-system/coredns", tier: "Normal", path: "ingress[1].toPorts[0]" },
        ],
        redirect: null,
      },
    });
  });

  describe("tells what to write in the program for a denied connection", () => {
    const cases: readonly (readonly [from: string, to: string, port: string, advice: string])[] = [
      [
        "argocd/server",
        "data/postgres",
        "5432",
        'cluster/argocd.ts:\n  import { postgres } from "./data.ts";\n  from(server).to(postgres.postgresql),',
      ],
      [
        "booking/web",
        "booking/tunnel",
        "2000",
        "cluster/booking.ts:\n  ports: { port2000: tcp(2000) }, // a port of tunnel\n  from(web).to(tunnel.port2000),",
      ],
      ["argocd/redis", "kube-apiserver", "6443", "cluster/argocd.ts:\n  from(redis).to(kubeApiserver),"],
      [
        "argocd/redis",
        "kube-apiserver",
        "443",
        'cluster/argocd.ts:\n  import { controlPlaneNodes } from "../cilium/language.ts";\n  from(redis).to(controlPlaneNodes.on(443)),',
      ],
      ["argocd/redis", "example.com", "443", 'cluster/argocd.ts:\n  from(redis).to(fqdn("example.com").on(443)),'],
      [
        "argocd/redis",
        "192.0.2.7",
        "123/UDP",
        'cluster/argocd.ts:\n  import { cidr, udp } from "../cilium/language.ts";\n  from(redis).to(cidr("192.0.2.7/32").on(udp(123))),',
      ],
      [
        "argocd/redis",
        "monitoring/node-exporter",
        "9100",
        'cluster/argocd.ts:\n  import { nodeExporter } from "./monitoring.ts";\n  from(redis).to(nodeExporter.metrics),',
      ],
      [
        "argocd/redis",
        "argocd/redis",
        "6379/SCTP",
        'cluster/argocd.ts:\n  import { sctp } from "../cilium/language.ts";\n  sctp6379: sctp(6379), // a port of redis\n  from(redis).to(redis.sctp6379),\nBesides, enable-sctp in cilium-config has to be true.',
      ],
      ["ingress", "argocd/redis", "6379", "cluster/argocd.ts:\n  from(gateway).to(redis.redis),"],
      [
        "192.0.2.7",
        "argocd/redis",
        "6379",
        'cluster/argocd.ts:\n  import { cidr } from "../cilium/language.ts";\n  from(cidr("192.0.2.7/32")).to(redis.redis),',
      ],
      [
        "argocd/redis",
        "argocd/redis",
        "8/ICMP",
        'cluster/argocd.ts:\n  import { icmp } from "../cilium/language.ts";\n  from(redis).to(redis.on(icmp(8))),',
      ],
    ];
    for (const [from, to, port, advice] of cases) {
      it(`${from} → ${to}:${port}`, () => {
        const { stdout } = netpol(sample, "explain", from, to, port);
        assert.ok(withoutBasis(stdout).endsWith(`\n\nTo allow it, write in ${advice}\n`), stdout);
      });
    }

    it("or that there are no words for it", () => {
      const { stdout } = netpol(sample, "explain", "argocd/redis", "init", "80");
      assert.match(withoutBasis(stdout), /There is nothing to write: no word of the language means init\.\n$/);
    });

    it("and that no line helps where a deny decides", () => {
      const { stdout } = netpol(sample, "explain", "192.0.2.7", "jobs/backup", "80");
      assert.match(
        stdout,
        /To allow it, leave denyWorld out of the workload of jobs\/backup ingressDeny\[0\]: no allow rule outweighs/,
      );
    });

    it("and with those lines in the file it is allowed", () => {
      const project = copyOfProject();
      const file = join(project, "cluster/argocd.ts");
      const ask = ["explain", "argocd/server", "data/postgres", "5432"];
      const lines = netpol(project, ...ask)
        .stdout.split("\n")
        .filter((line) => line.startsWith("  "));
      const [imported, flow] = lines.slice(-2);
      const before = readFileSync(file, "utf8");
      const after = before.replace(/\n\]\);\n$/, `\n${flow}\n]);\n`);
      assert.notEqual(after, before);
      writeFileSync(file, after);
      appendFileSync(file, `${imported}\n`);
      assert.match(netpol(project, ...ask).stdout, /is allowed\n/);
    });
  });

  it("tells which rules foreign policies lack, and where", () => {
    const folder = folderOf({ "shop.yaml": shopPolicies + shopPods });
    const { stdout } = netpol(sample, "explain", "shop/web", "shop/db", "5432", "--from", folder);
    assert.ok(
      withoutBasis(stdout).endsWith(`
To allow it, add to the policy shop/web:
  egress:
    - toEndpoints:
        - matchLabels:
            app: db
      toPorts:
        - ports:
            - port: "5432"
              protocol: TCP
To allow it, add to the policy shop/db:
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: web
      toPorts:
        - ports:
            - port: "5432"
              protocol: TCP
`),
      stdout,
    );
  });

  it("tells which rules the program lacks where the pods come from elsewhere", () => {
    const folder = folderOf({ "pods.yaml": netpol(sample, "inventory").stdout });
    const ask = ["explain", "argocd/server", "data/postgres", "5432", "--inventory", join(folder, "pods.yaml")];
    assert.match(netpol(sample, ...ask).stdout, /\nTo allow it, add to the policy argocd\/server:\n {2}egress:\n/);
  });

  it("says what is not decidable, and why, and ends with 1", () => {
    const undecidable = shopPolicy("api", "egress: [{toServices: [{k8sService: {serviceName: db, namespace: shop}}]}]");
    const folder = folderOf({ "shop.yaml": undecidable + shopPods });
    const { code, stdout } = netpol(sample, "explain", "shop/api", "shop/db", "5432", "--from", folder);
    assert.equal(code, 1);
    assert.match(stdout, /is not decidable\n/);
    assert.match(stdout, /leaving shop\/api: not decidable: shop\/api egress\[0\] may allow it: toServices/);
  });

  it("takes a port by the name that the destination calls it by, and names those that it has", () => {
    const named = netpol(sample, "explain", "argocd/server", "argocd/redis", "redis").stdout;
    assert.match(named, /^argocd\/server → argocd\/redis:6379\/TCP is allowed\n/);
    const { code, stderr } = netpol(sample, "explain", "gateway", "argocd/server", "htps");
    assert.equal(code, 2);
    assert.match(stderr, /^htps is no port; .*: https \(8080\/TCP\), metrics \(8083\/TCP\)\n$/);
  });

  it("says which ports a pod has where the port is none of them, or a Service's in front of it", () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80, targetPort: 5432}]}
`;
    const folder = folderOf({ "shop.yaml": shopPolicies + shopPods + service });
    const notes = (to: string, port: string) =>
      JSON.parse(netpol(sample, "explain", "shop/api", to, port, "--from", folder, "-o", "json").stdout).notes;
    assert.deepEqual(notes("shop/db", "80"), [
      "80 is the port of Service shop/db, which leads to port 5432 of shop/db",
      "shop/db names no port 80/TCP; its ports are sql 5432/TCP",
    ]);
    assert.equal(notes("shop/db", "5432"), undefined);
    const { stdout } = netpol(sample, "explain", "gateway", "argocd/server", "80");
    assert.match(
      stdout,
      /^Note: argocd\/server names no port 80\/TCP; its ports are https 8080\/TCP, metrics 8083\/TCP$/m,
    );
  });
});
