import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOfProject, rewrite } from "../project.ts";
import { netpol } from "./command.ts";

describe("What a project's files get wrong", () => {
  let folder: string;
  before(() => {
    folder = copyOfProject();
  });

  const commands: Readonly<Record<string, readonly string[]>> = {
    list: [],
    matrix: [],
    explain: ["argocd/server", "argocd/redis", "6379"],
    exposure: ["argocd/redis"],
    check: [],
    docs: ["--check"],
    render: [],
    inventory: [],
    gate: [],
  };
  for (const [command, args] of Object.entries(commands)) {
    it(`is said by netpol ${command}, with code 2 and no stack trace`, () => {
      const stray = join(folder, "cluster/shop.ts");
      writeFileSync(
        stray,
        'import { namespace } from "../cilium/language.ts";\nexport default namespace("shop").flows(() => []);\n',
      );
      const { code, stdout, stderr } = netpol(folder, command, ...args);
      rmSync(stray);
      assert.deepEqual(
        { code, stdout, stderr },
        {
          code: 2,
          stdout: "",
          stderr:
            "cluster/shop.ts:2: the namespace shop is not in the cluster; import it in cluster/cluster.ts and list it\n",
        },
      );
    });
  }

  it("is said of a file with dots in its name too", () => {
    const name = "cluster/my.shop.ts";
    writeFileSync(join(folder, name), "export default shop.flows(() => []);\n");
    const { code, stderr } = netpol(folder, "list");
    rmSync(join(folder, name));
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: `${name}:1: shop is not defined; \`npm run check\` says more\n` },
    );
  });

  it("is said of all files at once", () => {
    rewrite(folder, "cluster/argocd.ts", 'labels: { "app.kubernetes.io/name": "argocd-redis" }', "lables: {}");
    rewrite(folder, "cluster/identity.ts", 'probes: ["https"]', 'probes: "https"');
    rewrite(folder, "cluster/data.ts", "to(controller.webhook)", "to(controller.webhok)");
    const { code, stderr } = netpol(folder, "list");
    assert.equal(code, 2);
    assert.deepEqual(stderr.replace(/:\d+:/g, ":N:").split("\n"), [
      "cluster/argocd.ts:N: argocd/redis: lables: there is no such key; did you mean labels?",
      "cluster/data.ts:N: flow kube-apiserver, host, remote-node → data/controller: data/controller has no port webhok; did you mean webhook?",
      'cluster/identity.ts:N: identity/login: probes: write a list of names of its ports, such as ["https"], given "https"',
      "",
    ]);
  });
});
