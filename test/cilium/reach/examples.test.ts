import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseText } from "../../../cilium/kubernetes/text.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import { startVerdictOracle, type VerdictOracle } from "../../oracle/job.ts";
import { worldAround } from "./around.ts";
import { type Counts, differences, printed } from "./compare.ts";
import { assertDecided } from "./decided.ts";

/** Folders of Cilium's own module that hold policies. */
const folders = ["examples", "test/k8s/manifests", "pkg/policy/test/testdata"];

describe("The reachability engine on Cilium's own examples and test data", () => {
  let cilium: VerdictOracle;

  before(async function () {
    this.timeout(0);
    cilium = await startVerdictOracle();
  });
  after(() => cilium.stop());

  it("answers about each file, and about each folder as a whole, as Cilium does", async function () {
    this.timeout(0);
    const module = execFileSync("go", ["list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium"], {
      cwd: "test/oracle",
      encoding: "utf8",
    }).trim();
    const files = folders.flatMap((folder) => policyFiles(join(module, folder)));
    const stored = files.map(({ file, policies }) => ({ file, policies: policies.flatMap(storable) }));
    const counts: Counts = new Map();
    let asked = 0;
    const byFolder = Map.groupBy(stored, ({ file }) => join(file, ".."));
    const sets = [
      ...stored.map(({ file, policies }) => ({ title: file, policies })),
      ...[...byFolder].map(([title, files]) => ({ title, policies: named(files.flatMap(({ policies }) => policies)) })),
    ];
    for (const { title, policies } of sets) {
      const world = worldAround(policies);
      asked += world.questions.length;
      const found = await differences(cilium, world, counts);
      assert.equal(found.length, 0, `${title}:\n${found.slice(0, 10).join("\n")}`);
    }
    const written = files.reduce((sum, { policies }) => sum + policies.length, 0);
    const kept = stored.reduce((sum, { policies }) => sum + policies.length, 0);
    console.log(`      ${files.length} files, ${written} policies, of which an API server stores ${kept}`);
    console.log(`      ${asked} questions, 0 differences:`);
    printed(counts);
    assertDecided(counts, 0.001);
    assert.ok(kept > 80, `only ${kept} policies`);
  });
});

/** The policies of each file below a folder: of YAML and JSON, and of the files in test scripts. */
function policyFiles(folder: string): { file: string; policies: object[] }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json|txtar)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((file) => ({ file, policies: textsOf(file).flatMap((text) => policiesIn(text, file)) }))
    .filter(({ policies }) => policies.length > 0);
}

function textsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return file.endsWith(".txtar") ? text.split(/^-- .* --$/m).slice(1) : [text];
}

const policiesIn = (text: string, file: string): object[] =>
  parseText(text, file).documents.flatMap(({ value }) => (isPolicy(value) ? [value] : []));

const isPolicy = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  (value.kind === "CiliumNetworkPolicy" || value.kind === "CiliumClusterwideNetworkPolicy");

/** As an API server stores it: in a namespace if it is of that kind, and not at all with the wrong shape. */
function storable(manifest: object): Policy[] {
  const parsed = policySchema.safeParse(manifest);
  if (!parsed.success) return [];
  const { data } = parsed;
  const namespace = data.metadata.namespace ?? "default";
  return [data.kind === "CiliumNetworkPolicy" ? { ...data, metadata: { ...data.metadata, namespace } } : data];
}

/** With names that differ, since a cluster cannot hold two policies of one name. */
const named = (policies: readonly Policy[]): Policy[] =>
  policies.map((policy, i) => ({ ...policy, metadata: { ...policy.metadata, name: `${policy.metadata.name}-${i}` } }));
