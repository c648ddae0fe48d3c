import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { Faults } from "../../cilium/model/faults.ts";
import { peerName } from "../../cilium/model/peers.ts";
import { loadCluster } from "../../components/load.ts";
import { networkPolicies } from "../../components/network-policies.ts";
import { copyOfProject, repository, rewrite } from "../project.ts";
import { namespaces } from "../sample/counts.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

describe("Loading a project's cluster", () => {
  /** The folder of a project with these files of its own, beside those of a small cluster that is in order. */
  function project(files: Readonly<Record<string, string>>): string {
    const folder = temporaryFolder("project");
    mkdirSync(join(folder, "cluster"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    symlinkSync(join(repository, "cilium"), join(folder, "cilium"));
    for (const [name, text] of Object.entries({ ...small, ...files }))
      writeFileSync(join(folder, "cluster", name), text);
    return folder;
  }

  const words = 'import { from, http, dns, namespace, fqdn } from "../cilium/language.ts";';
  const small: Readonly<Record<string, string>> = {
    "cluster.ts": `import shop from "./shop.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
export const cluster = { dns: coredns.dns, namespaces: [kubeSystem, shop] };
`,
    "kube-system.ts": `${words}
const kubeSystem = namespace("kube-system");
export const coredns = kubeSystem.workload("coredns", { labels: { app: "dns" }, ports: { dns: dns(53) } });
export default kubeSystem.flows(() => []);
`,
    "shop.ts": `${words}
const shop = namespace("shop");
export const web = shop.workload("web", { labels: { app: "web" }, ports: { http: http(8080) } });
export default shop.flows(() => [from(web).to(fqdn("example.com").on(443))]);
`,
  };

  const broken = (name: string, line: string) =>
    project({ [name]: small[name]?.replace("\n", `\n${line}\n`) ?? `${line}\n` });

  const lines = async (folder: string): Promise<string[]> => {
    try {
      await loadCluster(folder);
    } catch (error) {
      assert.ok(error instanceof Faults, String(error));
      return [...error.faults];
    }
    return [];
  };

  it("reads the workloads and what they may reach", async () => {
    const { dns, namespaces } = await loadCluster(project({}));
    assert.equal(dns && peerName(dns.peer), "kube-system/coredns");
    assert.deepEqual(
      namespaces.map(({ name, workloads, statements }) => [name, workloads.map(peerName), statements.length]),
      [
        ["kube-system", ["kube-system/coredns"], 0],
        ["shop", ["shop/web"], 1],
      ],
    );
  });

  it("lets files import each other, whichever is loaded first", async () => {
    const other = (name: string, server: string) => `${words}
import { ${server} } from "./${server}.ts";
const ns = namespace("${name}");
export const ${name} = ns.workload("${name}", { labels: { app: "${name}" }, ports: { http: http(8080) } });
export default ns.flows(() => [from(${name}).to(${server}.http)]);
`;
    for (const [first, second] of [
      ["left", "right"],
      ["right", "left"],
    ]) {
      const { namespaces } = await loadCluster(
        project({
          "left.ts": other("left", "right"),
          "right.ts": other("right", "left"),
          "cluster.ts": `import ${first} from "./${first}.ts";
import ${second} from "./${second}.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
import shop from "./shop.ts";
export const cluster = { dns: coredns.dns, namespaces: [${first}, ${second}, kubeSystem, shop] };
`,
        }),
      );
      assert.deepEqual(
        namespaces.slice(0, 2).map(({ statements }) => statements.length),
        [1, 1],
      );
    }
  });

  const cases: Record<string, [folder: () => string, ...said: (string | RegExp)[]]> = {
    "a name that is not imported": [
      () => broken("shop.ts", "grafana;"),
      "cluster/shop.ts:2: grafana is not defined; `npm run check` says more",
    ],
    "an import of what the other file does not export": [
      () => broken("shop.ts", 'import { grafana } from "./kube-system.ts";'),
      /^cluster\/shop\.ts:2: The requested module '\.\/kube-system\.ts' does not provide an export named 'grafana';/,
    ],
    "what is no TypeScript": [() => broken("shop.ts", "const flows = ;"), /^cluster\/shop\.ts:2: Expression expected;/],
    "TypeScript that Node does not run": [
      () => broken("shop.ts", "enum Port { web }"),
      /^cluster\/shop\.ts:2: TypeScript enum is not supported/,
    ],
    "a call of what is no function": [
      () => broken("shop.ts", 'const web_ = namespace("a").workloads("b");'),
      /^cluster\/shop\.ts:2: namespace\(\.\.\.\)\.workloads is not a function;/,
    ],
    "what Node tells without a place": [
      () => broken("shop.ts", 'import { http } from "../cilium/language.ts";'),
      "a file in cluster/: Identifier 'http' has already been declared; `npm run check` says more",
    ],
    "a name that is not there when the flows are stated": [
      () => project({ "shop.ts": small["shop.ts"]?.replace("from(web)", "from(wbe)") ?? "" }),
      "cluster/shop.ts:4: wbe is not defined; `npm run check` says more",
    ],
    "a flow outside of the list": [
      () => broken("shop.ts", "from();"),
      "cluster/shop.ts:2: a flow outside of flows(() => [ … ]); write it in the list of its namespace",
    ],
    "what is used before the files that import each other are loaded": [
      () =>
        project({
          "shop.ts": `import "./other.ts";\n${small["shop.ts"]}`,
          "other.ts": `import { web } from "./shop.ts";\nexport const port = web.http;\n`,
        }),
      /^cluster\/other\.ts:2: Cannot access 'web' before initialization; files that import each other use what they import inside of flows/,
    ],
    "what a declaration gets wrong": [
      () => project({ "shop.ts": small["shop.ts"]?.replace("labels:", "lables:") ?? "" }),
      "cluster/shop.ts:3: shop/web: lables: there is no such key; did you mean labels?",
    ],
    "a file of a namespace that the cluster does not list": [
      () => project({ "other.ts": small["shop.ts"]?.replaceAll('"shop"', '"other"') ?? "" }),
      "cluster/other.ts:4: the namespace other is not in the cluster; import it in cluster/cluster.ts and list it",
    ],
    "a file that forgets to export its flows": [
      () =>
        project({
          "other.ts": small["shop.ts"]?.replaceAll('"shop"', '"other"').replace("export default ", "") ?? "",
        }),
      "cluster/other.ts: other/web is not in the cluster; write export default before flows() of other, and list it in cluster/cluster.ts",
    ],
    "a file that exports no cluster": [
      () => project({ "cluster.ts": "export default [];\n" }),
      "cluster/cluster.ts exports no cluster; write export const cluster = …",
    ],
    "all that is wrong in several files": [
      () =>
        project({
          "shop.ts": small["shop.ts"]?.replace("labels:", "lables:").replace("[from", "[from(web).to(), from") ?? "",
          "kube-system.ts": small["kube-system.ts"]?.replace("dns(53)", "53") ?? "",
        }),
      "cluster/kube-system.ts:3: kube-system/coredns: ports.dns: 53 is no port; write one such as http(8080) or udp(53)",
      "cluster/shop.ts:3: shop/web: lables: there is no such key; did you mean labels?",
      "cluster/shop.ts:4: to() without a destination; name at least one",
    ],
    "all files that cannot be loaded": [
      () =>
        project({ "other.ts": "enum A {}\n", "shop.ts": `${small["shop.ts"]}prometheus;\n`, "one.ts": "grafana;\n" }),
      "cluster/shop.ts:5: prometheus is not defined; `npm run check` says more",
      "cluster/one.ts:1: grafana is not defined; `npm run check` says more",
      /^cluster\/other\.ts:1: TypeScript enum is not supported/,
    ],
  };
  for (const [fault, [folder, ...said]] of Object.entries(cases)) {
    it(`says file and line of ${fault}`, async () => {
      const found = await lines(folder());
      assert.equal(found.length, said.length, found.join("\n"));
      for (const [at, expected] of said.entries()) {
        if (typeof expected === "string") assert.equal(found[at], expected);
        else assert.match(found[at] ?? "", expected);
      }
    });
  }

  it("reads files that import another copy of the language, and their faults", async () => {
    const folder = copyOfProject();
    assert.equal((await loadCluster(folder)).namespaces.length, namespaces.length);
    const other = copyOfProject();
    rewrite(other, "cluster/jobs.ts", "export default", "from();\nexport default");
    assert.match((await lines(other)).join("\n"), /^cluster\/jobs\.ts:\d+: a flow outside of flows\(/);
  });

  it("fails without a stack trace in a program, by the same lines", async () => {
    const folder = broken("shop.ts", "grafana;");
    await assert.rejects(networkPolicies(loadCluster(folder)), (error) => {
      assert.ok(error instanceof RunError);
      assert.equal(error.message, "cluster/shop.ts:2: grafana is not defined; `npm run check` says more");
      return true;
    });
  });
});
