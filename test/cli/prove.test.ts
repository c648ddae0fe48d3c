import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOfProject, sample } from "../project.ts";
import { netpol, withoutBasis } from "./command.ts";
import { folderOf, shopPolicy } from "./folder.ts";

const database = (peers: string, more = ""): string => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
    - fromEndpoints: ${peers}
      toPorts: [{ports: [{port: "5432", protocol: TCP}]${more}}]
`;

const api = "[{matchLabels: {app: api}}]";
const apiAndWeb = "[{matchExpressions: [{key: app, operator: In, values: [api, web]}]}]";

const side = (text: string): string => folderOf({ "policies.yaml": text });

const prove = (...args: string[]) => netpol(sample, "prove", ...args);

describe("netpol prove", function () {
  this.timeout(60_000);

  const before = side(database(api));
  const after = side(database(apiAndWeb));
  const rewritten = side(
    `${database(api).replace("name: db", "name: other")}---${database("[{matchExpressions: [{key: app, operator: In, values: [api]}]}]")}`,
  );

  it("proves that a set of policies written otherwise means the same", () => {
    const { code, stdout, stderr } = prove("equal", before, rewritten);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /: proved: both sides have the same verdict at each end/);
    assert.match(stdout, /told apart by \d+ variables, on all ports in \d+ groups\nOf CiliumNetworkPolicy\n/);
    assert.match(stdout, /\nBefore: Rests on 1 CiliumNetworkPolicy[^\n]*\nAfter: Rests on 2 CiliumNetworkPolicy/);
  });

  it("refutes it with the smallest pods, the question, and what decides on each side", () => {
    const { code, stdout } = prove("equal", before, after);
    assert.equal(code, 1);
    assert.match(
      withoutBasis(stdout),
      /: refuted: [^\n]*\nshop\/source → shop\/destination:5432\/TCP\n {2}before: denied\n[\s\S]*default deny \(shop\/db\)[\s\S]*\n {2}after: allowed\n[\s\S]*allowed by shop\/db ingress\[0\]\.toPorts\[0\]\nwith\n---\napiVersion: v1\nkind: Pod\n[\s\S]*app: web/,
    );
  });

  it("says that a change only closes, and that its opposite opens", () => {
    assert.equal(prove("implies", after, before).code, 0);
    assert.equal(prove("implies", before, after).code, 1);
  });

  const ofCluster = (name: string) =>
    side(database(`[{matchLabels: {app: api, io.cilium.k8s.policy.cluster: ${name}}}]`));
  const gateway = (port: number) =>
    side(`
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: gateway}
spec:
  endpointSelector: {matchLabels: {reserved:ingress: ""}}
  ingress: [{fromEntities: [world], toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]}]`);
  for (const [what, earlier, later] of [
    ["on both sides", before, after],
    ["of a side without any policy", folderOf({}), after],
    ["about a pod of another cluster", ofCluster("east"), ofCluster("west")],
    ["about no pod at all", gateway(80), gateway(443)],
  ] as const) {
    it(`gives programs a counterexample that netpol test answers the same ${what}`, () => {
      const { code, stdout } = prove("equal", earlier, later, "-o", "json");
      assert.equal(code, 1);
      const { proved, counterexample } = JSON.parse(stdout);
      assert.deepEqual([proved, Object.keys(counterexample.question)], [false, ["from", "to", "port", "protocol"]]);
      assert.notEqual(counterexample.before, counterexample.after);
      const folder = folderOf({});
      const objects = join(folder, "objects.json");
      writeFileSync(objects, JSON.stringify({ apiVersion: "v1", kind: "List", items: counterexample.objects }));
      for (const [policies, verdict] of [
        [earlier, counterexample.before],
        [later, counterexample.after],
      ]) {
        const expectations = join(folder, "question.json");
        const expect = verdict === "allowed" ? "allow" : "deny";
        writeFileSync(expectations, JSON.stringify([{ ...counterexample.question, expect }]));
        const asked = netpol(sample, "test", expectations, "--from", policies, "--inventory", objects);
        assert.equal(asked.code, 0, asked.stdout + asked.stderr);
      }
    });
  }

  it("tells namespaces of one name in two clusters of a mesh apart", () => {
    const fromEast = (team: string) =>
      side(`
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: mesh}
spec:
  endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: shop, io.cilium.k8s.namespace.labels.team: blue}}
  ingress:
    - fromEndpoints:
        - matchLabels:
            io.kubernetes.pod.namespace: shop
            io.cilium.k8s.policy.cluster: east
            io.cilium.k8s.namespace.labels.team: ${team}`);
    assert.equal(prove("equal", fromEast("red"), fromEast("green")).code, 1);
  });

  it("tells a default deny that changes no verdict, unless only connections count", () => {
    const everybody = (spec: string) =>
      side(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress: [{fromEntities: [all]}]
${spec}`);
    const sides = [everybody(""), everybody("  enableDefaultDeny: {ingress: false}")] as const;
    const { code, stdout } = prove("equal", ...sides, "-o", "json");
    assert.equal(code, 1);
    assert.partialDeepStrictEqual(JSON.parse(stdout).counterexample, {
      before: "allowed",
      after: "allowed",
      differs: "default-deny",
      end: "ingress",
      defaultDeny: { before: true, after: false, sameVerdicts: true },
    });
    assert.match(
      prove("equal", ...sides).stdout,
      /: refuted: every verdict [^\n]* is proved the same, but not every default deny/,
    );
    assert.equal(prove("equal", ...sides, "--effective").code, 0);
    assert.equal(prove("equal", ...sides, "--connections").code, 0);
  });

  it("says what only one side lets through where the limits of proxies differ", () => {
    const dns = (...rules: string[]) =>
      side(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  endpointSelector: {}
  egress:
${rules.map((rule) => `    - {toEntities: [cluster], toPorts: [{ports: [{port: "53", protocol: UDP}]${rule}}]}`).join("\n")}`);
    const [open, proxied] = ["", ', rules: {dns: [{matchPattern: "*"}]}'];
    // A proxy that lets every name through still stops what is no DNS, whether a rule says so or another one without L7 beside it.
    assert.equal(prove("equal", dns(proxied), dns(open, proxied)).code, 0);
    assert.equal(prove("implies", dns(open), dns(proxied)).code, 0);
    const { code, stdout } = prove("implies", dns(open, proxied), dns(open), "-o", "json");
    assert.equal(code, 1);
    assert.partialDeepStrictEqual(JSON.parse(stdout).counterexample, {
      differs: "limits",
      only: { side: "after", letsThrough: "what is not DNS" },
    });
    const names = (list: string) => side(database(api, `, serverNames: ${list}`));
    assert.equal(prove("equal", names('["**.a.org", b.org]'), names('[b.org, "**.a.org", c.a.org]')).code, 0);
    assert.match(
      prove("equal", names('["**.a.org"]'), names('["*.a.org"]')).stdout,
      /\n {2}let through only before: the name \S+\.\S+\.a\.org\n/,
    );
  });

  it("says that only one side asks for authentication", () => {
    const authenticated = side(`${database(api)}      authentication: {mode: required}\n`);
    assert.match(
      prove("implies", authenticated, before).stdout,
      /\n {2}let through only after: what is not authenticated\n/,
    );
    assert.equal(prove("implies", before, authenticated).code, 0);
  });

  it("does not decide what terminates TLS before requests are read", () => {
    const secret = "terminatingTLS: {secret: {name: tls, namespace: shop}}";
    const requests = (more: string) => side(database(api, `, rules: {http: [{method: GET}]}${more}`));
    const { code, stdout } = prove("equal", requests(""), requests(`, ${secret}`));
    assert.equal(code, 2);
    assert.match(stdout, /because rules on TLS server names and certificates are compared as they are written/);
    assert.equal(prove("equal", requests(`, ${secret}`), requests(`, ${secret}`)).code, 0);
  });

  it("refuses to prove anything of no policies", () => {
    const nothing = folderOf({});
    const { code, stdout, stderr } = prove("equal", nothing, folderOf({ "empty.yaml": "" }));
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^neither \S+ nor \S+ holds a policy, so there is nothing to prove\n$/);
  });

  it("does not decide what two regular expressions let through", () => {
    const path = (expression: string) => side(database(api, `, rules: {http: [{path: "${expression}"}]}`));
    const { code, stdout } = prove("equal", path("/a(b|c)?"), path("/(a|ab|ac)"));
    assert.equal(code, 2);
    assert.match(stdout, /: not decided\nNot decidable, because which requests the regular expressions/);
    assert.equal(prove("equal", path("/a"), path("/b")).code, 1);
  });

  it("does not decide beside a policy that cannot be read", () => {
    const broken = folderOf({
      "policies.yaml": database(api),
      "broken.yaml": database(api).replace("name: db", "name: odd").replace("endpointSelector", "endpointSelektor"),
    });
    const { code, stdout } = prove("equal", broken, broken);
    assert.equal(code, 2);
    assert.match(stdout, /because a policy cannot be judged: [^\n]*endpointSelektor/);
  });

  describe("of a policy that names a CIDRGroup", () => {
    const office = `---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [192.0.2.0/24]}
`;
    const toOffice = (name: string) =>
      shopPolicy(name, "egress: [{toCIDRSet: [{cidrGroupRef: office}]}]").replace(/(namespace:) shop/, "$1 argocd");
    const files = side(toOffice("redis") + office);

    it("does not decide where one side has no such group any more", () => {
      const { code, stdout } = prove("equal", files, side(toOffice("redis")));
      assert.equal(code, 2);
      assert.match(
        stdout,
        /Not decidable, because argocd\/redis egress\[0\] may allow it: the CiliumCIDRGroups are not given/,
      );
    });

    it("takes the other side's for a program, as netpol diff does", () => {
      const project = copyOfProject();
      mkdirSync(join(project, "cluster/verbatim"));
      writeFileSync(join(project, "cluster/verbatim/redis.yaml"), toOffice("extra"));
      const same = side(netpol(project, "render").stdout + office);
      for (const command of [["prove", "equal"], ["diff"]]) {
        const { code, stdout } = netpol(project, ...command, same, "program");
        assert.equal(code, 0, stdout);
        const alone = netpol(project, ...command, side(toOffice("extra")), "program");
        assert.notEqual(alone.code, 0, alone.stdout);
      }
    });
  });

  for (const [what, file, text] of [
    [
      "a template that writes one",
      "templates/odd.yaml",
      "kind: CiliumNetworkPolicy\nmetadata: {name: {{ .Values.name }}}\n",
    ],
    [
      "variables in one",
      "odd.yaml",
      database(api).replace("app: db", `app: '\${APP}'`).replace("name: db", "name: odd"),
    ],
    [
      "marks of a template in one",
      "odd.yaml",
      database(api).replace("app: db", "app: '{{ .App }}'").replace("name: db", "name: odd"),
    ],
    [
      "a list of policies that is cut off",
      "odd.json",
      '{"kind": "List", "items": [{"kind": "CiliumNetworkPolicy", "metadata": {',
    ],
  ] as const) {
    it(`does not decide beside ${what}`, () => {
      const { code, stdout } = prove("equal", folderOf({ "policies.yaml": database(api), [file]: text }), before);
      assert.equal(code, 2, stdout);
      assert.match(stdout, /because a policy cannot be judged: [^\n]*odd\./);
    });
  }

  it("compares what stands with a revision", () => {
    const { code, stdout } = netpol(sample, "prove", "equal", "program", "program");
    assert.equal(code, 0, stdout);
  });

  it("refuses one side alone in a line", () => {
    const { code, stdout, stderr } = prove("equal", before);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^[^\n]*name both sides[^\n]*\n$/);
  });
});
