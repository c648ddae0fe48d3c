/**
 * How long the reachability engine takes, and how much memory, for this cluster and for made-up clusters that double in
 * size, and for one whose workloads have many pods; connections are those of workloads: `node bench/reach.ts`.
 */
import { inventoryOf } from "../cilium/model/inventory.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import type { Inventory, Question } from "../cilium/reach/compile/inventory.ts";
import { compile } from "../cilium/reach/compile/network.ts";
import { verdict } from "../cilium/reach/decide/verdict.ts";
import { identityConnections } from "../cilium/reach/report/connections.ts";
import { program } from "../test/this-cluster/rendered.ts";
import { inventoryOfSize, policiesOf } from "./generated.ts";

const sizes = [250, 500, 1000, 2000, 4000];
const runs = 5;

const { policies, cluster } = program;
const inventory = inventoryOf(cluster);
const rows = [
  measure("this cluster", policies, inventory),
  ...sizes.map((size) => measure(`${size} policies`, policiesOf(size), inventoryOfSize(size))),
  measure("2000 policies, 50 pods a workload", policiesOf(2000), inventoryOfSize(2000, 50)),
];
console.table(rows);
console.log(
  `Medians of ${runs} runs; CPU time is of both steps and all threads; memory is the process's at its highest.`,
);
console.log(`One question about this cluster takes ${questionTime().toFixed(2)} µs.`);

function measure(title: string, policies: readonly Policy[], inventory: Inventory) {
  const timings = Array.from({ length: runs }, () => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const network = compile(policies, inventory);
    const compiled = performance.now();
    const found = identityConnections(network);
    const { user, system } = process.cpuUsage(cpu);
    return {
      compile: compiled - start,
      list: performance.now() - compiled,
      cpu: (user + system) / 1000,
      found: found.length,
    };
  });
  const cpu = median(timings.map(({ cpu }) => cpu));
  const answers = timings[0]?.found ?? 0;
  return {
    network: title,
    pods: inventory.endpoints.length,
    connections: answers,
    "compile ms": Math.round(median(timings.map(({ compile }) => compile))),
    "list ms": Math.round(median(timings.map(({ list }) => list))),
    "CPU ms": Math.round(cpu),
    "CPU µs per policy and connection": Number(((cpu * 1000) / (policies.length + answers)).toFixed(1)),
    "memory MB": Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function questionTime(): number {
  const network = compile(policies, inventory);
  const workloads = inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork);
  const peers = workloads.map(({ namespace, name }) => ({ kind: "endpoint", namespace, name }) as const);
  const questions = peers.flatMap((source) =>
    peers.flatMap((destination) =>
      [443, 5432, 8080, 9090].map((port): Question => ({ source, destination, protocol: "TCP", port })),
    ),
  );
  const times = Array.from({ length: 2 * runs }, () => {
    const start = performance.now();
    for (const question of questions) verdict(network, question);
    return ((performance.now() - start) * 1000) / questions.length;
  });
  return median(times.slice(runs));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
