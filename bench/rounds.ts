/** Compares what takes long in processes of its own, in turn, so that a machine with other work is as unfair to one as to the other. */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";

export interface Contender {
  readonly name: string;
  readonly run: () => unknown;
  /** The name of the one that it is compared with. */
  readonly to?: string;
}

/** The time of day, and that of the processors for child processes that have ended, in ms. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/**
 * Runs all contenders, one after the other, as often as there are rounds, and prints what they take: of the time of day the
 * median, and the median of the ratios within a round; of the processors' time, whose clock is coarse, the mean.
 */
export async function compare(title: string, contenders: readonly Contender[], rounds: number): Promise<void> {
  const costs = new Map(contenders.map(({ name }) => [name, [] as Cost[]]));
  // What is compiled for the first time is kept.
  for (const { run } of contenders) await run();
  for (let done = 0; done < rounds; done++) {
    for (const { name, run } of contenders) costs.get(name)?.push(await costOf(run));
  }
  const of = (name: string, cost: keyof Cost): number[] => (costs.get(name) ?? []).map((one) => one[cost]);
  console.log(`${title}: ${rounds} rounds, load ${loadavg()[0]?.toFixed(1)} at the end`);
  console.table(
    contenders.map(({ name, to = name }) => ({
      "": name,
      "wall ms": Math.round(median(of(name, "wall"))),
      "CPU ms": Math.round(mean(of(name, "cpu"))),
      "compared with": to === name ? "" : to,
      "× wall": median(of(name, "wall").map((wall, round) => wall / (of(to, "wall")[round] ?? Number.NaN))).toFixed(2),
      "× CPU": (mean(of(name, "cpu")) / mean(of(to, "cpu"))).toFixed(2),
    })),
  );
}

async function costOf(run: Contender["run"]): Promise<Cost> {
  const [start, before] = [performance.now(), cpuOfChildren()];
  await run();
  return { wall: performance.now() - start, cpu: cpuOfChildren() - before };
}

/** `cutime` and `cstime` of `man 5 proc`, in hundredths of a second. */
function cpuOfChildren(): number {
  const [, fields = ""] = readFileSync("/proc/self/stat", "utf8").split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(13, 15).map(Number);
  return (user + system) * 10;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
