import assert from "node:assert/strict";
import { renderDocument } from "../../cilium/render/document.ts";
import { crossNamespaceRows, excludedRows } from "./cross-namespace.ts";
import { program } from "./rendered.ts";
import { policyCounts, rows } from "./rows.ts";

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

describe("The generated document, against the policy document,", () => {
  const document = renderDocument(program.cluster, "npm run netpol -- docs");

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
});
