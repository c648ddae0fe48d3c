import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { load } from "js-yaml";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import { translate } from "../../../cilium/translate/translate.ts";
import { writeCluster } from "../../../cilium/write/cluster.ts";
import { laidOut, quoted } from "../../../cilium/write/layout.ts";
import { repository } from "../../project.ts";
import { program } from "../../rendered.ts";
import { temporaryFolder } from "../../toolchain/lifetime.ts";
import { worlds } from "../reach/worlds.ts";

/** What Biome makes of files, by their paths. */
function formatted(files: ReadonlyMap<string, string>): Map<string, string> {
  const folder = temporaryFolder("layout");
  cpSync(join(repository, "biome.json"), join(folder, "biome.json"));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const args = ["check", "--write", "--vcs-enabled=false", "--linter-enabled=false", "--max-diagnostics=none", "."];
  const ended = spawnSync(join(repository, "node_modules/.bin/biome"), args, { cwd: folder, encoding: "utf8" });
  assert.equal(ended.status, 0, ended.stdout + ended.stderr);
  return new Map([...files.keys()].map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

const some = (name: string, count: number): string => Array.from({ length: count }, (_, i) => `${name}${i}`).join(", ");
const texts = (count: number): string => Array.from({ length: count }, (_, i) => `"${"a".repeat(20)}${i}"`).join(", ");

const lines = [
  "from(a).to(b.web)",
  'from(a).to(b.on(443)).for("x")',
  String.raw`from(a).to(b.web).for('says "x" and it\'s "y"')`,
  'from(a).to(b.on(http(443)), c.web).only("egress")',
  'from(a).to(b.web).carrying({ method: "GET", path: "/, (x) }" })',
  'from(a).to(b.web).carrying({ method: "GET", headers: ["X-A", "X-B"] })',
  `from(a).to(b.web).carrying({ lookup: ${texts(1)} }, { lookup: ${texts(1)} }, { lookup: ${texts(1)} }, { lookup: "a" })`,
  'from(podsOf({ team: oneOf("a", "b") })).to(b["http-api"]).authenticated()',
  'from(cidr("10.0.0.0/8").except("10.1.0.0/16")).to(b.web)',
  `from(cidr("10.0.0.0/8").except(${texts(5)})).to(b.web)`,
  `from(a).to(cidr("10.0.0.0/8").except(${texts(4)}).on(443))`,
  `from(a).to(fqdn(${texts(6)}).on(443))`,
  `from(${some("aLongName", 8)}).to(bbbbbbbbb.web)`,
  `from(${some("aLongName", 9)}).to(bbbbbbbbb.web, cccccccc.web)`,
  `from(${some("aLongName", 20)}).to(${some("anotherLongName", 12)})`,
  `from(${some("aLongName", 20)}).to(b.web).for("x")`,
  `from(a).to(podsOf("shop", { ${"k".repeat(40)}: "v", ${"l".repeat(40)}: "v" }).on(443, udp(443)))`,
  `from(podsOf("shop", { ${"k".repeat(40)}: "v", ${"l".repeat(45)}: "v" })).to(b.web)`,
  'from(a).to(b.on({ number: 9094, transports: ["TCP", "UDP"], speaks: "tcp" }))',
  `podsOf(oneOf(${texts(2)}), { ${"k".repeat(20)}: "v", ${"l".repeat(20)}: "v" })`,
  `podsOf({ k: oneOf(${texts(2)}) }, { ${"k".repeat(20)}: "v", ${"l".repeat(20)}: "v" })`,
  `podsOf("shop", { ${"k".repeat(20)}: oneOf(${texts(5)}) })`,
  `shop.workload("web", { labels: { app: oneOf(${texts(5)}), b: absent }, ports: { a: http(80) }, probes: ["a"] })`,
];

/** Workloads whose names are as long as names of Kubernetes can be, with and without more to say of them. */
function ofLongNames(): (readonly [path: string, text: string])[] {
  const read = [30, 40, 60].flatMap((length) =>
    ["ingress: [{}]", "ingress: [{}]\n  egress: [{}]"].map((rules, more) => {
      const name = `${"n".repeat(length)}-${more}`;
      return policySchema.parse(
        load(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}, namespace: observability}
spec:
  endpointSelector: {matchLabels: {app: ${name}}}
  ${rules}
`),
      );
    }),
  );
  const inventory = { endpoints: [], nodes: [], names: [], namespaces: {}, cluster: "default" };
  const { cluster, comments } = translate(read, inventory, { ...program.config, clusterName: "default" });
  const written = writeCluster(cluster, { language: "language", comments, hasPolicyPack: false });
  return [...written].map(([path, text]) => [`long/${path}`, text] as const);
}

describe("The layout of code", () => {
  it("is that of Biome", () => {
    const text = lines.map((line, at) => `${laidOut(line, { indent: 0, before: `const c${at} = `, after: ";" })}\n`);
    assert.equal(text.join(""), formatted(new Map([["lines.ts", text.join("")]])).get("lines.ts"));
  });

  it("puts texts into the quotes that Biome puts them into, and means the same", () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom('"', "'", "\\", "a", "\n", "`", "$"), maxLength: 8 }), {
      numRuns: 300,
      seed: 20261128,
    });
    const text = `export const texts = [\n${texts.map((one) => `  ${quoted(one)},\n`).join("")}];\n`;
    assert.equal(formatted(new Map([["texts.ts", text]])).get("texts.ts"), text);
    assert.deepEqual(
      runInNewContext(text.replace("export const texts =", "JSON.stringify(").replace("];", "])")),
      JSON.stringify(texts),
    );
  });

  it("is that of Biome in all files that are written for a cluster", () => {
    const seed = Number(process.env.SEED ?? 20261128);
    const generated = fc.sample(worlds(1), { numRuns: 100, seed }).flatMap(({ policies, inventory }, at) => {
      const settings = { ...program.config, clusterName: inventory.cluster };
      const read = policies.map((manifest) => policySchema.parse(manifest));
      const { cluster, comments } = translate(read, inventory, settings);
      const written = writeCluster(cluster, { language: "language", comments, hasPolicyPack: false });
      return [...written].map(([path, text]) => [`${at}/${path}`, text] as const);
    });
    const files = [...generated, ...ofLongNames()];
    assert.ok(generated.length > 100);
    const after = formatted(new Map(files));
    for (const [path, text] of files) assert.equal(text, after.get(path), `seed ${seed}: ${path}`);
  });
});
