import assert from "node:assert/strict";
import { join } from "node:path";
import { sample } from "../project.ts";
import { netpol, netpolWith, withoutBasis } from "./command.ts";
import { folderOf, shopPods, shopPolicies, shopPolicy } from "./folder.ts";

/** A pod whose address another pod has by now. */
const endedPod = `---
apiVersion: v1
kind: Pod
metadata: {name: migration, namespace: shop, labels: {app: migration}}
spec: {nodeName: edge, containers: [{name: main, image: none}]}
status: {phase: Succeeded, podIP: 10.0.0.3}
`;

const hookPod = `---
apiVersion: v1
kind: Pod
metadata: {name: hook, namespace: shop, labels: {app: hook}}
spec: {nodeName: edge, containers: [{name: main, image: none}]}
`;
/** Only the API server may call it. */
const webhookPolicy = shopPolicy("hook", "ingress: [{fromEntities: [kube-apiserver]}]\negress: [{}]");

describe("netpol test", () => {
  it("asks the project's own program where nothing else is named", () => {
    const expectations = folderOf({
      "expectations.yaml": `
- {from: argocd/repo-server, to: argocd/redis, port: 6379, expect: allow}
- {from: argocd/repo-server, to: identity/login, port: 8443, expect: deny}`,
    });
    const { code, stdout, stderr } = netpol(sample, "test", join(expectations, "expectations.yaml"));
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(withoutBasis(stdout), "2 expectations hold\n");
  });

  describe("with policies and pods from files", () => {
    const folder = folderOf({
      "policies.yaml": shopPolicies + webhookPolicy,
      "pods.yaml": shopPods + endedPod + hookPod,
    });
    const from = ["--from", join(folder, "policies.yaml"), "--inventory", join(folder, "pods.yaml")];
    const ask = (expectations: string, ...more: string[]) =>
      netpolWith({ input: expectations }, sample, "test", "-", ...from, ...more);

    it("names each expectation that does not hold, with what decided at both ends", () => {
      const { code, stdout } = ask(`
- {from: shop/api, to: shop/db, port: 5432, protocol: TCP, expect: allow}
- {from: shop/web, to: shop/db, port: 5432, expect: allow, because: somebody thought so}
- {from: shop/api, to: shop/db, port: 5432, expect: deny}`);
      assert.equal(code, 1);
      assert.equal(
        withoutBasis(stdout),
        `shop/web-7d4b9-aaaaa → shop/db:5432/TCP is denied, expected allow because somebody thought so
  leaving shop/web-7d4b9-aaaaa: denied: default deny (shop/web), and no rule allows this
  arriving at shop/db: denied: default deny (shop/db), and no rule allows this
shop/api → shop/db:5432/TCP is allowed, expected deny
  leaving shop/api: allowed by shop/api egress[0].toPorts[0]
  arriving at shop/db: allowed by shop/db ingress[0].toPorts[0]
2 of 3 expectations do not hold
`,
      );
    });

    it("gives programs the verdict, the deciding policies and the L7 redirect of both ends", () => {
      const { code, stdout } = ask(
        "- {from: ingress, to: shop/web, port: 8080, expect: allow, because: customers}",
        ...["--output", "json"],
      );
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout).results, [
        {
          from: "ingress",
          to: "shop/web",
          port: 8080,
          protocol: "TCP",
          expect: "allow",
          because: "customers",
          holds: true,
          allowed: true,
          outcome: "allowed",
          egress: {
            verdict: "allowed",
            policies: [],
            redirect: null,
            why: "allowed since no policy puts this direction into default deny",
          },
          ingress: {
            verdict: "allowed",
            policies: ["shop/web"],
            redirect: { parser: "http", lets: [{}] },
            why: "allowed by shop/web ingress[0].toPorts[0], through L7 HTTP",
          },
        },
      ]);
    });

    describe("understands", () => {
      const cases: readonly (readonly [about: string, expectation: string])[] = [
        ["a pod by its name", "{from: shop/api, to: shop/db, port: 5432, expect: allow}"],
        ["a workload by the name of its Deployment", "{from: shop/web, to: shop/api, port: 9000, expect: allow}"],
        [
          "a pod by its address, also if one that has ended had it before",
          "{from: 10.0.0.3, to: 10.0.0.4, port: 5432, expect: allow}",
        ],
        ["a node by its address, which no CIDR matches", "{from: 192.0.2.10, to: shop/db, port: 5432, expect: deny}"],
        ["a pod on its node's network as the node", "{from: shop/logs, to: shop/db, port: 9999, expect: allow}"],
        ["the API server", "{from: kube-apiserver, to: shop/db, port: 5432, expect: deny}"],
        ["a control-plane node as the API server", "{from: 192.0.2.10, to: shop/hook, port: 443, expect: allow}"],
        ["a worker as a node only", "{from: 192.0.2.20, to: shop/hook, port: 443, expect: deny}"],
        ["the pod's own node", "{from: host, to: shop/db, port: 9999, expect: allow}"],
        ["other nodes", "{from: remote-node, to: shop/db, port: 5432, expect: deny}"],
        ["everything outside", "{from: world, to: shop/web, port: 8080, expect: deny}"],
        ["an address outside", "{from: 203.0.113.9, to: shop/web, port: 8080, expect: deny}"],
        ["a DNS name", "{from: shop/web, fqdn: example.com, port: 443, expect: deny}"],
        ["a protocol in any case", "{from: shop/api, to: shop/db, port: 5432, protocol: udp, expect: deny}"],
        ["a port that is written as in policies", '{from: shop/api, to: shop/db, port: "5432", expect: allow}'],
        ["ICMP by its type", "{from: shop/api, to: shop/db, port: 8, protocol: ICMP, expect: deny}"],
      ];
      let results: unknown[];

      before(() => {
        results = JSON.parse(
          ask(cases.map(([, expectation]) => `- ${expectation}\n`).join(""), "-o", "json").stdout,
        ).results;
      });

      cases.forEach(([about], index) => {
        it(about, () => assert.partialDeepStrictEqual(results[index], { holds: true }));
      });
    });

    describe("holds what is expected of sets against all that could exist:", () => {
      const cases: readonly (readonly [expectation: string, holds: boolean])[] = [
        ["{from: any pod, to: shop/db, port: 5432, expect: deny}", false],
        ["{from: any pod but shop/api, to: shop/db, port: 5432, expect: deny}", true],
        ["{from: any pod but any pod of shop with app=api, to: shop/db, port: 5432, expect: deny}", true],
        ["{from: any pod without app=api|jobs, to: shop/db, port: 5432, expect: deny}", true],
        ["{from: any pod without app, to: shop/db, port: 5432, expect: deny}", true],
        ["{from: every pod of shop not with app=api, to: shop/db, port: 5432, expect: deny}", true],
        ["{from: any pod outside shop, to: any pod of shop with app=db, port: 5432, expect: deny}", true],
        ["{from: any pod in namespace shop labelled app=api, to: shop/db, port: 5432, expect: allow}", true],
        ["{from: any pod of shop with app, to: shop/db, port: 5432, expect: allow}", false],
        ["{from: anything outside the cluster, to: any pod of shop with app=db, port: 5432, expect: deny}", true],
        ["{from: anything, to: shop/db, port: 5432, expect: deny}", false],
        ["{from: anything but shop/api and host, to: any pod of shop with app=db, port: 5432, expect: deny}", false],
        ["{from: shop/api, to: anything outside the cluster, port: 443, expect: deny}", true],
        ["{from: any pod, fqdn: example.com, port: 443, expect: allow}", false],
        ["{from: any pod but 10.0.0.3, to: 10.0.0.4, port: 5432, expect: deny}", true],
        ["{from: 203.0.113.0/24, to: any pod, port: 5432, expect: deny}", false],
      ];
      let results: { holds: boolean; proved: boolean; counterexample?: { question: { port: number } } }[];

      before(() => {
        const { stdout, stderr } = ask(cases.map(([expectation]) => `- ${expectation}\n`).join(""), "-o", "json");
        assert.equal(stderr, "");
        results = JSON.parse(stdout).results;
      });

      cases.forEach(([expectation, holds], index) => {
        it(`${expectation} ${holds ? "holds" : "does not hold"}`, () => {
          assert.partialDeepStrictEqual(results[index], { holds, proved: holds });
          assert.equal(results[index]?.counterexample !== undefined, !holds);
        });
      });
    });

    it("notes that nobody known is in a set, of which all the same is proved", () => {
      const { code, stdout } = ask(
        "- {from: any pod of shpo, to: any pod of shop with app=db, port: 5432, expect: deny}",
      );
      assert.equal(code, 0);
      assert.match(stdout, /\nNote: no pod or workload that is known is in "any pod of shpo"\n/);
    });

    it("names an exception to what is expected of a set", () => {
      const { code, stdout } = ask("- {from: any pod, to: shop/db, port: 5432, expect: deny, because: it is ours}");
      assert.equal(code, 1);
      assert.equal(
        withoutBasis(stdout),
        `any pod → shop/db:5432/TCP does not hold for all, expected deny because it is ours
  but shop/source → shop/destination:5432/TCP is allowed
    leaving shop/source: allowed by shop/api egress[0].toPorts[0]
    arriving at shop/destination: allowed by shop/db ingress[0].toPorts[0]
    where shop/source has the labels app=api
    where shop/destination has the labels app=db, the name sql for port 5432/TCP
1 of 1 expectation does not hold
`,
      );
    });

    it("proves what is expected of sets without any pod", () => {
      const expectations =
        "- {from: any pod but any pod of shop with app=api, to: any pod of shop with app=db, port: 5432, expect: deny}";
      const { code, stdout, stderr } = netpolWith(
        { input: expectations },
        sample,
        ...["test", "-", "--from", join(folder, "policies.yaml")],
      );
      assert.deepEqual(
        { code, stderr, stdout: withoutBasis(stdout) },
        { code: 0, stderr: "", stdout: "1 expectation holds\n" },
      );
    });

    it("reads JSON like YAML", () => {
      const expectations = [{ from: "shop/api", to: "shop/db", port: 5432, protocol: "TCP", expect: "allow" }];
      assert.equal(ask(JSON.stringify(expectations)).code, 0);
    });

    for (const [about, expectations, said] of [
      [
        "a workload that nobody has",
        "- {from: shop/apo, to: shop/db, port: 1, expect: deny}",
        /item 1: there is no .* shop\/apo; did you mean shop\/api/,
      ],
      ["a name without its namespace", "- {from: api, to: shop/db, port: 1, expect: deny}", /did you mean shop\/api\?/],
      [
        "an unknown field",
        "- {from: world, to: shop/db, prot: 1, port: 1, expect: deny}",
        /item 1: there is no field prot/,
      ],
      ["a missing port", "- {from: world, to: shop/db, expect: deny}", /item 1: port: /],
      [
        "both to and fqdn",
        "- {from: world, to: shop/db, fqdn: a.b, port: 1, expect: deny}",
        /exactly one of to and fqdn/,
      ],
      ["an unknown verdict", "- {from: world, to: shop/db, port: 1, expect: maybe}", /item 1: expect: /],
      [
        "an unknown protocol",
        "- {from: world, to: shop/db, port: 1, protocol: HTTP, expect: deny}",
        /HTTP is none of TCP/,
      ],
      ["something that is no list", "from: world", /is no list; write a list of/],
      [
        "words that say nothing of a set",
        "- {from: any pod near shop, to: shop/db, port: 1, expect: deny}",
        /item 1: any pod near shop: "near shop" says nothing of a set; write any pod/,
      ],
      [
        "a value that no label has",
        "- {from: any pod with app=api/web, to: shop/db, port: 1, expect: deny}",
        /item 1: any pod with app=api\/web: app=api\/web is no label; write key=value, key=value\|value or key/,
      ],
      [
        "a node beside a set",
        "- {from: any pod, to: 192.0.2.10, port: 1, expect: deny}",
        /item 1: beside a set an end is a pod or workload.*; not a node/,
      ],
      ["an empty file", "", /holds no expectation/],
      ["no YAML", "- {from: [", /no valid YAML/],
    ] as const) {
      it(`refuses ${about} in one line`, () => {
        const { code, stdout, stderr } = ask(expectations);
        assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
        assert.match(stderr, said);
        assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      });
    }
  });
});
