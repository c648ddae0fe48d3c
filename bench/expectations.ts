/**
 * How long `netpol test` takes for many questions about this cluster, as a whole process and without its start:
 * `node bench/expectations.ts [questions]`, 30,000 unless said, once as JSON and once as YAML.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump } from "js-yaml";
import { z } from "zod";
import { inventoryOf } from "../cilium/model/inventory.ts";
import { repository } from "../test/project.ts";
import { program } from "../test/this-cluster/rendered.ts";
import { temporaryFolder } from "../test/toolchain/lifetime.ts";

const count = Number(process.argv[2] ?? 30_000);
const answer = z.object({ results: z.array(z.unknown()) });
const netpol = join(repository, "cli/netpol.js");

const workloads = inventoryOf(program.cluster)
  .endpoints.filter(({ hostNetwork }) => !hostNetwork)
  .map(({ namespace, name }) => `${namespace}/${name}`);
const ends = [...workloads, "host", "remote-node", "kube-apiserver", "ingress", "world", "203.0.113.7"];

// Every pair of ends in turn, each time on another port.
const questions = Array.from({ length: count }, (_, i) => ({
  from: ends[i % ends.length],
  to: ends[Math.floor(i / ends.length) % ends.length],
  port: 1 + ((i * 7919) % 65535),
  protocol: i % 3 === 0 ? "UDP" : "TCP",
  expect: "deny",
  because: `question ${i}`,
}));

const folder = temporaryFolder("expectations");
const files = { json: join(folder, "questions.json"), yaml: join(folder, "questions.yaml") };
writeFileSync(files.json, JSON.stringify(questions));
writeFileSync(files.yaml, dump(questions));

console.log(`start of the command: ${seconds(() => execFileSync(process.execPath, [netpol, "--help"]))}`);
for (const [form, file] of Object.entries(files)) {
  const args = [netpol, "test", file, "--output", "json"];
  const run = () => spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 2 ** 30 });
  let answered = 0;
  const took = seconds(() => {
    answered = answer.parse(JSON.parse(run().stdout)).results.length;
  });
  console.log(`${answered} questions in ${form}: ${took}`);
}

function seconds(work: () => unknown): string {
  const start = performance.now();
  work();
  return `${((performance.now() - start) / 1000).toFixed(2)} s`;
}
