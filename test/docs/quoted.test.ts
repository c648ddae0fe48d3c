import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf } from "../cli/folder.ts";
import { assertQuoted, pageText, type Quotation, quotations } from "../markdown.ts";
import { compileCache, repository } from "../project.ts";

const title = ({ words }: Quotation): string => `netpol ${words.join(" ")}`;

describe("The pages quote what netpol says", function () {
  this.timeout(60_000);

  for (const [heading, files] of Object.entries(repositories())) {
    describe(`of a repository: ${heading}`, () => {
      for (const quotation of quotations("docs/your-repository.md", heading)) {
        it(title(quotation), () => assertQuoted(said(folderOf(files), quotation.words), quotation));
      }
    });
  }

  describe("of a repository: Other revisions", () => {
    let folder: string;

    before(() => {
      const { "Plain manifests": files } = repositories();
      folder = folderOf({ "workloads.yaml": files["workloads.yaml"], ".gitignore": "cluster.yaml\nnext-*\n" });
      const git = (...args: string[]) =>
        execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args], { cwd: folder });
      git("init", "--quiet", "--initial-branch=main");
      git("add", "--all");
      git("commit", "--quiet", "--message=workloads");
      writeFileSync(join(folder, "policy.yaml"), files["policy.yaml"]);
    });

    for (const quotation of quotations("docs/your-repository.md", "Other revisions")) {
      it(title(quotation), () => assertQuoted(said(folder, quotation.words), quotation));
    }

    it("and answers every line that the page tells to type", () => {
      writeFileSync(join(folder, "cluster.yaml"), repositories()["Plain manifests"]["workloads.yaml"]);
      const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n";
      writeFileSync(join(folder, "next-cilium-config.yaml"), `${config}data: {enable-policy: always}\n`);
      const typed = Array.from(pageText("docs/your-repository.md").matchAll(/^netpol (.*?)(?: +#.*)?$/gm));
      assert.equal(typed.length, 6);
      for (const [, line = ""] of typed) assert.match(said(folder, line.split(" ")), /^(?:After: )?Rests on /m, line);
    });
  });
});

/** All that the command says in a folder that is no project of this program. */
function said(folder: string, words: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(repository, "cli/netpol.js"), ...words], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  return stdout + stderr;
}

/** The repositories that the page on them shows, by their headings. Their objects are in the namespace shop, or name none. */
function repositories() {
  const inShop = ", namespace: shop";
  const policy = (namespace: string, port = 8080) => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api${namespace} }
spec:
  endpointSelector: { matchLabels: { app: api } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: web } }]
      toPorts: [{ ports: [{ port: "${port}", protocol: TCP }] }]
`;
  const workloads = (namespace: string) => ["web", "api"].map((name) => deployment(name, namespace)).join("---\n");
  const deployment = (name: string, namespace: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}${namespace} }
spec:
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main }] }
`;
  const blue = policy(inShop).replace("name: api,", "name: web,");
  return {
    "Plain manifests": {
      "policy.yaml": policy(inShop),
      "workloads.yaml": workloads(inShop),
      "db.yaml": `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: db, namespace: shop }
spec: { endpointSelector: { matchLabels: { app: db } }, ingres: [{}] }
`,
    },
    Flux: {
      "apps/shop/policy.yaml": policy(""),
      "apps/shop/workloads.yaml": workloads(""),
      "apps/lan/printer.yaml": policy(inShop).replace("name: api", `name: \${PRINTER}`),
      "apps/lan/sensor.yaml": "password: !secret sensor\n",
      "clusters/home/shop.yaml": `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: shop, namespace: flux-system }
spec: { path: ./apps/shop, targetNamespace: shop }
`,
    },
    "Argo CD": {
      "apps/shop/policy.yaml": policy(""),
      "apps/shop/workloads.yaml": workloads(""),
      "argocd/shop.yaml": `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: shop, namespace: argocd }
spec: { source: { path: apps/shop }, destination: { namespace: shop } }
`,
    },
    Helm: {
      "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
      "chart/values.yaml": "port: 8080\n",
      "chart/templates/policy.yaml": policy(inShop).replace('"8080"', '"{{ .Values.port }}"'),
    },
    "Several clusters in one repository": {
      "clusters/blue/policy.yaml": blue,
      "clusters/green/policy.yaml": blue.replace("8080", "8081"),
      "workloads.yaml": workloads(inShop),
    },
  } satisfies Record<string, Record<string, string>>;
}
