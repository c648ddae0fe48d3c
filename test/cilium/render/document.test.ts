import assert from "node:assert/strict";
import { type ConfiguredCluster, configure, type Settings } from "../../../cilium/model/cluster.ts";
import { renderDocument } from "../../../cilium/render/document.ts";
import { crossNamespaceRows, excludedRows } from "../../document/cross-namespace.ts";
import { policyCounts, rows } from "../../document/rows.ts";
import { declared, program } from "../../rendered.ts";

const render = (cluster: ConfiguredCluster) => renderDocument(cluster, "npm run netpol -- docs");
const withSettings = (changed: Partial<Settings>) => render(configure(declared, { ...program.config, ...changed }));

/** The rows of the table under a heading, each a list of its cells. */
function tableUnder(heading: string, document: string): string[][] {
  const lines = document.split("\n");
  const start = lines.indexOf(heading);
  assert.ok(start >= 0, `there is a heading ${heading}`);
  const section = lines.slice(start + 1);
  const end = section.findIndex((line) => line.startsWith("## "));
  return section
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.slice(2, -2).split(" | "));
}

describe("The document of the program", () => {
  const document = render(program.cluster);

  it("has a table for each namespace, with its count and its components, in the order of the policy document", () => {
    const headings = document.split("\n").filter((line) => /^## .* \(\d+ polic(y|ies)\)$/.test(line));
    const expected = Object.entries(policyCounts).map(
      ([name, n]) => `## ${name} (${n} ${n === 1 ? "policy" : "policies"})`,
    );
    assert.deepEqual(headings, expected);
    for (const [namespace, heading] of Object.keys(policyCounts).map(
      (name, at) => [name, headings[at] ?? ""] as const,
    )) {
      const components = tableUnder(heading, document).map(([component]) => component?.match(/^\*\*(.+?)\*\*/)?.[1]);
      const described = rows.filter((row) => row.namespace === namespace).map(({ name }) => name);
      assert.deepEqual(components.toSorted(), described.toSorted(), namespace);
    }
  });

  it("lists every flow between namespaces of the policy document, with its port and purpose", () => {
    const listed = tableUnder("## Cross-Namespace Communication", document);
    for (const row of crossNamespaceRows) {
      const [namespace, name] = row.from.split("/");
      const servers =
        typeof row.to === "string" ? [row.to.replace(/^fqdn /, "")] : row.to.map((to) => to.split("/")[1]);
      const found = listed.find(
        ([from, to, port, purpose]) =>
          from === `${name} (${namespace})` &&
          to?.replace(/ \(.*/, "").replaceAll("\\", "") === servers.join(" + ") &&
          port?.split("/").includes(row.port.replace("/TCP", "")) &&
          purpose === row.purpose,
      );
      assert.ok(found, `${row.from} → ${servers.join(" + ")}`);
    }
  });

  it("says why each flow between namespaces exists", () => {
    for (const row of tableUnder("## Cross-Namespace Communication", document)) assert.ok(row[3], row.join(" | "));
  });

  it("groups the pods that no policy can select by the reason", () => {
    assert.deepEqual(
      tableUnder("## Excluded Pods (hostNetwork: true)", document),
      excludedRows.map(({ namespace, pods, reason }) => [namespace, pods.join(", "), reason]),
    );
  });

  it("says beside a component's name which pods it is and where the kubelet probes them", () => {
    const components = document.split("\n").flatMap((line) => /^\| (\*\*[^|]+?) \|/.exec(line)?.[1] ?? []);
    assert.ok(components.includes("**sensor** (tofu-cloudflare, upgrade-k8s, pxe-sync, talos-build)"));
    assert.ok(components.includes("**coredns** (probes 8080/8181)"));
    assert.ok(components.includes("**etcd-backup**"));
  });

  it("says that it is generated, and by which command", () => {
    assert.match(document, /generated from the program by `npm run netpol -- docs`/);
  });

  it("names the ports where rules on HTTP would break TLS", () => {
    assert.match(document, /TLS arrives unopened at argocd\/server:8080 and kanidm\/kanidm:8443/);
  });

  it("explains each name that stands for several or other entities", () => {
    assert.match(document, /`gateway` \(ingress\)/);
    assert.match(document, /`nodes` \(host, remote-node\)/);
    assert.doesNotMatch(document, /`host` \(/);
  });

  it("escapes the stars of DNS patterns, which Markdown would take for emphasis", () => {
    assert.doesNotMatch(document.replaceAll(/\*\*/g, "").replaceAll(/`[^`]*`/g, ""), /(?<!\\)\*/);
  });

  it("follows the config: addresses, names that pods may resolve, default deny, observation", () => {
    assert.match(withSettings({ addresses: { "qnap-nfs": "192.0.2.9" } }), /qnap-nfs \(192\.0\.2\.9\):2049/);
    assert.match(withSettings({ dnsNames: ["*.example.com"] }), /through the DNS proxy, names: `\*\.example\.com`/);
    assert.match(withSettings({ egressDefaultDeny: true }), /puts every pod into egress default deny/);
    assert.doesNotMatch(document, /in observation/);
    assert.match(
      withSettings({ namespaceEnforcement: { argo: "observe" } }),
      /The policies of argo are in observation: nothing is refused there yet/,
    );
  });
});
