/** The runs of CronJobs and Jobs that a record should hold, and whether it does. */
import { Cron } from "croner";
import type { CronJobObject, JobObject } from "../kubernetes/objects.ts";
import { controllerOf, isFinished } from "../kubernetes/pods.ts";
import type { FlowRecord } from "./record.ts";
import type { Times } from "./times.ts";

export type Run = Times & {
  readonly namespace: string;
  readonly name: string;
  readonly kind: "CronJob" | "Job";
  /** As in the manifest, with its time zone; none for a Job. */
  readonly schedule: string | undefined;
  /** How often it was to run while the record was made. */
  readonly due: number;
  /** When it is to run next, RFC 3339; undefined if that is not known. */
  readonly next: string | undefined;
  readonly state: "recorded" | "missing" | "not due" | "finished" | "suspended" | "unreadable schedule";
};

/** What runs now and then: as far as an inventory knows it. */
export type Jobs = { readonly cronJobs: readonly CronJobObject[]; readonly jobs: readonly JobObject[] };

/** Each CronJob, and each Job that none made; `first` and `last` are when its pods were seen. */
export function runsOf(record: FlowRecord, { cronJobs, jobs }: Jobs): Run[] {
  const seen = timesOfPods(record);
  return [
    ...cronJobs.map((object): Run => {
      const { name } = object.metadata;
      const namespace = object.metadata.namespace ?? "default";
      const { schedule, timeZone } = object.spec;
      const times = seen.get(`${namespace}/${name}`);
      const expected = expectedRuns(schedule, timeZone, record);
      const said = `${schedule ?? ""}${timeZone ? ` ${timeZone}` : ""}`;
      const run = { namespace, name, kind: "CronJob", schedule: said, ...(times ?? never) } as const;
      if (times !== undefined) return { ...run, ...(expected ?? unknown), state: "recorded" };
      if (object.spec.suspend) return { ...run, ...(expected ?? unknown), state: "suspended" };
      if (expected === undefined) return { ...run, ...unknown, state: "unreadable schedule" };
      return { ...run, ...expected, state: expected.due > 0 ? "missing" : "not due" };
    }),
    ...jobs
      .filter((object) => controllerOf(object) === undefined)
      .map((object): Run => {
        const { name } = object.metadata;
        const namespace = object.metadata.namespace ?? "default";
        const times = seen.get(`${namespace}/${name}`);
        const run = { namespace, name, kind: "Job", schedule: undefined, ...unknown, ...(times ?? never) } as const;
        const hasEnded = isFinished(object.status?.conditions ?? []);
        return { ...run, state: times !== undefined ? "recorded" : hasEnded ? "finished" : "missing" };
      }),
  ];
}

const never: Times = { first: "", last: "" };
const unknown = { due: 0, next: undefined };

/** When pods were seen, by `namespace/name` of their workload; the runs of a CronJob have its name. */
function timesOfPods({ connections, lookups }: FlowRecord): Map<string, Times> {
  const times = new Map<string, Times>();
  const see = (end: FlowRecord["connections"][number]["source"], { first, last }: Times): void => {
    if (end.kind !== "pod") return;
    const key = `${end.namespace}/${end.name}`;
    const known = times.get(key);
    times.set(key, {
      first: known === undefined || first < known.first ? first : known.first,
      last: known === undefined || last > known.last ? last : known.last,
    });
  };
  for (const connection of connections) {
    see(connection.source, connection);
    see(connection.destination, connection);
  }
  for (const lookup of lookups) see(lookup.pod, lookup);
  return times;
}

/** More than anybody needs to know that it runs often. */
const mostCounted = 1000;

/** How often a schedule comes up within a record, and when next; undefined where it cannot be read. */
function expectedRuns(
  schedule: string | null | undefined,
  timeZone: string | null | undefined,
  { first, last }: Times,
): Pick<Run, "due" | "next"> | undefined {
  const [, ownZone, pattern = ""] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/.exec(schedule ?? "") ?? [];
  const zone = timeZone ?? ownZone ?? "UTC";
  try {
    const cron = new Cron(pattern, { timezone: zone, paused: true });
    const [from, until] = [new Date(first), new Date(last)];
    const runs = first === "" ? [] : cron.nextRuns(mostCounted, from).filter((run) => run <= until);
    const next = cron.nextRun(first === "" ? new Date() : until);
    return { due: runs.length, next: next?.toISOString() };
  } catch {
    return undefined;
  }
}
