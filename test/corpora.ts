/**
 * Puts the engine beside Cilium's own code on the policies of files: `npm run corpora -- FILE…`. Pods are made from the
 * selectors, and each file is asked about as it is and without its NetworkPolicies; list, exposure, explain, diff, map and coverage
 * have to say the same of it, and what explain advises is followed. Then it is brought in as `netpol init` does,
 * and both are asked about by Cilium's code; and it is changed in many ways, of each of which the prover says whether it matters.
 * Ends with 1 if an answer differs.
 */
import { readObjects } from "../cilium/kubernetes/read.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import type { Peer } from "../cilium/reach/compile/inventory.ts";
import { compile } from "../cilium/reach/compile/network.ts";
import { openDirections } from "../cilium/reach/report/coverage.ts";
import { bring } from "../cli/init/bring.ts";
import { readFiles } from "../cli/sources/files.ts";
import { readPolicies } from "../cli/sources/source.ts";
import { inTemporaryFolder } from "../cli/sources/temporary.ts";
import { judged } from "./cilium/prove/judged.ts";
import { changed, changes as waysToChange } from "./cilium/prove/pairs.ts";
import { worldAround } from "./cilium/reach/around.ts";
import { type Counts, changes, differences, printed } from "./cilium/reach/compare.ts";
import { apply } from "./cilium/reach/report/advice.ts";
import { assertOneAnswer } from "./cilium/reach/report/one-answer.ts";
import type { World } from "./cilium/reach/worlds.ts";
import { startVerdictOracle, type VerdictOracle } from "./oracle/job.ts";

/** Of the many questions about a file, as many as are asked. */
const questionsEach = 4000;

/** About how many pods of a file every report is asked. */
const podsEach = 50;

/** Advice is judged with all pairs of pods, on several ports. */
const advisedPods = 40;
const advisedPairs = 500;

/** How often a file is changed in each way, in another place each time. */
const changesEach = 40;
const questionsOfAChange = 100;

const shownDifferences = 10;

async function main(files: readonly string[]): Promise<void> {
  if (files.length === 0) {
    console.error("name the files with policies: npm run corpora -- FILE…");
    process.exitCode = 2;
    return;
  }
  const cilium = await startVerdictOracle();
  try {
    for (const file of files) {
      const policies = readObjects(readFiles(file), { namespace: "default" }).policies.map(({ policy }) => policy);
      const ciliumOnly = policies.filter(({ kind }) => kind !== "NetworkPolicy");
      await compare(cilium, file, policies);
      await bringIn(cilium, file, policies);
      await change(cilium, file, policies);
      if (ciliumOnly.length < policies.length) await compare(cilium, `${file} without NetworkPolicies`, ciliumOnly);
    }
  } finally {
    cilium.stop();
  }
}

async function compare(cilium: VerdictOracle, title: string, policies: readonly Policy[]): Promise<void> {
  const world = supplied(worldAround(policies, questionsEach));
  const counts: Counts = new Map();
  const found = await differences(cilium, world, counts);
  const undecided = counts.get("connection undecidable") ?? 0;
  const share = ((undecided / world.questions.length) * 100).toFixed(2);
  console.log(
    `${title}: ${policies.length} policies, ${world.inventory.endpoints.length} pods, ${world.questions.length} questions, ${found.length} differences, ${share} % not decidable`,
  );
  printed(new Map([...counts].filter(([what]) => what.startsWith("not decidable"))));
  for (const difference of found.slice(0, shownDifferences)) console.log(`  ${difference}`);
  if (found.length > 0) process.exitCode = 1;
  assertOneAnswer(policies, world.inventory, podsEach);
  follow(title, policies, world);
}

