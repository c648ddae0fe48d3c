/**
 * What the policy pack costs: previews of this project on the embedded API server without a pack, with one that has no rules
 * (what Pulumi itself spends on packs) and with this one, in turn; and its rules alone over growing stacks. Run with
 * `npm run bench:pack`.
 */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../cilium/policy/schema.ts";
import { podNamespaceLabel } from "../cilium/policy/selector.ts";
import { judgeStack, register, resourceOf } from "../test/policypack/registration.ts";
import { repository } from "../test/project.ts";
import { renderedPolicies } from "../test/rendered.ts";
import { namespaces } from "../test/sample/counts.ts";
import { startCluster } from "../test/toolchain/cluster.ts";
import { temporaryFolder } from "../test/toolchain/lifetime.ts";
import { prodStack } from "../test/toolchain/stack.ts";

const rounds = 7;
const sizes = [58, 580, 1450, 2900, 5800];
const policies = renderedPolicies();

await previews();
rulesAlone();

async function previews(): Promise<void> {
  const cluster = await startCluster({ namespaces });
  const stack = await prodStack(cluster);
  const timed = async (policyPacks: string[]): Promise<number> => {
    const start = performance.now();
    await stack.preview({ policyPacks });
    return performance.now() - start;
  };
  const packs = { none: [], empty: [emptyPack()], this: [join(repository, "policypack")] };
  for (const state of ["of an empty cluster", "that changes nothing"]) {
    for (const pack of Object.values(packs)) await timed(pack);
    const ratios: { empty: number; this: number; thisToEmpty: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const none = await timed(packs.none);
      const empty = await timed(packs.empty);
      const all = await timed(packs.this);
      ratios.push({ empty: empty / none, this: all / none, thisToEmpty: all / empty });
      console.log(
        `round ${round}: ${ms(none)} without a pack, ${ms(empty)} with an empty one, ${ms(all)} with this one`,
      );
    }
    const times = (of: keyof (typeof ratios)[number]) => median(ratios.map((ratio) => ratio[of])).toFixed(2);
    console.log(
      `A preview ${state} takes ${times("this")} times as long with the pack, ${times("empty")} times with an empty one; ` +
        `with the pack ${times("thisToEmpty")} times as long as with an empty one.\n`,
    );
    await stack.up();
  }
  await stack.close();
  await cluster.stop();
}

/** A pack without rules. */
function emptyPack(): string {
  const folder = temporaryFolder("empty-pack");
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", version: "0.0.0", main: "index.js" }));
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(
    join(folder, "index.js"),
    'const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [] });\n',
  );
  return folder;
}

function rulesAlone(): void {
  const rows = sizes.map((size) => {
    const resources = enlarged(size).map(resourceOf);
    const exemptions = exemptFromNoWideOpen(resources.map(({ name }) => name));
    const start = performance.now();
    const violations = register(resources, exemptions);
    const registered = performance.now();
    const atTheEnd = judgeStack(resources, exemptions);
    const time = performance.now() - start;
    return {
      policies: size,
      violations: [...violations, ...atTheEnd].filter(({ level }) => level === "mandatory").length,
      "before registration ms": Math.round(registered - start),
      "at the end ms": Math.round(performance.now() - registered),
      "µs per policy": Math.round((time * 1000) / size),
    };
  });
  console.table(rows);
}

/** The clusterwide policy, and copies of the others in namespaces of their own that talk among themselves. */
function enlarged(size: number): Policy[] {
  const clusterwide = policies.filter(({ kind }) => kind === "CiliumClusterwideNetworkPolicy");
  const namespaced = policies.filter((policy) => policy.kind === "CiliumNetworkPolicy");
  const namespaces = new Set(namespaced.map(({ metadata }) => metadata.namespace));
  const copies = Array.from({ length: Math.ceil(size / namespaced.length) }, (_, copy) =>
    namespaced.map((policy): Policy => {
      const suffix = copy === 0 ? "" : `-${copy}`;
      return JSON.parse(JSON.stringify(policy), (key, value) =>
        [podNamespaceLabel, "namespace"].includes(key) && namespaces.has(value) ? `${value}${suffix}` : value,
      );
    }),
  );
  return [...clusterwide, ...copies.flat()].slice(0, size);
}

/** What this project's exemptions are for the copies. */
function exemptFromNoWideOpen(names: readonly string[]) {
  return {
    "no-wide-open": {
      exemptions: names
        .filter((name) => /\/(workflow-pods|scan-jobs)$/.test(name))
        .map((policy) => ({ policy, reason: "as in the original" })),
    },
  };
}

function ms(time: number): string {
  return `${(time / 1000).toFixed(2)} s`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
