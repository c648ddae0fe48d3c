import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { rings } from "../../cilium/model/order.ts";
import { sample } from "../project.ts";
import { program } from "../rendered.ts";
import { policyCount } from "../sample/counts.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol, netpolWith, withoutBasis } from "./command.ts";
import { folderOf, shopPods, shopPolicies, shopPolicy } from "./folder.ts";

const answer = z.object({
  findings: z.array(
    z.object({
      level: z.enum(["error", "warning", "note"]),
      rule: z.string(),
      subject: z.string(),
      file: z.string().optional(),
      message: z.string(),
    }),
  ),
  basis: z.object({ read: z.record(z.string(), z.number()), notes: z.array(z.string()) }),
});

const sarifLog = z.object({
  version: z.literal("2.1.0"),
  runs: z.array(
    z.object({
      tool: z.object({ driver: z.object({ name: z.string(), rules: z.array(z.object({ id: z.string() })) }) }),
      results: z.array(
        z.object({
          ruleId: z.string(),
          ruleIndex: z.number(),
          level: z.enum(["error", "warning", "note"]),
          message: z.object({ text: z.string() }),
          locations: z
            .array(
              z.object({
                physicalLocation: z.object({
                  artifactLocation: z.object({ uri: z.string() }),
                  region: z.object({ startLine: z.number() }),
                }),
              }),
            )
            .optional(),
        }),
      ),
      invocations: z.array(z.unknown()),
    }),
  ),
});

const check = (manifests: string, ...options: string[]) => {
  const args = ["check", "-f", "-", "-o", "json", ...options];
  const { code, stdout } = netpolWith({ input: manifests }, sample, ...args);
  const { findings, basis } = answer.parse(JSON.parse(stdout));
  return { code, found: findings, basis };
};

