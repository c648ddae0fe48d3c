import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf } from "../cli/folder.ts";
import { netpolHere } from "../cli/here.ts";
import { assertQuoted, filesIn, quotations } from "../markdown.ts";

const page = "docs/start.md";

describe("The page on how to start", () => {
  const files = filesIn(page);
  const project = "shop/cluster/shop.ts";
  const folder = folderOf(Object.fromEntries([...files].filter(([name]) => name.startsWith("manifests/"))));

  it("quotes what the walk says, and the file that it writes", () => {
    const [quotation, ...more] = quotations(page);
    assert.ok(quotation !== undefined && more.length === 0);
    assertQuoted(netpolHere(folder, ...quotation.words).stdout, quotation);
    assert.equal(`// ${project}\n${readFileSync(join(folder, project), "utf8")}`, files.get(project));
  });

  it("says what a later state of the cluster has besides, as lines to add, and touches nothing", () => {
    netpolHere(folder, "init", "updated", "--from", "manifests");
    const file = join(folder, "updated/cluster/shop.ts");
    const before = readFileSync(file, "utf8");
    const same = netpolHere(folder, "init", "updated", "--from", "manifests", "--update");
    assert.equal(same.code, 0, same.stdout + same.stderr);
    assert.match(same.stdout, /^manifests has nothing that updated does not say$/m);
    const later = folderOf({
      ...Object.fromEntries([...files].map(([name, text]) => [name.replace("manifests/", ""), text])),
      "billing.yaml": `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: billing, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: billing } }
  egress: [{ toEndpoints: [{ matchLabels: { app: web } }], toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }] }]
`,
    });
    const { code, stdout } = netpolHere(folder, "init", "updated", "--from", later, "--update");
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^export const billing = shop\.workload\("billing", \{$/m);
    assert.match(stdout, /^from\(billing\)\.to\(web\.http\)\.only\("egress"\),$/m);
    assert.equal(readFileSync(file, "utf8"), before);
  });

  it("repairs what it says that it repairs", () => {
    const { stdout } = netpolHere(folder, "init", "repaired", "--from", "manifests", "--repair");
    assert.match(stdout, /^Repaired: 1 flow opened$/m);
    assert.match(stdout, /shop\/reports can now reach shop\/api:9000/);
    assert.match(readFileSync(join(folder, "repaired/cluster/shop.ts"), "utf8"), /from\(reports\)\.to\(api\.http\),/);
  });
});
