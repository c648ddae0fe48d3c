import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as language from "../../cilium/language.ts";
import { faults } from "../../cilium/model/check.ts";
import { configure } from "../../cilium/model/cluster.ts";
import { Faults } from "../../cilium/model/faults.ts";
import { rings } from "../../cilium/model/order.ts";
import { loadCluster } from "../../components/load.ts";
import { filesIn, pageText } from "../markdown.ts";
import { repository } from "../project.ts";
import { program } from "../rendered.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

const page = pageText("docs/language.md");

const section = (heading: string): string =>
  page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? assert.fail(`a section ${heading}`);

const files = filesIn("docs/language.md");

/** The rows of the table of words. */
const rows = Array.from(section("Words").matchAll(/^\| (.+?) \| `(.+?)` \| .+ \|$/gm), ([, word = "", code = ""]) => ({
  word,
  code,
}));

/** A project of the page's files, some of them changed. */
function project(changed: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder("language");
  mkdirSync(join(folder, "cluster"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(repository, "cilium"), join(folder, "cilium"));
  for (const [name, text] of [...files, ...Object.entries(changed)]) writeFileSync(join(folder, name), text);
  return folder;
}

const file = (name: string): string => files.get(name) ?? assert.fail(name);

const read = async (folder: string) => configure(await loadCluster(folder), program.config);

describe("The page on the language", () => {
  it("shows a cluster that is whole: it is read without faults, a ring of workloads in it", async () => {
    const cluster = await read(project());
    assert.deepEqual(faults(cluster), []);
    assert.deepEqual(
      rings(cluster).map((ring) => ring.toSorted()),
      [["monitoring/prometheus", "shop/web"]],
    );
  });

  it("has all words in one table, each with a line that can be written as it is", async () => {
    for (const word of Object.keys(language)) {
      assert.ok(
        rows.some((row) => row.word.includes(`\`${word}\``)),
        `a row of ${word}`,
      );
    }
    const lines = rows.map(({ code }) => code);
    const matching = (form: RegExp) => lines.filter((code) => form.test(code));
    const [flows, own, wide] = [/^(from|deny)\(/, /^shop\.(?!flows)/, /^everywhere\./].map(matching);
    const [opening, opened] = [matching(/^const shop = /), matching(/^const everywhere = /)];
    const listed = matching(/^(namespaces|dns|clusterwide|policyPack): /);
    const keys = matching(/^\w+: /).filter((code) => !listed.includes(code));
    const all = [flows, own, wide, opening, opened, listed, keys].flatMap((some = []) => some);
    assert.deepEqual(all.toSorted(), lines.toSorted());

    const workloads = keys.map((key, index) => {
      const given = { labels: `labels: { example: "${index}" }`, ports: "ports: { http: http(80) }" };
      const others = Object.entries(given).flatMap(([name, text]) => (key.startsWith(`${name}:`) ? [] : [text]));
      // A deny of the world is not for pods with probes, and each other key stands beside labels and ports.
      return `shop.workload("example-${index}", { ${[key, ...others].join(", ")} });\n`;
    });
    const [, declarations = ""] = /^```ts\n\/\/ [^\n]+flows\n(.*?)^```/ms.exec(section("Workloads")) ?? [];
    const words = `import { ${Object.keys(language).join(", ")} } from "../cilium/language.ts";\n`;
    const shop = file("cluster/shop.ts")
      .replace(/^import .*language\.ts";\n/m, words)
      .replace(/^const shop = .*;$/m, `${opening};`)
      .replace("export default", `${declarations}${workloads.join("")}${own?.join(";\n")};\nexport default`)
      .replace("]);", `${flows?.map((flow) => `  ${flow},\n`).join("")}]);`);
    const cluster = await read(
      project({
        "cluster/shop.ts": shop,
        "cluster/everywhere.ts": `${words}${opened};\n${wide?.join(";\n")};\nexport default everywhere.flows(() => []);\n`,
        "cluster/cluster.ts": file("cluster/cluster.ts")
          .replace("import kubeSystem", 'import everywhere from "./everywhere.ts";\nimport kubeSystem')
          .replace(/= \{\n.*\};/s, `= { ${listed.join(", ")} };`),
      }),
    );
    const { workloads: governed = [] } = cluster.namespaces.find(({ name }) => name === "shop") ?? {};
    // Two in the page's own file, two among its declarations, and two in the table.
    assert.equal(governed.length, 6 + keys.length);
    assert.deepEqual([cluster.clusterwide.groups.length, Object.keys(cluster.policyPack ?? {}).length], [2, 1]);
    assert.ok(cluster.flows.length > (flows?.length ?? 0));
  });

  it("shows what is clusterwide as a file that is read without faults", async () => {
    const [, wide = ""] = /^```ts\n(\/\/ cluster\/clusterwide\.ts, .*?)^```/ms.exec(section("Clusterwide")) ?? [];
    const listed = file("cluster/cluster.ts")
      .replace("import kubeSystem", 'import everywhere from "./clusterwide.ts";\nimport kubeSystem')
      .replace("  dns: coredns.dns,", "  clusterwide: everywhere,\n  dns: coredns.dns,");
    const cluster = await read(project({ "cluster/clusterwide.ts": wide, "cluster/cluster.ts": listed }));
    assert.deepEqual(faults(cluster), []);
    assert.deepEqual(
      cluster.clusterwide.groups.map(({ name }) => name),
      ["online", "controllers", "workers"],
    );
    await assert.rejects(read(project({ "cluster/clusterwide.ts": wide })), {
      message:
        /^cluster\/clusterwide\.ts:16: this is not in the cluster; import it in cluster\/cluster\.ts and write it as clusterwide$/,
    });
  });

  it("quotes what is said of faults", async () => {
    const [, said = ""] = /^```\n(.*?)^```/ms.exec(section("When something is wrong")) ?? [];
    const folder = project({
      "cluster/monitoring.ts": file("cluster/monitoring.ts").replace("web.metrics", "web.metric"),
      "cluster/shop.ts": file("cluster/shop.ts")
        .replace("labels:", "lables:")
        .replace('probes: ["http"]', 'probes: "http"')
        .replace("from(web).to(database", 'from("web").to(database'),
    });
    await assert.rejects(loadCluster(folder), (error) => {
      assert.ok(error instanceof Faults);
      assert.deepEqual(error.faults.toSorted(), said.trim().split("\n").toSorted());
      return true;
    });
  });
});