describe("netpol check", () => {
  it("finds nothing wrong with the program's own policies", () => {
    const { code, stdout, stderr } = netpol(sample, "check");
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(
      withoutBasis(stdout),
      new RegExp(`\nstack prod: ${policyCount} policies, 0 errors, 0 warnings, \\d+ notes\n$`),
    );
  });

  it("notes which workloads of the program are each other's servers", () => {
    const { stdout } = netpol(sample, "check", "-o", "json");
    const found = answer.parse(JSON.parse(stdout)).findings.filter(({ rule }) => rule === "ring");
    assert.deepEqual(
      found.map(({ level, subject }) => [level, subject]),
      rings(program.cluster).map((ring) => ["note", ring.toSorted().join(", ")]),
    );
    assert.ok(found.length > 0);
  });

  it("finds nothing wrong with a shop whose flows are open at both ends", () => {
    const { code, found } = check(shopPolicies + shopPods);
    assert.deepEqual(
      found.filter(({ level }) => level !== "note"),
      [],
    );
    assert.equal(code, 0);
  });

  const web = (spec: string): string =>
    shopPolicies.replace(/[\s\S]*?(?=---\n[^-]*name: api)/, shopPolicy("web", spec));
  const shopService = `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9000}]}
`;
  const nameServer = `---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: main, image: none}]}
`;
  type Case = readonly [about: string, manifests: string, level: "error" | "warning", rule: string, said: RegExp];
  const houseRules: readonly Case[] = [
    [
      "what a mandatory rule of the policy pack forbids",
      web("ingress: [{}]"),
      "error",
      "default-deny-both-ways",
      /shop\/web: has no egress rule/,
    ],
    [
      "what an advisory rule of the policy pack asks for",
      shopPolicies.replace(", labels: {team: shop}", ""),
      "warning",
      "described",
      /name no owner/,
    ],
  ];
  for (const [about, manifests, level, rule, said] of houseRules) {
    it(`reports ${about}, where that is asked for`, () => {
      const { code, found } = check(manifests + shopPods, "--rules");
      assert.equal(code, 1);
      const reported = found.filter((finding) => finding.rule === rule);
      assert.ok(
        reported.some((finding) => finding.level === level && said.test(finding.message)),
        JSON.stringify(found, null, 1),
      );
      assert.deepEqual(
        check(manifests + shopPods).found.filter((finding) => finding.rule === rule),
        [],
      );
    });
  }

  const faults: readonly Case[] = [
    [
      "what the API server would not store",
      `${shopPolicies.replace("egress: [{}]", "egres: [{}]")}`,
      "error",
      "api-server-accepts",
      /shop\/db: the API server refuses it: spec: there is no field egres/,
    ],
    [
      "what Cilium's agent would refuse",
      web('ingress: [{fromEntities: [ingress], fromCIDR: ["192.0.2.0/24"]}]\negress: [{}]'),
      "error",
      "agent-accepts",
      /shop\/web .*combining/,
    ],
    [
      "a flow that only one end allows",
      shopPolicies.replace("fromEndpoints: [{matchLabels: {app: web}}]", "fromEndpoints: [{matchLabels: {app: db}}]"),
      "warning",
      "closed-at-the-other-end",
      /shop\/web egress\[0\]\.toEndpoints\[0\]: opens a way to shop\/api, whose ingress is closed for it: denied: default deny \(shop\/api\)/,
    ],
    [
      "a flow that a deny rule shadows",
      web(
        'ingress: [{fromEntities: [ingress], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]\ningressDeny: [{fromEntities: [all], toPorts: [{ports: [{port: "8000", endPort: 8100}]}]}]\negress: [{}]',
      ),
      "warning",
      "shadowed-by-deny",
      /shop\/web ingress\[0\]\.toPorts\[0\]: is allowed in vain at shop\/web-7d4b9-aaaaa, shop\/web-7d4b9-bbbbb: shop\/web ingressDeny\[0\]\.toPorts\[0\] denies it/,
    ],
    [
      "a policy that selects no pod",
      shopPolicies + shopPolicy("gone", "ingress: [{}]\negress: [{}]"),
      "warning",
      "selects-nothing",
      /shop\/gone endpointSelector: selects no pod \(app=gone, /,
    ],
    [
      "a peer that is nobody",
      shopPolicies.replace(
        "toEndpoints: [{matchLabels: {app: db}}]",
        "toEndpoints: [{matchLabels: {app: db}}, {matchLabels: {app: dbb}}]",
      ),
      "warning",
      "peer-selects-nothing",
      /shop\/api egress\[0\]\.toEndpoints\[1\]: selects no pod \(app=dbb, /,
    ],
    [
      "a port that no container names",
      shopPolicies.replaceAll("port: sql", "port: mysql"),
      "warning",
      "port-without-name",
      /shop\/db ingress\[0\]\.toPorts\[0\]: no pod that it is about has a port named mysql/,
    ],
    [
      "a policy for pods on their node's network",
      shopPolicies + shopPolicy("logs", "ingress: [{}]\negress: [{}]"),
      "warning",
      "selects-host-network",
      /shop\/logs endpointSelector: selects only pods on their node's network \(shop\/logs\)/,
    ],
    [
      "a Service's port",
      shopPolicies.replaceAll('port: "9000"', 'port: "80"') + shopService,
      "warning",
      "service-port",
      /shop\/web egress\[0\]\.toPorts\[0\]: names port 80 of Service shop\/api, whose pods listen on 9000/,
    ],
    [
      "a Service that is not there",
      web(`ingress: [{}]
egress: [{toServices: [{k8sService: {serviceName: apj, namespace: shop}}], toPorts: [{ports: [{port: "9000"}]}]}]`) +
        shopService,
      "error",
      "missing-service",
      /shop\/web egress\[0\]\.toServices\[0\]: there is no Service shop\/apj \(did you mean api\?\); Cilium then opens these ports to everybody/,
    ],
    [
      "a group of CIDRs that is not there",
      `${web("ingress: [{fromCIDRSet: [{cidrGroupRef: offices}]}]\negress: [{}]")}---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [203.0.113.0/24]}
`,
      "warning",
      "missing-cidr-group",
      /shop\/web ingress\[0\]\.fromCIDRSet\[0\]: there is no CiliumCIDRGroup offices, .*did you mean office\?/,
    ],
    [
      "a CIDR with a node in it",
      web("ingress: [{fromCIDR: [192.0.2.0/24]}]\negress: [{}]"),
      "warning",
      "cluster-address",
      /shop\/web ingress\[0\]\.fromCIDR\[0\]: holds the addresses of node worker \(192\.0\.2\.20\), node control \(192\.0\.2\.10\)/,
    ],
    [
      "a name that nobody's look-up teaches",
      web("ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: example.com}]}]"),
      "warning",
      "name-not-looked-up",
      /shop\/web egress\[0\]\.toFQDNs\[0\]: example\.com never matches at shop\/web-7d4b9-aaaaa, .*no DNS rule/,
    ],
    [
      "a Service's name",
      web("ingress: [{fromEntities: [ingress]}]\negress: [{toFQDNs: [{matchName: api.shop.svc.cluster.local}]}]"),
      "warning",
      "name-of-a-service",
      /api\.shop\.svc\.cluster\.local is a Service/,
    ],
    [
      "pods that cannot look up names",
      shopPolicies
        .replace(
          "egress: [{toEndpoints: [{matchLabels: {app: db}}]",
          "egress: [{toCIDR: [203.0.113.0/24]}, {toEndpoints: [{matchLabels: {app: db}}]",
        )
        .replace(/(name: (web|db),[\s\S]*?egress: )\[[^\n]*/g, "$1[{toEntities: [all]}]") + nameServer,
      "warning",
      "no-name-server",
      /shop\/api egress: shop\/api may open connections and cannot look up any name/,
    ],
    [
      "look-ups that are refused with the endings of the search path",
      web(`ingress: [{fromEntities: [ingress]}]
egress:
- toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]
  toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchName: example.com}]}}]
- toFQDNs: [{matchName: example.com}]`) + nameServer,
      "warning",
      "search-path",
      /shop\/web egress\[1\]\.toFQDNs\[0\]: .*may look up example\.com, but not with the endings/,
    ],
    [
      "a policy that only denies and closes the rest",
      web("ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]\negress: [{}]"),
      "warning",
      "deny-closes-the-rest",
      /shop\/web ingressDeny: only denies, and still puts .*into default deny for ingress/,
    ],
    [
      "a clusterwide policy that opens every namespace to every other",
      `${shopPolicies}---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: within}
spec:
  endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: Exists}]}
  ingress: [{fromEndpoints: [{}]}]
${nameServer}`,
      "warning",
      "opens-every-namespace",
      /within ingress\[0\]\.fromEndpoints\[0\]: opens all ports between pods of every namespace/,
    ],
    [
      "rules that contradict each other",
      web(
        `ingress: [{}]
egress:
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {http: [{}]}}]}
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [{matchPattern: "*"}]}}]}`,
      ),
      "error",
      "contradiction",
      /shop\/web-7d4b9-aaaaa, shop\/web-7d4b9-bbbbb: Cilium cannot compute its policy/,
    ],
  ];
  for (const [about, manifests, level, rule, said] of faults) {
    it(`reports ${about}`, () => {
      const { code, found } = check(manifests + shopPods);
      assert.equal(code, 1);
      const reported = found.filter((finding) => finding.rule === rule);
      assert.ok(
        reported.some((finding) => finding.level === level && said.test(finding.message)),
        JSON.stringify(found, null, 1),
      );
      assert.ok(
        reported.every(({ file }) => file?.startsWith("standard input, document ") ?? rule === "contradiction"),
      );
      const messages = reported.map(({ message }) => message);
      assert.deepEqual(messages, [...new Set(messages)]);
    });
  }

  it("knows from a TLSRoute and its Service where HTTP rules break connections", () => {
    const route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: web, namespace: shop}
spec: {rules: [{backendRefs: [{name: web, port: 443}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 443, targetPort: 8080}]}
`;
    const { code, found } = check(shopPolicies + shopPods + route, "--rules");
    assert.equal(code, 1);
    const [reported] = found.filter(({ rule }) => rule === "no-l7-http-on-tls-passthrough");
    assert.match(reported?.message ?? "", /^shop\/web ingress\[0\]\.toPorts\[0\].*TLSRoute shop\/web/);
  });

  describe("judges policies of files by the pack's config for a cluster", () => {
    const open = shopPolicies.replace("fromEntities: [ingress]", "fromEntities: [world]");
    const rulesIn = ({ found }: ReturnType<typeof check>) =>
      found.filter(({ level }) => level === "error").map(({ rule }) => rule);
    const told = (config: object) => {
      const file = join(temporaryFolder("pack-config"), "config.json");
      writeFileSync(file, JSON.stringify(config));
      return ["--policy-pack-config", file] as const;
    };

    it("which exempts nothing unless a file says so, and says that it knows nothing", () => {
      const found = check(open + shopPods, "--rules");
      assert.deepEqual(rulesIn(found), ["no-wide-open"]);
      assert.match(found.basis.notes.join(), /^the policy pack knows nothing of the cluster; .*--policy-pack-config/);
    });

    it("which a file gives: exemptions, workloads, levels", () => {
      const exempt = { "no-wide-open": { exemptions: [{ policy: "shop/web", reason: "a test" }] } };
      const found = check(open + shopPods, ...told(exempt));
      assert.deepEqual(rulesIn(found), []);
      assert.ok(found.found.some(({ rule, message }) => rule === "exemptions" && message.includes("Reason: a test")));
      assert.deepEqual(found.basis.notes, []);

      const onNodes = { "hostnetwork-pods-excluded": { workloads: [{ namespace: "shop", labels: { app: "web" } }] } };
      assert.deepEqual(rulesIn(check(shopPolicies + shopPods, ...told(onNodes))), ["hostnetwork-pods-excluded"]);
      assert.deepEqual(rulesIn(check(open + shopPods, ...told({ "no-wide-open": "disabled" }))), []);
    });

    it("and says in a line what is wrong with the file", () => {
      const args = ["check", "--policy-pack-config"];
      const [, wrong] = told({ "no-wide-opne": {} });
      const misspelt = netpol(sample, ...args, wrong);
      assert.deepEqual(misspelt, {
        code: 2,
        stdout: "",
        stderr: "The policy pack has no rule no-wide-opne; did you mean no-wide-open?\n",
      });
      const missing = netpol(sample, ...args, "nowhere.json");
      assert.equal(missing.code, 2);
      assert.match(missing.stderr, /^nowhere\.json cannot be read: .*\n$/);
    });
  });

  it("notes workloads that nothing may connect to, which is nothing wrong", () => {
    const { code, found } = check(shopPolicies.replace("fromEntities: [ingress]", "fromEntities: [none]") + shopPods);
    assert.equal(code, 0);
    assert.deepEqual(
      found.filter(({ level }) => level === "note").map(({ rule, subject }) => [rule, subject]),
      [
        ["unreachable", "shop/web-7d4b9-aaaaa"],
        ["unreachable", "shop/web-7d4b9-bbbbb"],
      ],
    );
  });

  it("names what could go without any change for any pod that could exist, where that is asked for", () => {
    const rules = '{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}';
    const inner = rules.replace("{}", "{matchLabels: {app: web}}");
    const other = rules.replace('"80"', '"81"');
    const manifests =
      shopPolicy("api", `ingress: [${rules}, ${inner}, ${other}]`) + shopPolicy("db", "ingress: [{}]") + shopPods;
    const redundant = ({ found }: ReturnType<typeof check>) =>
      found.flatMap(({ rule, level, message }) => (rule === "redundant" ? [`${level} ${message.split(":")[0]}`] : []));
    assert.deepEqual(redundant(check(manifests, "--redundant")), ["note shop/api ingress[1]"]);
    assert.deepEqual(redundant(check(manifests)), []);
  });

  it("places its findings at the lines of their policies, for code scanning", () => {
    const twice = shopPolicy("typo", "ingress: [{fromEntities: [wrld]}]");
    const folder = folderOf({ "apps/a b.yaml": `${shopPolicies}${twice}`, "pods.yaml": shopPods });
    const { code, stdout } = netpolWith({}, sample, "check", "--from", folder, "-o", "sarif");
    assert.equal(code, 1);
    const { runs } = sarifLog.parse(JSON.parse(stdout));
    const [{ tool, results, invocations } = assert.fail("there is a run")] = runs;
    const begins = `${shopPolicies}${twice}`.split("\n").findIndex((text) => text.includes("name: typo"));
    const refused = results.find(({ message }) => message.text.includes("shop/typo"));
    assert.ok(refused !== undefined, stdout);
    assert.equal(tool.driver.rules[refused.ruleIndex]?.id, refused.ruleId);
    const [place] = refused.locations ?? [];
    assert.match(place?.physicalLocation.artifactLocation.uri ?? "", /apps\/a%20b\.yaml$/);
    // The document begins with its apiVersion, two lines before its name.
    assert.equal(place?.physicalLocation.region.startLine, begins - 1);
    assert.match(JSON.stringify(invocations), /Rests on /);
  });

  it("does not hold selectors against pods that are not there, and says so", () => {
    const { code, found, basis } = check(shopPolicies);
    assert.deepEqual(found, []);
    assert.equal(code, 0);
    assert.deepEqual(basis.read, { CiliumNetworkPolicy: 3 });
  });
});
