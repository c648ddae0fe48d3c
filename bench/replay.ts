/**
 * How long `netpol replay` takes for a large record, and how much memory: `node bench/replay.ts [flows] [scan]`, a million
 * unless said. The record has every flow of the program several times over, DNS answers, replies, scans from outside and
 * connections that nobody declared, from many pods, as the exporter writes it. With `scan`, each flow comes from or goes to
 * another address outside; it is read from standard input.
 */
import { spawn } from "node:child_process";
import { createWriteStream, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { inventoryOf } from "../cilium/model/inventory.ts";
import { isNumbered } from "../cilium/model/ports.ts";
import type { FlowProtocol } from "../cilium/reach/compile/inventory.ts";
import {
  apiServer,
  dnsAnswer,
  flow,
  gateway,
  host,
  line,
  outside,
  pod,
  type RecordedEnd,
  remoteNode,
} from "../test/cilium/hubble/recorded.ts";
import { repository } from "../test/project.ts";
import { program } from "../test/this-cluster/rendered.ts";
import { temporaryFolder } from "../test/toolchain/lifetime.ts";

const flows = Number(process.argv[2] ?? 1_000_000);
const podsOfEach = 20;
const { cluster } = program;

const pods = new Map(
  inventoryOf(cluster)
    .endpoints.filter(({ hostNetwork }) => !hostNetwork)
    .map((endpoint, index): [string, RecordedEnd[]] => [
      `${endpoint.namespace}/${endpoint.name}`,
      Array.from({ length: podsOfEach }, (_, replica) => pod(endpoint, index * podsOfEach + replica + 1)),
    ]),
);

/** The same numbers in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomNumbers(20_261_124);
const below = (limit: number): number => Math.floor(random() * limit);

function pick<T>(items: readonly T[]): T {
  const item = items[below(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** Names have a few addresses each; whoever scans from outside has one of thousands. */
const addressOf = (name: string): string =>
  `203.0.${hosts.indexOf(name) % 256}.${4 * Math.floor(hosts.indexOf(name) / 256) + below(4)}`;
const stranger = (): string => `198.51.${below(20)}.${below(256)}`;
const everyPod = [...pods.values()];

const uuidOf = (index: number): string => `${index.toString(16).padStart(8, "0")}-1bce-5276-a133-d8ea5a78502b`;

function oneFlow(index: number): object {
  const time = new Date(Date.UTC(2026, 10, 24) + index * 3).toISOString().replace("Z", "123456Z");
  const kind = random();
  const asker = pick(pick(everyPod));
  if (kind < 0.4)
    return flow(pick(pick(everyPod)), asker, 43_512, { time, more: { is_reply: true, trace_reason: "REPLY" } });
  const name = pick(hosts);
  if (kind < 0.5) return dnsAnswer(asker, pick(pods.get("kube-system/coredns") ?? []), name, addressOf(name));
  if (kind < 0.55) return flow(asker, outside(addressOf(name)), 443, { time, more: { destination_names: [name] } });
  if (kind < 0.56) return flow(outside(stranger()), asker, 1 + below(100), { time });
  if (kind < 0.57) return flow(asker, pick(pick(everyPod)), 1 + below(100), { time });
  const { from, to, ports } = pick(cluster.flows);
  const port = pick(ports.filter(isNumbered));
  const protocol: FlowProtocol = pick(port.transports);
  return flow(endOf(from), endOf(to), port.number, { time, protocol });
}

const hosts = [
  ...cluster.flows.flatMap(({ to }) => (to.kind === "fqdns" ? to.names.map((name) => name.replaceAll("*", "x1")) : [])),
  ...Array.from({ length: 500 }, (_, index) => `host${index}.example`),
];

function endOf(peer: (typeof cluster.flows)[number]["to"]): RecordedEnd {
  switch (peer.kind) {
    case "workload":
      return pick(pods.get(`${peer.namespace}/${peer.name}`) ?? [host]);
    case "host-network":
      return remoteNode;
    case "entities":
      return { gateway, "kube-apiserver": apiServer, host }[peer.name] ?? remoteNode;
    case "fqdns":
      return outside(addressOf(pick(peer.names).replaceAll("*", "x1")));
    case "cidr":
      return outside(stranger());
    case "external":
      return outside(peer.address);
    default:
      throw new Error(`this cluster has no ${peer.kind}`);
  }
}

/** A flow from or to an address of its own. */
function scan(index: number): object {
  const address = `${20 + (index >>> 24)}.${(index >>> 16) & 255}.${(index >>> 8) & 255}.${index & 255}`;
  const [probed = host] = everyPod[index % everyPod.length] ?? [];
  const more = { ethernet: undefined, node_labels: undefined };
  return index % 2 === 0
    ? flow(outside(address), probed, 443, { more })
    : flow(probed, outside(address), 443, { more });
}

const isScan = process.argv[3] === "scan";

function* lines(): Generator<string> {
  let block = "";
  for (let index = 0; index < flows; index++) {
    block += `${line({ ...(isScan ? scan(index) : oneFlow(index)), uuid: uuidOf(index) })}\n`;
    if (block.length > 1024 * 1024) {
      yield block;
      block = "";
    }
  }
  yield block;
}

const file = join(temporaryFolder("replay"), "flows.json");
if (!isScan) {
  await pipeline(lines, createWriteStream(file));
  console.log(`${flows} flows, ${Math.round(statSync(file).size / 1e6)} MB`);
}

/** Runs the command as a user would, and has it tell its own peak of memory when it ends. */
const command = join(repository, "cli/netpol.js");
const measure = `import { isMainThread } from "node:worker_threads"; if (isMainThread) process.on("exit", () => console.error("peak " + process.resourceUsage().maxRSS + " cpu " + (process.resourceUsage().userCPUTime + process.resourceUsage().systemCPUTime)))`;
const start = performance.now();
const child = spawn(
  process.execPath,
  ["--import", `data:text/javascript,${encodeURIComponent(measure)}`, command, "replay", isScan ? "-" : file],
  { stdio: [isScan ? "pipe" : "ignore", "ignore", "pipe"] },
);
let errors = "";
child.stderr?.setEncoding("utf8").on("data", (text: string) => {
  errors += text;
});
const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
if (child.stdin !== null) await pipeline(lines, child.stdin);
// 1: the record has connections that nobody declared.
const code = await ended;
if (code !== 1) throw new Error(errors);
const seconds = (performance.now() - start) / 1000;
const [, peak, cpu] = /peak (\d+) cpu (\d+)/.exec(errors) ?? [];
const memory = `${Math.round(Number(peak) / 1024)} MB at most`;
console.log(`${seconds.toFixed(1)} s (${(Number(cpu) / 1e6).toFixed(1)} s of processor), ${memory}`);
