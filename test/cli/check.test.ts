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

  it("leaves a policy out that has two versions, and judges the others", () => {
    const otherWeb = shopPolicy("web", "ingress: [{}]\negress: [{}]");
    const { code, found } = check(shopPolicies + otherWeb + shopPolicy("nobody", "ingress: [{}]") + shopPods);
    assert.equal(code, 1);
    assert.deepEqual(
      found.filter(({ level }) => level !== "note").map(({ rule, subject }) => [rule, subject]),
      [
        ["one-version", "CiliumNetworkPolicy shop/web"],
        ["selects-nothing", "shop/nobody"],
      ],
    );
  });

  it("judges no flows where the two versions are those of two clusters", () => {
    const folder = folderOf({
      "clusters/blue/all.yaml": shopPolicies + shopPods,
      "clusters/green/all.yaml": shopPolicies.replace('port: "8080"', 'port: "8081"'),
      "clusters/green/nobody.yaml": shopPolicy("nobody", "ingress: [{}]"),
    });
    const { stdout } = netpol(sample, "check", "--from", folder, "-o", "json");
    assert.deepEqual(
      answer.parse(JSON.parse(stdout)).findings.map(({ rule, subject }) => [rule, subject]),
      [["one-version", "CiliumNetworkPolicy shop/web"]],
    );
  });

  it("counts exemptions where there are many, and tells each to programs", () => {
    const names = Array.from({ length: 11 }, (_, index) => `web-${index}`);
    const manifests = names.map((name) => shopPolicy(name, "ingress: [{fromEntities: [ingress]}]")).join("");
    const exemptions = names.map((name) => ({ policy: `shop/${name}`, reason: "as it was" }));
    const folder = folderOf({
      "manifests/all.yaml": manifests + shopPods,
      "pack.json": JSON.stringify({ "default-deny-both-ways": { exemptions } }),
    });
    const args = ["check", "--from", join(folder, "manifests"), "--policy-pack-config", join(folder, "pack.json")];
    const told = netpol(sample, ...args).stdout.match(/^note exemptions: .*$/gm);
    const counted = netpol(sample, ...args, "-o", "json").stdout;
    const { length } = answer.parse(JSON.parse(counted)).findings.filter(({ rule }) => rule === "exemptions");
    assert.ok(length >= names.length);
    assert.deepEqual(told, [
      `note exemptions: 11 policies are exempt from rules of the pack in ${length} places: shop/web-0, shop/web-1, shop/web-2 and 8 more; -o json and -o md tell each with its reason`,
    ]);
  });

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

  it("names the policy that says all that another one does", () => {
    const allowing = (name: string, peers: string) =>
      shopPolicy("db", `ingress: [{fromEndpoints: ${peers}}]`).replace("name: db", `name: ${name}`);
    const manifests = allowing("all", "[{}]") + allowing("web", "[{matchLabels: {app: web}}]") + shopPods;
    const messages = check(manifests, "--redundant").found.flatMap(({ rule, message }) =>
      rule === "redundant" ? [message] : [],
    );
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0] ?? "", /^shop\/web: could go .*; shop\/all alone says all of it$/);
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
