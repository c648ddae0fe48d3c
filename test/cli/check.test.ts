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
import { shopPods, shopPolicies, shopPolicy } from "./folder.ts";

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
  const cases: readonly (readonly [
    about: string,
    manifests: string,
    level: "error" | "warning",
    rule: string,
    said: RegExp,
  ])[] = [
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
    [
      "a flow that only one end allows",
      shopPolicies.replace("fromEndpoints: [{matchLabels: {app: web}}]", "fromEndpoints: [{matchLabels: {app: db}}]"),
      "error",
      "both-ends-open",
      /shop\/web egress\[0\]\.toPorts\[0\]: opens 9000 for shop\/api, whose ingress is closed/,
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
      "rules that contradict each other",
      web(
        `ingress: [{}]
egress:
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {http: [{}]}}]}
- {toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {dns: [{matchPattern: "*"}]}}]}`,
      ),
      "error",
      "contradiction",
      /shop\/web-7d4b9-aaaaa: Cilium cannot compute its policy/,
    ],
  ];
  for (const [about, manifests, level, rule, said] of cases) {
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
    const { code, found } = check(shopPolicies + shopPods + route);
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
      const found = check(open + shopPods);
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

  it("does not hold selectors against pods that are not there, and says so", () => {
    const { code, found, basis } = check(shopPolicies);
    assert.deepEqual(found, []);
    assert.equal(code, 0);
    assert.deepEqual(basis.read, { CiliumNetworkPolicy: 3 });
  });
});