/** Follows what explain advises on denied connections between some pods, of which many deny any: they are allowed then, and nothing else is. */
function follow(title: string, policies: readonly Policy[], { inventory, questions }: World): void {
  const isOpen = openDirections(compile(policies, inventory));
  const denying = inventory.endpoints.filter((endpoint) => isOpen(endpoint).length < 2);
  const others = inventory.endpoints.filter((endpoint) => !denying.includes(endpoint));
  const endpoints = [denying, others].flatMap((some) => evenly(some, advisedPods / 2));
  const peers = endpoints.map(({ namespace, name }): Peer => ({ kind: "endpoint", namespace, name }));
  const pairs = peers.flatMap((source) => peers.map((destination) => ({ source, destination })));
  const outcomes = evenly(pairs, advisedPairs).map((pair, index) => {
    const { protocol = "TCP", port = 80 } = questions[index % questions.length] ?? {};
    return apply(policies, { ...inventory, endpoints }, { ...pair, protocol, port });
  });
  const counts = [...Map.groupBy(outcomes, (outcome) => outcome)].map(([what, { length }]) => `${length} × ${what}`);
  console.log(`${title}: what explain advises: ${counts.join(", ")}`);
}

/** About as many of a list. */
function evenly<T>(list: readonly T[], count: number): T[] {
  const every = Math.ceil(list.length / count);
  return list.filter((_, index) => index % every === 0);
}

/** Brings a file in as `netpol init` does, and has Cilium's own code compare what is written with what there was. */
async function bringIn(cilium: VerdictOracle, file: string, policies: readonly Policy[]): Promise<void> {
  const world = supplied(worldAround(policies, questionsEach));
  const { inventory } = world;
  const source = await readPolicies({ stack: "prod", from: file, namespace: "default" });
  const project = { name: "corpus", stack: "prod", packageSpec: "0", config: { clusterName: inventory.cluster } };
  const start = performance.now();
  const { program, translation } = await inTemporaryFolder((folder) =>
    bring({ ...source, inventory, replicas: new Map() }, project, folder),
  );
  const seconds = (performance.now() - start) / 1000;
  const found = await changes(cilium, world, program.policies);
  const { length } = translation.kept;
  const share = Math.floor(((policies.length - length) / policies.length) * 100);
  console.log(
    `${file} brought in: ${policies.length} policies, ${share} % as ${program.cluster.flows.length} flows, ${length} verbatim, in ${seconds.toFixed(1)} s; ${world.questions.length} questions, ${found.length} differences`,
  );
  for (const difference of found.slice(0, shownDifferences)) console.log(`  ${difference}`);
  if (found.length > 0) process.exitCode = 1;
}

/** Changes a file, and asks the prover of each change whether it means the same. */
async function change(cilium: VerdictOracle, file: string, policies: readonly Policy[]): Promise<void> {
  const { inventory, questions } = supplied(worldAround(policies, questionsEach));
  const asked = evenly(questions, questionsOfAChange);
  const start = performance.now();
  const answers = new Map<string, number>();
  const contradictions: string[] = [];
  for (const way of Object.keys(waysToChange)) {
    const known = new Set<string>();
    for (let choice = 0; choice < changesEach; choice++) {
      const pair = changed(policies, inventory, way, choice);
      if (pair === undefined) continue;
      const text = JSON.stringify(pair.after.policies);
      if (known.has(text)) continue;
      known.add(text);
      const found = await judged(pair, asked, cilium);
      answers.set(found.answer, (answers.get(found.answer) ?? 0) + 1);
      contradictions.push(...found.contradictions);
    }
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const counts = [...answers].map(([answer, count]) => `${count} ${answer}`).join(", ");
  console.log(`${file} changed: ${counts}, ${contradictions.length} contradictions, in ${seconds} s`);
  for (const contradiction of contradictions.slice(0, shownDifferences)) console.log(`  ${contradiction}`);
  if (contradictions.length > 0) process.exitCode = 1;
}

/** With everything given that rules may ask for. */
const supplied = ({ inventory, ...world }: World): World => ({
  ...world,
  inventory: {
    ...inventory,
    nodes: [
      { name: "control-plane", controlPlane: true, labels: {}, addresses: ["192.0.2.241"] },
      { name: "worker", controlPlane: false, labels: {}, addresses: ["192.0.2.242"] },
    ],
    names: inventory.names.map(({ name }, i) => ({ name, addresses: [`198.18.${i >> 8}.${i & 255}`] })),
    cidrGroups: [],
    services: [],
    configuration: {},
  },
});

await main(process.argv.slice(2));
